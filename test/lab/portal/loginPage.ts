/**
 * The page of a captive portal: whatever is asked for, by whatever name, it answers itself.
 *
 * ```text
 * loginPage.ts --listen HOST:PORT
 * {"event":"listening","port":…}
 * {"event":"visited","host":…}
 * ```
 *
 * @module
 */
import { parseEndpoint, parseFlow, report, runFlow, stopOrder } from '../flows/command.ts';

export const PAGE = 'Please log in.';

export async function main(argv: readonly string[]): Promise<number> {
  const { host, port } = parseEndpoint(parseFlow(argv, { listen: '' }).listen);
  const server = Bun.serve({
    hostname: host,
    port,
    fetch(request) {
      report({ event: 'visited', host: request.headers.get('host') });
      return new Response(PAGE);
    },
  });
  report({ event: 'listening', port: server.port });
  await stopOrder(0);
  await server.stop(true);
  return 0;
}

if (import.meta.main) await runFlow(main);
