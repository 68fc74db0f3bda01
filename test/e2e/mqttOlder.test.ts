/**
 * Goal: the whole life of a device at a broker that knows MQTT 3.1.1 only, over TLS with certificates: birth, events, a command, a
 * policy, a broker that is killed, the last will, a goodbye; a fleet sees all of it, and nothing is missing.
 *
 * Method: real daemons, `jvpn fleet`, `jvpn command` and `jvpn policy push` in the lab network; a real mosquitto on the device's own
 * loopback that asks for certificates, with the shipped rules. mosquitto cannot be told to refuse MQTT 5: each process of ours reaches
 * it over a line of `test/lab/olderLine.ts`, which refuses its first connection and passes on the others, end to end. mosquitto's log is
 * the witness of what was spoken.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { signingPublicKey } from '../../agent/cose.ts';
import { type Authority, type Issued, newAuthority } from '../lab/certificates.ts';
import { FLEET_PROGRAM } from '../lab/fleet.ts';
import { mosquittoObstacle } from '../lab/mosquitto.ts';
import { eventually, type LabProcess } from '../lab/process.ts';
import { certifiedDevice, startCertifiedBroker } from '../lab/shippedBroker.ts';
import { auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { testUnless } from '../obstacle.ts';

const LINE = resolve(import.meta.dir, '../lab/olderLine.ts');
const PORT = 8_883;
/** A line for whom it is named after. */
const LINES = { gw1: 8_884, 'jvpn-push': 8_885, 'jvpn-fleet': 8_886 } as const;
type User = keyof typeof LINES;
const FLEET_URL = 'http://127.0.0.1:8890';
const OWNER = new Uint8Array(32).fill(46);
const SIGNER = Buffer.from(signingPublicKey(OWNER)).toString('base64');
const WAIT_MS = 20_000;
const TEST_MS = 60_000;

let net: Topology;
let site: Site;
let authority: Authority;
const identities = new Map<string, Issued>();
const lines = new Map<User, LabProcess>();
/** All that ever ran; their logs together say who spoke what. */
const brokers: LabProcess[] = [];
let agent: LabProcess;

const urlOf = (user: User) => `mqtts://localhost:${LINES[user]}`;

beforeAll(async () => {
  if (mosquittoObstacle !== null) return;
  net = await topology({ seed: 38 });
  site = new Site(net, {
    policy: policyOf(1),
    agentExtra: certifiedDevice(urlOf('gw1'), SIGNER),
  });
  mkdirSync(site.path('tls'));
  authority = await newAuthority(site.path('tls'));
  for (const name of ['localhost', ...Object.keys(LINES)]) {
    identities.set(name, await authority.issue(name));
  }
  const key = `${Buffer.from(OWNER).toString('base64')}\n`;
  writeFileSync(site.path('owner.key'), key, { mode: 0o600 });
  await startBroker();
  for (const user of Object.keys(LINES) as User[]) await startLine(user);
  await startFleet();
  await site.hub();
  await site.device('gw1');
}, 120_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

async function startBroker(): Promise<void> {
  const server = identities.get('localhost')!;
  brokers.push(await startCertifiedBroker(net, site, PORT, { authority, server }));
}

async function startLine(user: User): Promise<void> {
  const { certificate, key } = identities.get('localhost')!;
  const argv = [LINE, String(LINES[user]), String(PORT), certificate, key, authority.file];
  const line = net.spawn('device', [process.execPath, ...argv]);
  lines.set(user, line);
  await line.until((said) => said.includes('listening'), WAIT_MS);
}

/** For the next process that uses this line. */
async function refuseNext(user: User): Promise<void> {
  const line = lines.get(user)!;
  const before = line.stdout.length;
  line.signal('SIGUSR1');
  await line.until((said) => said.slice(before).includes('first again'), WAIT_MS);
}

async function startFleet(): Promise<void> {
  const { certificate, key } = identities.get('jvpn-fleet')!;
  writeFileSync(
    site.path('fleet.toml'),
    `[broker]
url = "${urlOf('jvpn-fleet')}"
ca_file = "${authority.file}"
certificate_file = "${certificate}"
key_file = "${key}"
[http]
listen = "127.0.0.1:8890"
[history]
file = "fleet.sqlite"
`,
  );
  const argv = [...FLEET_PROGRAM, '--config', site.path('fleet.toml'), '--json'];
  const fleet = net.spawn('device', argv, { name: 'fleet' });
  await fleet.until((said) => said.some((line) => line.includes('"ready":true')), WAIT_MS);
}

function policyOf(version: number): string {
  return `version = ${version}\nname = "v${version}"\n[push]\nconfirm_window_ms = 10_000\n`;
}

/** What the fleet answers about the device. */
interface Shown {
  readonly online: boolean | null;
  readonly why: string | null;
  readonly state: string;
  readonly gaps: readonly object[];
  readonly health: {
    readonly boot: string;
    readonly telemetry: { readonly mqtt: string; readonly connections: number };
  } | null;
  readonly events: { readonly seq: number; readonly missing: number } | null;
  readonly documents: { readonly confirmed: number } | null;
}

async function shown(): Promise<Shown | null> {
  const asking = `const answer = await fetch("${FLEET_URL}/api/device/gw1"); console.log(answer.ok ? await answer.text() : "null")`;
  return JSON.parse((await net.exec('device', [process.execPath, '-e', asking])).stdout);
}

/** Until the fleet's view fits; that view. */
async function shows(what: string, fits: (shown: Shown) => boolean): Promise<Shown> {
  let last: Shown | null = null;
  const isSo = async () => {
    last = await shown();
    return last !== null && fits(last);
  };
  await eventually(what, isSo, WAIT_MS).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${JSON.stringify(last)}`);
  });
  return last!;
}

/** The number of the newest event of the device. */
async function newestSeq(): Promise<number> {
  type Status = { readonly telemetry: { readonly events: { readonly seq: number } } };
  return (await site.status<Status>('device', 'gw1')).telemetry.events.seq;
}

const operator = (argv: readonly string[]) => {
  const { certificate, key } = identities.get('jvpn-push')!;
  return site.jvpn('device', [
    ...[...argv, '--json', '--signing-key-file', site.path('owner.key')],
    ...['--broker', urlOf('jvpn-push'), '--ca-file', authority.file],
    ...['--certificate-file', certificate, '--key-file', key],
  ]);
};

const lifeLab = (name: string, body: () => Promise<void>) =>
  testUnless(mosquittoObstacle, name, body, TEST_MS);

lifeLab('refused once, born on the next try; what happened is heard from the first', async () => {
  agent = site.agent('gw1');
  await untilAudit(agent, 'ATTACHED', isAttached);
  const born = await shows(
    'online, with events',
    ({ online, health, events: told }) => online === true && health !== null && told !== null,
  );
  expect(born.health?.telemetry).toMatchObject({ mqtt: '3.1.1', connections: 2 });
  expect(lines.get('gw1')!.stdout).toEqual(['listening', 'refused', 'passed on']);
  await net.carrier('eth0', 'down');
  await shows('a switch', ({ events: told }) => told!.seq > born.events!.seq);
  expect(born.gaps).toEqual([]);
});

lifeLab('a command is answered, a policy is followed, proven and reported', async () => {
  await refuseNext('jvpn-push');
  const asked = ['command', 'refresh_health', '--device', 'gw1', '--timeout-s', '10'];
  const done = await operator(asked);
  expect([done.code, done.stderr]).toEqual([0, '']);
  expect(JSON.parse(done.stdout)).toMatchObject({ outcome: 'command_done' });

  writeFileSync(site.path('v2.toml'), policyOf(2));
  writeFileSync(site.path('v1.toml'), policyOf(1));
  await refuseNext('jvpn-push');
  const pushing = [
    'policy',
    'push',
    site.path('v2.toml'),
    '--all',
    '--canary',
    '1',
    '--soak',
    '1s',
  ];
  const pushed = await operator([...pushing, '--revert-to', site.path('v1.toml')]);
  expect([pushed.code, pushed.stderr]).toEqual([0, '']);
  await shows('confirmed', ({ documents }) => documents?.confirmed === 2);
});

lifeLab('the broker is killed and comes back: all is said again, nothing is missing', async () => {
  const before = await shows('there', ({ online }) => online === true);
  await brokers.at(-1)!.stop('SIGKILL');
  const seen = auditOf(agent).length;
  await net.carrier('eth0', 'up');
  await net.carrier('wlan0', 'down');
  await untilAudit(agent, 'another link', isAttached, WAIT_MS, seen);
  await startBroker();
  const isAgain = ({ online, health }: Shown) =>
    online === true &&
    health !== null &&
    health.telemetry.connections > before.health!.telemetry.connections;
  const back = await shows('back', isAgain);
  expect(back.health!.boot).toBe(before.health!.boot);
  const newest = await newestSeq();
  expect(newest).toBeGreaterThan(before.events!.seq);
  const all = await shows('each event', ({ events: told }) => told!.seq >= newest);
  expect([all.events!.missing, all.gaps]).toEqual([0, []]);
  await net.carrier('wlan0', 'up');
});

lifeLab(
  'kill -9: the will is believed; the next process is another one, under the pushed policy',
  async () => {
    const before = await shows('there', ({ online }) => online === true);
    agent.signal('SIGKILL');
    await agent.exited;
    await shows('lost', ({ online, why }) => online === false && why === 'lost');
    await refuseNext('gw1');
    agent = site.agent('gw1');
    const next = await shows(
      'another process',
      ({ online, health }) => online === true && health!.boot !== before.health!.boot,
    );
    expect(next.documents?.confirmed).toBe(2);
    await untilAudit(agent, 'ATTACHED', isAttached);
  },
);

lifeLab('a goodbye is one, and of all connections not one spoke MQTT 5', async () => {
  agent.signal('SIGTERM');
  expect(await agent.exited).toBe(0);
  const gone = await shows('stopped', ({ online, why }) => online === false && why === 'stopped');
  expect([gone.state, gone.events!.missing, gone.gaps]).toEqual(['TERMINATED', 0, []]);
  const spoken = brokers.flatMap(({ stderr }) =>
    stderr.flatMap((line) => {
      const told = / connected from \S+ as \S+ \(p(\d), .*u'([\w-]+)'/.exec(line);
      return told === null ? [] : [`${told[2]} ${told[1]}`];
    }),
  );
  // mosquitto's word for 3.1.1 is 2.
  expect(new Set(spoken)).toEqual(new Set(['gw1 2', 'jvpn-push 2', 'jvpn-fleet 2']));
});
