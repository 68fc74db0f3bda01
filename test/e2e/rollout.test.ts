/**
 * Goal: a policy reaches a fleet behind a canary that was watched, stops and goes back by itself where the canary suffers, and goes
 * on where it was, interrupted or killed; an emergency is everywhere in seconds, is seen, and ends when it is told to.
 *
 * Method: `jvpn policy push` at a real mosquitto with the shipped rules, one real agent with its session, and eight devices with the
 * real telemetry and the real taking of documents over a made-up session, which is DEGRADED under policies of that name.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { decode } from 'cbor-x';
import { signingPublicKey } from '../../agent/cose.ts';
import { mosquittoObstacle } from '../lab/mosquitto.ts';
import type { MqttLine } from '../lab/mqttReader.ts';
import { eventually, type LabProcess, parseLine, run } from '../lab/process.ts';
import { isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { testUnless } from '../obstacle.ts';

const ACL = resolve(import.meta.dir, '../../policies/broker/mosquitto.acl');
const DEVICES = resolve(import.meta.dir, '../lab/pushedDevices.ts');
const READER = resolve(import.meta.dir, '../lab/mqttReader.ts');
const JVPN = resolve(import.meta.dir, '../../agent/jvpn.ts');
const PORT = 1_885;
const OWNER = new Uint8Array(32).fill(43);
const SIGNER = Buffer.from(signingPublicKey(OWNER)).toString('base64');
const MADE_UP = Array.from({ length: 8 }, (_, at) => `sim-${at}`);
const ALL = ['gw1', ...MADE_UP];
/** Reports as often as may be: a push that goes on counts time from the first one. */
const WINDOW = '[push]\nconfirm_window_ms = 10_000\n[telemetry]\nhealth_interval_ms = 10_000\n';

let net: Topology;
let site: Site;
let agent: LabProcess;
let reader: LabProcess;

beforeAll(async () => {
  if (mosquittoObstacle !== null) return;
  net = await topology({ seed: 31 });
  site = new Site(net, {
    policy: 'version = 1\nname = "file"\n',
    agentExtra: `[telemetry]
enabled = true
url = "mqtt://127.0.0.1:${PORT}"
username = "gw1"
password_file = "gw1.password"
device = "gw1"
format = "json"
[push]
enabled = true
signers = ["${SIGNER}"]
groups = ["south"]
`,
  });
  const key = `${Buffer.from(OWNER).toString('base64')}\n`;
  writeFileSync(site.path('owner.key'), key, { mode: 0o600 });
  writeFileSync(site.path('push.password'), 'of-jvpn-push\n', { mode: 0o600 });
  writeFileSync(site.path('gw1.password'), 'of-gw1\n', { mode: 0o600 });
  await startBroker();
  await site.hub();
  await site.device('gw1');
  agent = site.agent('gw1');
  const argv = [process.execPath, DEVICES, String(PORT), 'jvpn', SIGNER, ...MADE_UP];
  net.spawn('device', argv);
  await untilAudit(agent, 'ATTACHED', isAttached);
  const url = `mqtt://jvpn-fleet:of-jvpn-fleet@127.0.0.1:${PORT}`;
  reader = net.spawn('device', [process.execPath, READER, url]);
  const areThere = () => ALL.every((device) => reported(device) !== null);
  await eventually('all devices report', areThere, 30_000);
}, 120_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

async function startBroker(): Promise<void> {
  const passwords = site.path('passwords');
  for (const [at, user] of [...ALL, 'jvpn-push', 'jvpn-fleet'].entries()) {
    const create = at === 0 ? ['-c'] : [];
    await run(['mosquitto_passwd', '-b', ...create, passwords, user, `of-${user}`]);
  }
  copyFileSync(ACL, site.path('acl'));
  chmodSync(site.path('acl'), 0o600);
  const lines = [
    ...['user root', 'persistence false', 'log_dest stderr', 'log_type all'],
    ...[`listener ${PORT} 127.0.0.1`, 'allow_anonymous false'],
    ...[`password_file ${passwords}`, `acl_file ${site.path('acl')}`],
  ];
  writeFileSync(site.path('mosquitto.conf'), `${lines.join('\n')}\n`);
  const broker = net.spawn('device', ['mosquitto', '-c', site.path('mosquitto.conf')]);
  const isUp = () => broker.stderr.some((line) => line.endsWith(' running'));
  await eventually('mosquitto runs', isUp, 10_000);
}

interface Reported {
  readonly policy: { readonly name: string; readonly version: number };
  readonly confirmed: number;
  readonly emergency: number | null;
}

/** The newest payload of a topic, as bytes in hex; null: none, or cleared. */
function newest(topic: string): string | null {
  const last = reader.stdout
    .map((line) => parseLine<MqttLine>(line))
    .findLast((line) => line?.topic === topic);
  return last === undefined || last === null || last.hex === '' ? null : last.hex;
}

function reported(device: string): Reported | null {
  const hex = newest(`jvpn/v1/jvpn/${device}/policy/reported`);
  if (hex === null) return null;
  const bytes = Buffer.from(hex, 'hex');
  return (bytes[0] === 0x7b ? JSON.parse(bytes.toString()) : decode(bytes)) as Reported;
}

const followed = () =>
  Object.fromEntries(ALL.map((device) => [device, reported(device)?.confirmed]));

const CONNECTION = [
  ...['--broker', `mqtt://127.0.0.1:${PORT}`, '--username', 'jvpn-push'],
  '--password-file',
];

/** A push that runs; lines are JSON. */
function push(...argv: readonly string[]): LabProcess {
  const key = ['--signing-key-file', site.path('owner.key')];
  const connection = [...CONNECTION, site.path('push.password'), ...key, '--all', '--json'];
  return net.spawn('device', [process.execPath, JVPN, 'policy', 'push', ...argv, ...connection]);
}

interface Told {
  readonly stage: string;
  readonly version?: number;
  readonly canary?: readonly string[];
  readonly soaked_s?: number;
  readonly ok?: boolean;
  readonly why?: string;
  readonly lasted_s?: number;
}

const told = (process: LabProcess) => process.stdout.flatMap((line) => parseLine<Told>(line) ?? []);
const isAt = (process: LabProcess, stage: string) =>
  eventually(`it is at ${stage}`, () => told(process).some((one) => one.stage === stage), 30_000);
const canaryOf = (process: LabProcess) => told(process).findLast(({ canary }) => canary)?.canary;

function policy(version: number, name: string): string {
  const file = site.path(`${name}.toml`);
  writeFileSync(file, `version = ${version}\nname = "${name}"\n${WINDOW}`);
  return file;
}

const rolloutLab = (name: string, body: () => Promise<void>, timeoutMs: number) =>
  testUnless(mosquittoObstacle, name, body, timeoutMs);

rolloutLab(
  'a policy goes through a canary of three to all, and what was for the canary alone is cleared',
  async () => {
    const file = policy(2, 'good');
    const argv = ['--canary', '3', '--soak', '2s', '--abort-if', 'degraded > 0'];
    const missing = push(file, ...argv);
    expect([await missing.exited, missing.stderr[0]]).toEqual([
      2,
      expect.stringContaining('--revert-to is missing'),
    ]);
    expect(followed()).toEqual(Object.fromEntries(ALL.map((device) => [device, 1])));
    const rollout = push(file, ...argv, '--revert-to', policy(1, 'before'));
    await isAt(rollout, 'soak');
    const canary = canaryOf(rollout) ?? [];
    expect(canary.length).toBe(3);
    const early = ALL.filter((device) => reported(device)?.confirmed === 2).sort();
    expect(early).toEqual([...canary]);
    expect([await rollout.exited, rollout.stderr]).toEqual([0, []]);
    expect(told(rollout).at(-1)).toMatchObject({ stage: 'done', ok: true, why: '9 confirmed' });
    await eventually(
      'all follow it',
      () => ALL.every((one) => reported(one)?.confirmed === 2),
      5_000,
    );
    const cleared = () =>
      canary.every((device) => newest(`jvpn/v1/jvpn/${device}/policy/desired`) === null);
    await eventually('cleared', cleared, 5_000);
    expect(newest('jvpn/v1/jvpn/_fleet/policy/desired')).not.toBeNull();
    const status = await site.status<{ policy: { name: string; version: number } }>(
      'device',
      'gw1',
    );
    expect(status.policy).toMatchObject({ name: 'good', version: 2 });
  },
  60_000,
);

rolloutLab(
  'a canary that degrades gets the policy before as a newer version, and nobody else hears of it',
  async () => {
    const file = policy(3, 'degrades');
    const argv = ['--canary', '40%', '--soak', '1m', '--abort-if', 'degraded > 20%'];
    const rollout = push(file, ...argv);
    expect(await rollout.exited).toBe(1);
    expect(told(rollout).at(-1)).toMatchObject({ stage: 'aborted', ok: false });
    expect(told(rollout).at(-1)?.why).toMatch(
      /^degraded [1-4] of 4, and the limit is > 20 %; 4 confirmed$/,
    );
    const canary = canaryOf(rollout) ?? [];
    const expected = ALL.map((device) => [device, canary.includes(device) ? 4 : 2]);
    expect(followed()).toEqual(Object.fromEntries(expected));
    expect(canary.map((device) => reported(device)?.policy.name)).toEqual(canary.map(() => 'good'));
    const again = push(file, ...argv);
    expect(await again.exited).toBe(1);
    expect(told(again).at(-1)).toMatchObject({ stage: 'aborted', ok: false });
  },
  90_000,
);

rolloutLab(
  'interrupted, it says how to go on; killed, it goes on with the same canary',
  async () => {
    const argv = [policy(5, 'later'), '--canary', '3', '--soak', '6s'];
    const interrupted = push(...argv);
    await isAt(interrupted, 'soak');
    interrupted.signal('SIGINT');
    expect(await interrupted.exited).toBe(1);
    expect(interrupted.stderr.join('\n')).toContain(
      'run the same command again to go on, or with --abort',
    );
    const killed = push(...argv);
    await isAt(killed, 'soak');
    killed.signal('SIGKILL');
    await killed.exited;
    expect(existsSync(site.path('later.toml.rollout.json'))).toBeTrue();
    const other = push(argv[0]!, '--canary', '2', '--soak', '6s');
    expect([await other.exited, other.stderr[0]]).toEqual([
      2,
      expect.stringContaining('differs in --canary'),
    ]);
    const rest = ALL.filter((device) => !canaryOf(killed)?.includes(device));
    expect(rest.filter((device) => reported(device)?.confirmed === 5)).toEqual([]);
    const resumed = push(...argv);
    expect(await resumed.exited).toBe(0);
    expect([canaryOf(killed), canaryOf(resumed)]).toEqual([
      canaryOf(interrupted),
      canaryOf(interrupted),
    ]);
    expect(told(resumed).at(-1)).toMatchObject({ ok: true, why: '9 confirmed' });
    expect(JSON.parse(readFileSync(site.path('later.toml.rollout.json'), 'utf8'))).toMatchObject({
      progress: { stage: 'done' },
    });
  },
  90_000,
);

rolloutLab(
  'an emergency is at all devices in seconds, is seen where one looks, and ends when it is told to',
  async () => {
    const file = site.path('emergency.toml');
    writeFileSync(file, '[switching]\nmax_switches_per_minute = 3\n');
    const begun = push(file, '--emergency', '--expires', '1h');
    expect([await begun.exited, begun.stderr]).toEqual([0, []]);
    const end = told(begun).at(-1);
    expect(end).toMatchObject({ ok: true, why: '9 confirmed' });
    expect(end?.lasted_s).toBeLessThan(5);
    const shown = await site.jvpn('device', ['status', '--socket', site.path('gw1.sock')]);
    expect(shown.stdout).toMatch(/EMERGENCY, version \d+, until 20/);
    expect(newest('jvpn/v1/jvpn/_fleet/policy/desired')).not.toBeNull();
    expect(newest('jvpn/v1/jvpn/_fleet/emergency/desired')).not.toBeNull();
    const ended = push('--emergency', '--end');
    expect([await ended.exited, ended.stderr]).toEqual([0, []]);
    await eventually(
      'it is over everywhere',
      () => ALL.every((device) => reported(device)?.emergency === null),
      5_000,
    );
    const calm = await site.jvpn('device', ['status', '--socket', site.path('gw1.sock')]);
    expect(calm.stdout).not.toContain('EMERGENCY');
  },
  60_000,
);

rolloutLab(
  'a device that comes back during an emergency hears of it, and it ends by itself, everywhere, without a word',
  async () => {
    await agent.stop();
    const isAway = () => {
      const hex = newest('jvpn/v1/jvpn/gw1/presence');
      return hex !== null && JSON.parse(Buffer.from(hex, 'hex').toString()).online === false;
    };
    await eventually('it is away', isAway, 10_000);
    const begun = push(site.path('emergency.toml'), '--emergency', '--expires', '30s');
    expect(await begun.exited).toBe(0);
    expect(told(begun).at(-1)?.why).toBe('8 confirmed, 1 away, for whom it waits at the broker');
    agent = site.agent('gw1');
    const holds = (device: string) => (reported(device)?.emergency ?? null) !== null;
    await eventually('it holds at all', () => ALL.every(holds), 25_000);
    await eventually('it is over at all', () => !ALL.some(holds), 35_000);
    const codes = site.audit('gw1').map(({ reason_code }) => reason_code);
    expect(codes).toContain('emergency_ended');
  },
  90_000,
);

rolloutLab(
  'a document that was signed elsewhere goes to a group; refused by devices or by the broker it is not done',
  async () => {
    const output = site.path('signed.cose');
    const target = ['--target', 'group:jvpn/south', '--output', output];
    const signing = ['--signing-key-file', site.path('owner.key'), ...target];
    const argv = ['policy', 'sign', policy(7, 'signed'), ...signing];
    expect((await site.jvpn('hub', argv)).code).toBe(0);
    const send = (user: string) =>
      site.jvpn('device', [
        ...['policy', 'push', output, '--broker', `mqtt://${user}:of-${user}@127.0.0.1:${PORT}`],
        ...['--group', 'south'],
      ]);
    const denied = await send('jvpn-fleet');
    expect([denied.code, denied.stderr]).toEqual([
      1,
      expect.stringContaining(
        'the broker does not allow us jvpn/v1/jvpn/_group/south/policy/desired',
      ),
    ]);
    const sent = await send('jvpn-push');
    expect([sent.code, sent.stderr]).toEqual([0, '']);
    expect(sent.stdout).toMatch(/^done: 9 confirmed; the last one after \d+\.\d s$/m);
    const older = push(policy(6, 'older'));
    expect(await older.exited).toBe(1);
    expect(told(older).at(-1)).toMatchObject({ ok: false, why: '0 confirmed, 9 refused' });
    // What the broker keeps for those who are away is not replaced by anything older.
    const oldest = push(policy(4, 'oldest'));
    expect([await oldest.exited, oldest.stderr[0]]).toEqual([
      1,
      expect.stringContaining(
        'the broker keeps version 6 for fleet:jvpn, signed by this key: 4 is older',
      ),
    ]);
  },
  60_000,
);

rolloutLab(
  'taken back by the operator, the canary gets the policy before, and the rest has heard of neither',
  async () => {
    const argv = [policy(8, 'unwanted'), '--canary', '2', '--soak', '1h'];
    const begun = push(...argv, '--revert-to', policy(1, 'before'));
    await isAt(begun, 'soak');
    begun.signal('SIGINT');
    expect(await begun.exited).toBe(1);
    const back = push(...argv, '--abort');
    expect([await back.exited, back.stderr]).toEqual([1, []]);
    expect(told(back).at(-1)).toMatchObject({
      ...{ stage: 'aborted', ok: false, version: 9 },
      why: 'the operator asked for it; 2 confirmed',
    });
    const canary = canaryOf(begun) ?? [];
    const expected = ALL.map((device) => [device, canary.includes(device) ? 9 : 7]);
    expect(followed()).toEqual(Object.fromEntries(expected));
    const again = push(...argv, '--abort');
    expect([await again.exited, again.stderr[0]]).toEqual([
      2,
      expect.stringContaining('no rollout that is under way'),
    ]);
  },
  60_000,
);
