/**
 * What the flow programs have in common at their edges: arguments in, JSON lines out, an order to stop.
 *
 * @module
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** `--name value` pairs; throws on an unknown name or a missing value. `known` gives the defaults. */
export function parseFlow<Known extends Readonly<Record<string, string | number>>>(
  argv: readonly string[],
  known: Known,
): { -readonly [Name in keyof Known]: Known[Name] extends number ? number : string } {
  const values: Record<string, string | number> = { ...known };
  for (let i = 0; i < argv.length; i += 2) {
    const name = argv[i]?.replace(/^--/, '') ?? '';
    const value = argv[i + 1];
    const preset = known[name];
    if (preset === undefined) {
      throw new Error(`no option --${name}; there are --${Object.keys(known).join(' --')}`);
    }
    if (value === undefined) throw new Error(`--${name} needs a value`);
    values[name] = typeof preset === 'number' ? numberOf(name, value) : value;
  }
  return values as ReturnType<typeof parseFlow<Known>>;
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < 0) {
    throw new Error(`--${name} is ${text}: not a number from 0 up`);
  }
  return value;
}

/** `10.79.0.2:7000` or `[fd79::2]:7000`. */
export function parseEndpoint(text: string): Endpoint {
  const found = /^(?:\[([0-9a-f:.]+)\]|([^[\]:]+)):(\d{1,5})$/i.exec(text);
  const host = found?.[1] ?? found?.[2];
  const port = Number(found?.[3]);
  if (host === undefined || !(port <= 65_535))
    throw new Error(`not HOST:PORT or [V6]:PORT: ${text}`);
  return { host, port };
}

/** One JSON line on standard output, written at once: a killed flow has reported all it knew. */
export function report(line: Readonly<Record<string, unknown>> & { readonly event: string }): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

/** Resolves on SIGTERM, SIGINT, a line `stop` on standard input, or after `seconds` if those are not 0. */
export function stopOrder(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
    if (seconds > 0) setTimeout(resolve, seconds * 1000);
    createInterface({ input: process.stdin }).on('line', (line) => {
      if (line.trim() === 'stop') resolve();
    });
  });
}

/** Run a flow as a program: exit status 2 with a sentence for wrong arguments. */
export async function runFlow(main: (argv: readonly string[]) => Promise<number>): Promise<never> {
  try {
    process.exit(await main(process.argv.slice(2)));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}
