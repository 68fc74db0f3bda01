/**
 * `jvpn fleet` as its users start it, before a broker of the lab, and what it answers.
 *
 * @module
 */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePort } from './mosquitto.ts';
import { eventually, LabProcess } from './process.ts';
import { urlOf } from './witness.ts';

/** The command, uncompiled. */
export const FLEET_PROGRAM = [
  process.execPath,
  resolve(import.meta.dir, '../../agent/jvpn.ts'),
  'fleet',
] as const;

/** Whoever has it sees the fleet. */
export const TOKEN = 'a-token-of-many-letters';

const WAIT_MS = 15_000;

/** Of what is answered about a device, what tests look at. */
export interface Shown {
  readonly state: string;
  readonly online: boolean | null;
  readonly why: string | null;
  readonly retained: boolean;
  readonly gaps: readonly object[];
  readonly health: { readonly seq: number } | null;
}

export interface FleetOptions {
  /** For its configuration and its token. */
  readonly directory: string;
  readonly brokerPort: number;
  /** Path of its file. */
  readonly history: string;
  /** Fields of the `[broker]` table, over those for `brokerPort` without a login. */
  readonly broker?: Readonly<Record<string, string>>;
  /** Instead of the command uncompiled: an executable and `fleet`. */
  readonly program?: readonly string[];
  /** False: whoever is on this machine may look. */
  readonly hasLogin?: boolean;
}

/** Until the end of the scope. It hears the broker when this returns. */
export async function startFleetOn(options: FleetOptions) {
  const { directory, brokerPort, history, broker, program = FLEET_PROGRAM } = options;
  const login = options.hasLogin === false ? '' : '[login]\ntoken_file = "token"\n';
  const port = await freePort();
  const file = join(directory, `${port}.toml`);
  const table = Object.entries({ url: urlOf(brokerPort), fleet: 'testfleet', ...broker });
  writeFileSync(join(directory, 'token'), `${TOKEN}\n`, { mode: 0o600 });
  writeFileSync(
    file,
    `[broker]
${table.map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join('\n')}
[http]
listen = "127.0.0.1:${port}"
${login}[history]
file = "${history}"
`,
  );
  const argv = [...program, '--config', file, '--json'];
  const child = new LabProcess(argv, { name: 'fleet' });
  await child.until((lines) => lines.some((line) => line.includes('"ready":true')), WAIT_MS);
  const url = `http://127.0.0.1:${port}`;
  const headers = { authorization: `Bearer ${TOKEN}` };
  const get = (path: string) => fetch(`${url}${path}`, { headers });
  const metrics = async () => (await get('/metrics')).text();
  const isHeard = async () => (await metrics()).includes('jvpn_fleet_broker_connected 1\n');
  await eventually('the broker is heard', isHeard, WAIT_MS);
  const device = async (name = 'gw-7') =>
    (await (await get(`/api/device/${name}`)).json()) as Shown;
  /** Until `fits`; what is shown then. */
  const shows = async (what: string, fits: (shown: Shown) => boolean, name = 'gw-7') => {
    let shown: Shown | null = null;
    await eventually(
      what,
      async () => {
        shown = await device(name);
        return fits(shown);
      },
      WAIT_MS,
    );
    return shown! as Shown;
  };
  return {
    ...{ url, child, get, metrics, device, shows },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
