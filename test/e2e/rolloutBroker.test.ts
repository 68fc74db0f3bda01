/**
 * Goal: a broker that is killed in the middle of a rollout and forgets everything costs time and nothing else: the rollout goes on where it
 * was, or is gone on with, no stage is left out, and no device is sent anything twice that differs.
 *
 * Method: `jvpn policy push` and six devices with the real telemetry and the real taking of documents, at a real mosquitto without
 * persistence; it is killed while the canary is watched and while the rest is being sent the policy.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { decode } from 'cbor-x';
import { signingPublicKey } from '../../agent/cose.ts';
import { keyIdText } from '../../policies/signed/anchors.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../lab/mosquitto.ts';
import type { MqttLine } from '../lab/mqttReader.ts';
import { eventually, LabProcess, parseLine } from '../lab/process.ts';
import { testUnless } from '../obstacle.ts';

const DEVICES = resolve(import.meta.dir, '../lab/pushedDevices.ts');
const READER = resolve(import.meta.dir, '../lab/mqttReader.ts');
const JVPN = resolve(import.meta.dir, '../../agent/jvpn.ts');
const OWNER = new Uint8Array(32).fill(44);
const SIGNER = Buffer.from(signingPublicKey(OWNER)).toString('base64');
const ALL = Array.from({ length: 6 }, (_, at) => `sim-${at}`);
const FLEET_TOPIC = 'jvpn/v1/jvpn/_fleet/policy/desired';
const WINDOW = '[push]\nconfirm_window_ms = 10_000\n[telemetry]\nhealth_interval_ms = 10_000\n';
/** How long nobody is there. */
const AWAY_MS = 1_000;

let directory = '';
let port = 0;
let broker: LabProcess;
let reader: LabProcess;
const started: LabProcess[] = [];

beforeAll(async () => {
  if (mosquittoObstacle !== null) return;
  directory = mkdtempSync(join(tmpdir(), 'jvpn-rollout-'));
  port = await freePort();
  const key = `${Buffer.from(OWNER).toString('base64')}\n`;
  writeFileSync(join(directory, 'owner.key'), key, { mode: 0o600 });
  writeFileSync(join(directory, 'before.toml'), 'version = 1\nname = "before"\n');
  broker = await startMosquitto({ directory, port });
  spawn(process.execPath, DEVICES, String(port), 'jvpn', SIGNER, ...ALL);
  reader = spawn(process.execPath, READER, `mqtt://127.0.0.1:${port}`);
  const areThere = () => ALL.every((device) => reported(device) !== null);
  await eventually('all devices report', areThere, 20_000);
}, 60_000);

afterAll(async () => {
  for (const one of started) await one.stop();
  await broker?.stop();
  if (directory !== '') rmSync(directory, { recursive: true, force: true });
});

function spawn(...argv: readonly string[]): LabProcess {
  const one = new LabProcess(argv);
  started.push(one);
  return one;
}

const killBroker = async () => {
  broker.signal('SIGKILL');
  await broker.exited;
  await Bun.sleep(AWAY_MS);
};

const restartBroker = async () => {
  broker = await startMosquitto({ directory, port });
};

const heard = () => reader.stdout.flatMap((line) => parseLine<MqttLine>(line) ?? []);

interface Reported {
  readonly confirmed: number;
  readonly counters: Readonly<Record<string, number>>;
}

function reported(device: string): Reported | null {
  const last = heard().findLast(({ topic }) => topic === `jvpn/v1/jvpn/${device}/policy/reported`);
  if (last === undefined || last.hex === '') return null;
  const bytes = Buffer.from(last.hex, 'hex');
  return (bytes[0] === 0x7b ? JSON.parse(bytes.toString()) : decode(bytes)) as Reported;
}

const confirmedBy = (version: number) =>
  ALL.filter((device) => reported(device)?.confirmed === version);
/** How often each device has tried a policy since it was started. */
const trials = () => ALL.map((device) => reported(device)?.counters['policy_on_trial'] ?? 0);

/** Of each topic, how many different documents came after so many messages; clearing is none. */
const differing = (after: number) => {
  const documents = new Map<string, Set<string>>();
  for (const { topic, hex } of heard().slice(after)) {
    if (topic?.endsWith('/policy/desired') !== true || hex === '') continue;
    documents.set(topic, (documents.get(topic) ?? new Set()).add(hex));
  }
  return [...documents.values()].map((sent) => sent.size);
};

/** The canary's two and the fleet's at least, and nowhere two that differ. */
const expectOneEach = (after: number) => {
  const counts = differing(after);
  expect(counts.length).toBeGreaterThanOrEqual(3);
  expect(counts.every((count) => count === 1)).toBeTrue();
};

interface Told {
  readonly stage: string;
  readonly canary?: readonly string[];
  readonly soaked_s?: number;
  readonly broker_error?: string | null;
  readonly ok?: boolean;
  readonly why?: string;
}

const told = (one: LabProcess) => one.stdout.flatMap((line) => parseLine<Told>(line) ?? []);
const stagesOf = (...pushes: readonly LabProcess[]) =>
  pushes
    .flatMap(told)
    .map(({ stage }) => stage)
    .filter((stage, at, all) => stage !== all[at - 1]);
const canaryOf = (one: LabProcess) => told(one).findLast(({ canary }) => canary)?.canary ?? [];
const soakedS = (one: LabProcess) =>
  told(one).findLast(({ soaked_s: s }) => s !== undefined)?.soaked_s;
const isAt = (one: LabProcess, stage: string) =>
  eventually(`it is at ${stage}`, () => told(one).some((line) => line.stage === stage), 20_000);

function policy(version: number, name: string): string {
  const file = join(directory, `${name}.toml`);
  writeFileSync(file, `version = ${version}\nname = "${name}"\n${WINDOW}`);
  return file;
}

function push(file: string, soak: string): LabProcess {
  const key = ['--signing-key-file', join(directory, 'owner.key')];
  const connection = ['--broker', `mqtt://127.0.0.1:${port}`, ...key, '--all', '--json'];
  const back = ['--revert-to', join(directory, 'before.toml')];
  const canary = ['--canary', '2', '--soak', soak, ...back];
  return spawn(process.execPath, JVPN, 'policy', 'push', file, ...canary, ...connection);
}

const rolloutTest = (name: string, body: () => Promise<void>) =>
  testUnless(mosquittoObstacle, name, body, 60_000);

rolloutTest('killed in the soak and in the wide stage, and it goes on by itself', async () => {
  const [triedBefore, heardBefore] = [trials(), heard().length];
  const rollout = push(policy(2, 'slow-one'), '4s');
  await isAt(rollout, 'soak');
  const canary = canaryOf(rollout);
  expect(canary.length).toBe(2);
  await eventually('some of it is over', () => (soakedS(rollout) ?? 0) >= 1, 10_000);
  await killBroker();
  const isTold = () => told(rollout).at(-1)?.broker_error !== null;
  await eventually('it says that the broker is away', isTold, 5_000);
  const soaked = soakedS(rollout);
  await Bun.sleep(AWAY_MS);
  expect(soakedS(rollout)).toBe(soaked);
  await restartBroker();

  await isAt(rollout, 'rest');
  expect(confirmedBy(2).toSorted()).toEqual([...canary].toSorted());
  await killBroker();
  await restartBroker();
  expect([await rollout.exited, rollout.stderr]).toEqual([0, []]);
  expect(told(rollout).at(-1)).toMatchObject({ stage: 'done', ok: true, why: '6 confirmed' });
  expect(stagesOf(rollout)).toEqual(['canary', 'soak', 'rest', 'done']);
  await eventually('all say so', () => confirmedBy(2).length === ALL.length, 10_000);
  expect(trials()).toEqual(triedBefore.map((count) => count + 1));
  expectOneEach(heardBefore);
  // Whoever comes back later finds it.
  const late = spawn(process.execPath, READER, `mqtt://127.0.0.1:${port}`);
  const isKept = () => late.stdout.some((line) => line.includes(FLEET_TOPIC));
  await eventually('the broker keeps it', isKept, 5_000);
});

rolloutTest('killed together with the push, which is gone on with', async () => {
  const [triedBefore, heardBefore] = [trials(), heard().length];
  const file = policy(3, 'slow-two');
  const killed = push(file, '1s');
  await isAt(killed, 'soak');
  const second = push(file, '1s');
  expect([await second.exited, second.stderr[0]]).toEqual([
    1,
    expect.stringMatching(
      new RegExp(`another jvpn policy push is at this rollout: process ${killed.pid} since 20`),
    ),
  ]);
  await isAt(killed, 'rest');
  await killBroker();
  killed.signal('SIGKILL');
  await killed.exited;
  await restartBroker();
  const resumed = push(file, '1s');
  expect([await resumed.exited, resumed.stderr]).toEqual([0, []]);
  expect(told(resumed).at(-1)).toMatchObject({ stage: 'done', ok: true, why: '6 confirmed' });
  const { progress } = JSON.parse(readFileSync(`${file}.rollout.json`, 'utf8'));
  expect(progress).toMatchObject({ stage: 'done', canary: canaryOf(killed) });
  expect(stagesOf(killed, resumed)).toEqual(['canary', 'soak', 'rest', 'done']);
  await eventually('all say so', () => confirmedBy(3).length === ALL.length, 10_000);
  expect(trials()).toEqual(triedBefore.map((count) => count + 1));
  expectOneEach(heardBefore);
});

rolloutTest('what another operator publishes meanwhile stays, and ends the rollout', async () => {
  const rollout = push(policy(4, 'slow-three'), '1h');
  await isAt(rollout, 'soak');
  const key = ['--signing-key-file', join(directory, 'owner.key')];
  const others = spawn(
    ...[process.execPath, JVPN, 'policy', 'push', policy(5, 'theirs'), '--all', ...key],
    ...['--broker', `mqtt://127.0.0.1:${port}`],
  );
  expect([await rollout.exited, rollout.stderr]).toEqual([1, []]);
  const keyId = keyIdText(signingPublicKey(OWNER));
  expect(told(rollout).at(-1)).toMatchObject({
    ...{ stage: 'soak', ok: false },
    why:
      `version 5 for fleet:jvpn, of key id ${keyId}, was published meanwhile, and nothing of ours is sent over it; ` +
      'the canary follows a higher version by now, which somebody else sent it. To send this policy behind it, raise the version to at least 6 and name another --state-file',
  });
  expect(stagesOf(rollout)).toEqual(['canary', 'soak']);
  expect(await others.exited).toBe(0);
  expect(confirmedBy(5).length).toBe(ALL.length);
});

rolloutTest('what another operator sends one device of the canary stays, and is told', async () => {
  const rollout = push(policy(6, 'slow-four'), '4s');
  await isAt(rollout, 'soak');
  const [device = ''] = canaryOf(rollout);
  const key = ['--signing-key-file', join(directory, 'owner.key')];
  const others = spawn(
    ...[process.execPath, JVPN, 'policy', 'push', policy(8, 'its-own'), '--device', device],
    ...[...key, '--broker', `mqtt://127.0.0.1:${port}`],
  );
  expect([await rollout.exited, rollout.stderr]).toEqual([0, []]);
  const keyId = keyIdText(signingPublicKey(OWNER));
  expect(told(rollout).at(-1)).toMatchObject({
    ...{ stage: 'done', ok: true },
    why: `6 confirmed; what somebody else published stays for device:jvpn/${device} (version 8, key id ${keyId})`,
  });
  expect(await others.exited).toBe(0);
  const sent = heard().filter(({ topic }) => topic === `jvpn/v1/jvpn/${device}/policy/desired`);
  expect(sent.at(-1)?.hex).not.toBe('');
  await eventually('the others say so', () => confirmedBy(6).length === ALL.length - 1, 10_000);
  expect(confirmedBy(8)).toEqual([device]);
});
