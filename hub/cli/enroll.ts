/**
 * `jvpn enroll`: tell a hub about a device, list the devices, or revoke one.
 *
 * Asks the running hub over its control socket; where none runs, it opens the database itself. Both
 * ways are the same checks (`registry.ts`).
 *
 * @module
 */
import { parseArgs } from 'node:util';
import type { ControlAnswer, ControlRequest } from '../../hal/control.ts';
import { askControl } from '../../hal/linux/controlClient.ts';
import { StartError } from '../../hal/startError.ts';
import { encodeKey } from '../../session/channel/identity.ts';
import { Registry } from '../registry.ts';
import { type HubPlace, readKeyFile, readPlace } from '../start.ts';
import { openStore } from '../store.ts';

const HELP = `Usage: jvpn enroll --config FILE --public-key KEY --name NAME [OPTIONS]
       jvpn enroll --config FILE --list [--json]
       jvpn enroll --config FILE --revoke NAME|KEY [--json]

Tells a hub about a device; works while the hub runs and while it does not.

  --config FILE      the hub's configuration
  --public-key KEY   as \`jvpn keygen\` printed it on the device
  --name NAME        at most 64 letters, digits, "_", "." and "-"
  --mode MODE        session (default), or plain for a stock WireGuard client
  --inner4 ADDRESS   a wished inner address; without it the hub chooses one of its pool
  --inner6 ADDRESS
  --allowed CIDR     a network behind the device; may be repeated
  --psk-file FILE    a preshared key, as \`wg genpsk\` prints it
  --replace          change an enrolled device, or give its name and addresses to a new key
  --list             all devices
  --revoke DEVICE    never admit this device again; its session ends
  --json             the answer as JSON
  --help             this text

Exit: 0 done, 1 the hub or its database could not be used, 2 the input was wrong.`;

const ANSWER_MAX_MS = 5_000;
/** Refusals of what the operator wrote. */
const INPUT_CODES = ['inputInvalid', 'nameTaken', 'keyTaken', 'poolExhausted', 'unknownDevice'];

export interface Printer {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const PRINTER: Printer = {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
};

export async function runEnroll(argv: readonly string[], printer = PRINTER): Promise<number> {
  try {
    const values = parse(argv);
    if (values.help === true) {
      printer.out(HELP);
      return 0;
    }
    const place = readPlace(required(values.config, '--config FILE'));
    const request = requestOf(values);
    const answer = await ask(place, request);
    if (!answer.ok) {
      printer.err(`jvpn enroll: ${answer.message}`);
      return INPUT_CODES.includes(answer.code) ? 2 : 1;
    }
    const isJson = values.json === true;
    printer.out(isJson ? JSON.stringify(answer.value, null, 2) : linesOf(request, answer.value));
    return 0;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    printer.err(`jvpn enroll: ${error.message}`);
    return error.exitCode;
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        config: { type: 'string' },
        'public-key': { type: 'string' },
        name: { type: 'string' },
        mode: { type: 'string' },
        inner4: { type: 'string' },
        inner6: { type: 'string' },
        allowed: { type: 'string', multiple: true },
        'psk-file': { type: 'string' },
        replace: { type: 'boolean' },
        list: { type: 'boolean' },
        revoke: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : error}\n\n${HELP}`, 2);
  }
}

function requestOf(values: ReturnType<typeof parse>): ControlRequest {
  const isEnrolling = values['public-key'] !== undefined || values.name !== undefined;
  const asked = [values.list === true, values.revoke !== undefined, isEnrolling];
  if (asked.filter(Boolean).length !== 1) {
    throw new StartError(`one of --public-key with --name, --list or --revoke\n\n${HELP}`, 2);
  }
  if (values.list === true) return { method: 'devices' };
  if (values.revoke !== undefined) return { method: 'revoke', device: values.revoke };
  const pskFile = values['psk-file'];
  return {
    method: 'enroll',
    public_key: required(values['public-key'], '--public-key KEY'),
    name: required(values.name, '--name NAME'),
    mode: values.mode ?? 'session',
    inner4: values.inner4 ?? null,
    inner6: values.inner6 ?? null,
    allowed: values.allowed ?? [],
    psk: pskFile === undefined ? null : encodeKey(readKeyFile(pskFile, 'the preshared key')),
    replace: values.replace === true,
  };
}

function required(value: string | undefined, flag: string): string {
  if (value === undefined) throw new StartError(`${flag} is missing\n\n${HELP}`, 2);
  return value;
}

/** The running hub decides; without one the database is ours for a moment. */
async function ask(place: HubPlace, request: ControlRequest): Promise<ControlAnswer> {
  const socket = place.path(place.config.control.socket);
  const answer = await askControl(socket, request, ANSWER_MAX_MS);
  if (answer.ok || answer.code !== 'daemonNotRunning') return answer;
  const opened = openStore(place.path(place.config.state.database));
  if (!opened.ok) return opened;
  const store = opened.value;
  try {
    const nowMs = () => Math.max(Date.now(), store.readHighWaterMs());
    const registry = new Registry({ store, pools: place.pools, nowMs, onChanged: () => {} });
    return registry.handle(request) ?? answer;
  } finally {
    store.close();
  }
}

function linesOf(request: ControlRequest, value: unknown): string {
  const rows = (Array.isArray(value) ? value : [value]) as Record<string, unknown>[];
  if (rows.length === 0) return 'no devices';
  const lines = rows.map((row) => {
    const addresses = [row['inner4'], row['inner6']].filter((text) => text !== null).join(' ');
    const mode = row['revoked_at_ms'] === null ? row['mode'] : 'revoked';
    return `${row['name']}  ${row['public_key']}  ${mode}  ${addresses}`;
  });
  if (request.method === 'devices') return lines.join('\n');
  return `${request.method === 'enroll' ? 'enrolled' : 'revoked'}: ${lines.join('\n')}`;
}
