/**
 * `jvpn fleet`: the command line of the dashboard.
 *
 * @module
 */
import { runDaemonCommand } from '../hal/daemonCommand.ts';
import { StartError } from '../hal/startError.ts';
import { startFleet } from './daemon.ts';
import { readStart } from './start.ts';

const HELP = `Usage: jvpn fleet --config FILE [--json]

Hears what the devices of a fleet report to their MQTT broker, remembers it, and serves it over HTTP:
as pages for a browser, as JSON, as a stream of events, and as metrics. It changes nothing on any device.

  --config FILE   the configuration (docs/configuration.md); required
  --json          print one JSON line when it listens, for scripts
  --help          this text

Exit: 0 ended as asked, 1 it could not start or go on, 2 the input was wrong.`;

export function runFleet(argv: readonly string[]): Promise<number> {
  return runDaemonCommand(argv, {
    ...{ name: 'jvpn fleet', help: HELP, hasVerbose: false },
    run: ({ configFile, isJson }) => watchFleet(configFile, isJson),
  });
}

/** Until a signal ends it. */
async function watchFleet(configFile: string, isJson: boolean): Promise<number> {
  const options = readStart(configFile);
  // Last, because from source they are made when they are loaded.
  const { PAGES } = await import('./pages/pages.ts');
  const { promise: asked, resolve: end } = Promise.withResolvers<void>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end());
  const started = startFleet({
    ...options,
    pages: PAGES,
    nowMs: () => Date.now(),
    say: (line) => console.error(`fleet: ${line}`),
  });
  if (!started.ok) throw new StartError(started.message, 1);
  const { port } = started.value;
  if (isJson) console.log(JSON.stringify({ ready: true, listen: options.listen, port }));
  else console.error(`fleet ready: http://${options.listen}`);
  await asked;
  started.value.stop();
  return 0;
}
