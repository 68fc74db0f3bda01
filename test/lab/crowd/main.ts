/**
 * Many simulated devices in one process, before a real broker.
 *
 * ```text
 * main.ts --url URL --fleet NAME --devices N --connections C --interval-ms MS --signer KEY [--seed N]
 * {"event":"ready","devices":…,"connections":…,"tookMs":…}
 * {"event":"turned","name":…,"state":…,"atMs":…}        after `turn NAME STATE`: wall clock at its publishing
 * {"event":"stormed","devices":…}                       after `storm PERCENT SECONDS`
 * {"event":"count","published":…,"inFlight":…,"late":…}  after `count`
 * ```
 *
 * It ends with its standard input.
 *
 * @module
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { decodeKey } from '../../../session/channel/identity.ts';
import { newRandom } from '../random.ts';
import { CrowdConnection } from './connection.ts';
import { CrowdDevice } from './device.ts';

/** Looks at all devices so often. */
const LOOK_MS = 20;
/** Connections that are opened at the same time. */
const OPENING_MAX = 50;

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    ...{ url: text, fleet: text, devices: text, connections: text, signer: text, seed: text },
    ...{ 'interval-ms': text },
  },
});
const [url, fleet] = [values.url ?? '', values.fleet ?? ''];
const count = Number(values.devices);
const signer = decodeKey(values.signer ?? '');
if (!signer.ok) throw new Error('--signer is no key');
const dice = newRandom(Number(values.seed ?? 1), 'crowd');
const startedAtMs = Date.now();

const connections = Array.from(
  { length: Number(values.connections) },
  (_, at) => new CrowdConnection({ url, fleet, clientId: `crowd-${at}` }),
);
const devices = Array.from({ length: count }, (_, at) => {
  const connection = connections[at % connections.length]!;
  const device = new CrowdDevice(
    {
      ...{ fleet, name: `gw-${String(at + 1).padStart(5, '0')}` },
      intervalMs: Number(values['interval-ms']),
      ...{ signers: [signer.value], dice, publish: connection.publish },
    },
    startedAtMs,
  );
  connection.devices.push(device);
  return device;
});
const byName = new Map(devices.map((device) => [device.name, device]));

const say = (line: object) => console.log(JSON.stringify(line));

async function open(): Promise<void> {
  const waiting = [...connections];
  const opener = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await next.open();
  };
  await Promise.all(Array.from({ length: OPENING_MAX }, opener));
}

/** The longest that a look came late, since it was asked last: whether this process keeps up. */
let lateMs = 0;
let dueAtMs = 0;

function look(): void {
  const nowMs = Date.now();
  if (dueAtMs > 0) lateMs = Math.max(lateMs, nowMs - dueAtMs);
  for (const device of devices) device.look(nowMs);
  dueAtMs = Date.now() + LOOK_MS;
}

/** A share of the devices, picked by the dice, lose their links within some seconds. */
function storm(percent: number, seconds: number): void {
  const count = Math.round((devices.length * percent) / 100);
  const hit = devices
    .map((device) => ({ device, at: dice() }))
    .toSorted((one, other) => one.at - other.at)
    .slice(0, count)
    .map(({ device }) => device);
  for (const device of hit) {
    setTimeout(() => device.storm(Date.now()), dice() * seconds * 1_000);
  }
  say({ event: 'stormed', devices: hit.length });
}

const sumOf = (of: (connection: CrowdConnection) => number) =>
  connections.reduce((sum, connection) => sum + of(connection), 0);

function obey(line: string): void {
  const [order, ...words] = line.split(' ');
  if (order === 'turn') {
    const device = byName.get(words[0] ?? '');
    const state = words[1] === 'DEGRADED' ? 'DEGRADED' : 'ATTACHED';
    const atMs = Date.now();
    device?.turn(state, atMs);
    say({ event: 'turned', name: device?.name ?? null, state, atMs });
  } else if (order === 'storm') storm(Number(words[0]), Number(words[1]));
  else if (order === 'count') {
    const [published, inFlight] = [sumOf((of) => of.published), sumOf((of) => of.inFlight)];
    say({ event: 'count', published, inFlight, late: Math.round(lateMs) });
    lateMs = 0;
  }
}

await open();
for (const device of devices) device.begin(Date.now());
setInterval(look, LOOK_MS);
const tookMs = Date.now() - startedAtMs;
say({ event: 'ready', devices: count, connections: connections.length, tookMs });
const orders = createInterface({ input: process.stdin });
orders.on('line', obey);
orders.on('close', () => process.exit(0));
