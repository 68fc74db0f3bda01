/**
 * Goal: a signed policy that is pushed over MQTT is followed, proven, confirmed and reported; what may not be taken changes nothing
 * and says why; one that does not prove itself, and one that a kill cuts short, leave the device with the policy before and
 * its session. Where flash lost what was pushed the device goes back to no older policy.
 *
 * Method: real daemons in the lab network, a real mosquitto with the shipped rules on the device's own loopback, documents made by
 * `jvpn policy sign`. A policy that does not work is one that forbids the links, or one under which the hub answers nothing: it is
 * stopped meanwhile.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { signingPublicKey } from '../../agent/cose.ts';
import { PUSH_RECORD_BYTES } from '../../policies/signed/record.ts';
import { mosquittoObstacle } from '../lab/mosquitto.ts';
import type { MqttLine } from '../lab/mqttReader.ts';
import { eventually, type LabProcess, parseLine } from '../lab/process.ts';
import { startShippedBroker } from '../lab/shippedBroker.ts';
import { type AuditLine, auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { testUnless } from '../obstacle.ts';

const PUBLISHER = resolve(import.meta.dir, '../lab/mqttPush.ts');
const READER = resolve(import.meta.dir, '../lab/mqttReader.ts');
const PORT = 1_884;
const DESIRED = 'jvpn/v1/jvpn/gw1/policy/desired';
const REPORTED = 'jvpn/v1/jvpn/gw1/policy/reported';
const WINDOW = '[push]\nconfirm_window_ms = 10_000\n';
/** Half of it: so long the session has to hold. */
const HOLD_MS = 5_000;
/** None that this device has: the binding stays as it is, and once it has gone nothing is claimed again. */
const NO_LINK = ['ethernet', 'usb', 'wifi', 'lte']
  .map((kind) => `[links.${kind}]\ncost_class = "never"\n`)
  .join('');
const publicKeyOf = (seed: Uint8Array) => Buffer.from(signingPublicKey(seed)).toString('base64');
const [OWNER, STRANGER] = [new Uint8Array(32).fill(41), new Uint8Array(32).fill(42)];

let net: Topology;
let site: Site;
let broker: LabProcess;
let hub: LabProcess;
let agent: LabProcess;
let made = 0;

beforeAll(async () => {
  if (mosquittoObstacle !== null) return;
  net = await topology({ seed: 29 });
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
signers = ["${publicKeyOf(OWNER)}"]
groups = ["south"]
`,
  });
  for (const [name, seed] of [
    ['owner', OWNER],
    ['stranger', STRANGER],
  ] as const) {
    const key = `${Buffer.from(seed).toString('base64')}\n`;
    writeFileSync(site.path(`${name}.key`), key, { mode: 0o600 });
  }
  writeFileSync(site.path('gw1.password'), 'of-gw1\n', { mode: 0o600 });
  broker = await startShippedBroker(net, site, PORT, ['gw1', 'jvpn-push', 'jvpn-fleet']);
  hub = await site.hub();
  await site.device('gw1');
  agent = site.agent('gw1');
  await untilAudit(agent, 'ATTACHED', isAttached);
}, 120_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

const urlOf = (user: string) => `mqtt://${user}:of-${user}@127.0.0.1:${PORT}`;

interface Asked {
  readonly key?: 'owner' | 'stranger';
  readonly target?: string;
  readonly more?: readonly string[];
  readonly policy?: string;
}

/** A signed policy of this version with the shortest window, in a file of its own. */
async function signed(version: number, asked: Asked = {}): Promise<string> {
  const { key = 'owner', target = 'fleet:jvpn', more = [], policy = '' } = asked;
  made += 1;
  const [text, output] = [site.path(`${made}.toml`), site.path(`${made}.cose`)];
  writeFileSync(text, `version = ${version}\nname = "v${version}"\n${WINDOW}${policy}`);
  const signing = ['--signing-key-file', site.path(`${key}.key`), '--target', target];
  const argv = ['policy', 'sign', text, ...signing, '--output', output, ...more];
  const { code, stderr } = await site.jvpn('hub', argv);
  expect([code, stderr]).toEqual([0, '']);
  return output;
}

const push = (file: string, user = 'jvpn-push') =>
  net.exec('device', [process.execPath, PUBLISHER, urlOf(user), DESIRED, file]);

/** The next audit line of this code. */
function until(code: string, seen: number, timeoutMs = 10_000) {
  return untilAudit(agent, code, (line) => line.reason_code === code, timeoutMs, seen);
}

interface Documents {
  readonly policy: { readonly version: number };
  readonly confirmed: number;
  readonly on_trial: number | null;
  readonly counters: Readonly<Record<string, number>>;
}

type Reported = Documents & { readonly last_step: { readonly code: string } | null };

type Status = Pick<Documents, 'policy'> & {
  readonly session_id: string;
  readonly documents: Documents;
  readonly telemetry: { readonly connected: boolean };
};
const status = () => site.status<Status>('device', 'gw1');

function loseSlots(): void {
  for (const slot of [0, 1]) {
    writeFileSync(site.path(`gw1.state/push/slot${slot}`), new Uint8Array(PUSH_RECORD_BYTES));
  }
}

const pushLab = (name: string, body: () => Promise<void>, timeoutMs: number) =>
  testUnless(mosquittoObstacle, name, body, timeoutMs);

pushLab(
  'a signed policy is followed at once, proven by the session, confirmed and reported',
  async () => {
    const { session_id: before } = await status();
    const seen = auditOf(agent).length;
    await push(await signed(2));
    const began = await until('policy_on_trial', seen);
    const confirmed = await until('policy_confirmed', seen);
    const isForGood = ({ reason_code, seq }: AuditLine) =>
      reason_code === 'policy_applied' && seq > confirmed.seq;
    await untilAudit(agent, 'in force for good', isForGood, 10_000, seen);
    expect(confirmed.mono_ms - began.mono_ms).toBeGreaterThanOrEqual(HOLD_MS);
    const steps = auditOf(agent)
      .slice(seen)
      .filter(({ event, reason_code }) => event !== 'claim' && reason_code.startsWith('policy_'));
    expect(steps.map(({ reason_code, detail }) => [reason_code, detail['version']])).toEqual([
      ['policy_on_trial', 2],
      ['policy_applied', 2],
      ['policy_confirmed', 2],
      // With its bounds.
      ['policy_applied', 2],
    ]);
    expect(await status()).toMatchObject({
      ...{ session_id: before, policy: { name: 'v2', version: 2 } },
      documents: { confirmed: 2, on_trial: null },
    });
    // Retained: whoever comes later reads it as well.
    const reader = net.spawn('device', [process.execPath, READER, urlOf('jvpn-fleet')]);
    const isReported = () =>
      reader.stdout.some((line) => {
        const heard = parseLine<MqttLine>(line);
        if (heard?.topic !== REPORTED) return false;
        const reported = JSON.parse(Buffer.from(heard.hex, 'hex').toString()) as Reported;
        return reported.last_step?.code === 'policy_confirmed' && reported.confirmed === 2;
      });
    await eventually('reported', isReported, 10_000);
    await reader.stop();
  },
  40_000,
);

pushLab(
  'what may not be taken is refused with its reason, and nothing else happens',
  async () => {
    const { session_id: before } = await status();
    const damaged = await signed(3);
    const bytes = readFileSync(damaged);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(damaged, bytes);
    const past = ['--not-before', '2025-01-01T00:00:00Z', '--expires', '2025-01-02T00:00:00Z'];
    const cases = [
      ['signature_invalid', damaged],
      ['signer_unknown', await signed(3, { key: 'stranger' })],
      ['wrong_target', await signed(3, { target: 'device:jvpn/gw2' })],
      ['document_older', await signed(1, { target: 'group:jvpn/south' })],
      ['document_replayed', await signed(2)],
      ['document_expired', await signed(3, { more: past })],
      ['document_malformed', site.path('1.toml')],
    ] as const;
    for (const [code, file] of cases) {
      const seen = auditOf(agent).length;
      await push(file);
      await until(code, seen);
    }
    // A device may not write what devices obey, its own topic included: the broker's rules.
    const { documents: told } = await status();
    await push(site.path('1.toml'), 'gw1');
    await push(site.path('1.toml'), 'jvpn-fleet');
    const after = await status();
    expect(after).toMatchObject({ session_id: before, policy: { name: 'v2', version: 2 } });
    expect(after.documents.counters).toEqual(told.counters);
    expect(auditOf(agent).filter(({ to }) => to === 'TERMINATED')).toEqual([]);
  },
  60_000,
);

pushLab(
  'a policy under which the hub does not answer is rolled back by itself, and the session goes on',
  async () => {
    const { session_id: before } = await status();
    const seen = auditOf(agent).length;
    const document = await signed(3);
    hub.signal('SIGSTOP');
    await push(document);
    await until('policy_on_trial', seen);
    const back = await until('policy_rolled_back', seen, 20_000);
    hub.signal('SIGCONT');
    expect(back.detail).toMatchObject({ version: 3, why: 'confirm_window_over' });
    const isWell = async () => (await status()).session_id === before;
    await eventually('the session goes on', isWell, 10_000);
    await untilAudit(agent, 'ATTACHED', isAttached, 20_000, seen);
    expect(await status()).toMatchObject({
      ...{ session_id: before, policy: { name: 'v2', version: 2 } },
      documents: { confirmed: 2, on_trial: null },
    });
  },
  60_000,
);

pushLab(
  'a policy under which the broker cannot be reached any more is rolled back by itself: the next one could not come',
  async () => {
    const seen = auditOf(agent).length;
    await push(await signed(4, { policy: `[telemetry]\noutside_tunnel = "never"\n` }));
    const back = await until('policy_rolled_back', seen, 20_000);
    expect(back.detail).toMatchObject({ version: 4, why: 'confirm_window_over' });
    const isConnected = async () => (await status()).telemetry.connected;
    await eventually('connected again', isConnected, 10_000);
    expect(
      auditOf(agent)
        .slice(seen)
        .filter(({ event }) => event === 'transition'),
    ).toEqual([]);
  },
  60_000,
);

pushLab(
  'a policy that forbids every link of the device is rolled back by itself, though the session never noticed',
  async () => {
    const { session_id: before } = await status();
    const seen = auditOf(agent).length;
    await push(await signed(5, { policy: NO_LINK }));
    await until('policy_on_trial', seen);
    const back = await until('policy_rolled_back', seen, 20_000);
    expect(back.detail).toMatchObject({ version: 5, why: 'confirm_window_over' });
    // Quality may come and go on a busy machine; the binding never dies.
    const moves = auditOf(agent).slice(seen);
    expect(moves.filter(({ to }) => to === 'RECOVERING' || to === 'TERMINATED')).toEqual([]);
    expect(await status()).toMatchObject({
      ...{ session_id: before, policy: { name: 'v2', version: 2 } },
      documents: { confirmed: 2, on_trial: null },
    });
  },
  60_000,
);

pushLab(
  'killed in the middle of a push, the device starts with the confirmed policy and the same session',
  async () => {
    const { session_id: before } = await status();
    const seen = auditOf(agent).length;
    const document = await signed(6);
    hub.signal('SIGSTOP');
    await push(document);
    await until('policy_on_trial', seen);
    await agent.stop('SIGKILL');
    hub.signal('SIGCONT');
    agent = site.agent('gw1');
    const back = await until('policy_rolled_back', 0);
    expect(back.detail).toMatchObject({ version: 6, why: 'restarted' });
    await untilAudit(agent, 'ATTACHED', isAttached, 20_000);
    // The retained document comes again.
    await until('document_replayed', 0);
    expect(await status()).toMatchObject({
      ...{ session_id: before, policy: { name: 'v2', version: 2 } },
      documents: { confirmed: 2, on_trial: null },
    });
    const older = await site.jvpn('device', [
      'policy',
      'reload',
      '--socket',
      site.path('gw1.sock'),
    ]);
    expect([older.code, older.stderr]).toEqual([
      1,
      expect.stringContaining('version 2 was pushed here'),
    ]);
  },
  60_000,
);

pushLab(
  'killed at any moment of a push, it follows one of the two, confirmed, in the same session',
  async () => {
    const { session_id, documents } = await status();
    let newest = documents.confirmed;
    // On its way, being written, on trial; and where it is being confirmed.
    const moments = [0, 1, 2, 4, 8, 16, 32, 64, HOLD_MS, HOLD_MS + 50, HOLD_MS + 500];
    for (const [at, afterMs] of moments.entries()) {
      const version = 10 + at;
      const document = await signed(version);
      const sent = () =>
        broker.stderr.filter((line) => line.includes('Sending PUBLISH to jvpn-gw1 ')).length;
      const before = sent();
      const pushed = push(document);
      await eventually('it is on its way', () => sent() > before, 10_000);
      await Bun.sleep(afterMs);
      agent.signal('SIGKILL');
      await Promise.all([pushed, agent.exited]);
      agent = site.agent('gw1');
      await untilAudit(agent, 'ATTACHED', isAttached, 20_000);
      const isSettled = async () => {
        const { on_trial, counters } = (await status()).documents;
        return (
          on_trial === null &&
          ['policy_confirmed', 'document_replayed'].some((code) => counters[code])
        );
      };
      await eventually(`version ${version} is confirmed or was used up`, isSettled, 20_000);
      const now = await status();
      expect([newest, version]).toContain(now.documents.confirmed);
      newest = now.documents.confirmed;
      expect([now.session_id, now.policy.version]).toEqual([session_id, newest]);
    }
    expect(newest).toBeGreaterThan(documents.confirmed);
  },
  180_000,
);

pushLab(
  'with both slots lost an older configuration is refused with the way out, and with a newer one the session goes on',
  async () => {
    const { session_id, documents } = await status();
    await agent.stop('SIGKILL');
    loseSlots();
    const refused = site.agent('gw1');
    expect(await refused.exited).toBe(2);
    expect(refused.stderr.join('\n')).toContain(
      `version ${documents.confirmed} was in force here, and what was pushed here cannot be read any more. ` +
        `Raise its \`version\` to at least ${documents.confirmed}.`,
    );
    writeFileSync(site.path('policy.toml'), 'version = 30\nname = "file"\n');
    agent = site.agent('gw1');
    await until('push_state_lost', 0);
    await untilAudit(agent, 'ATTACHED', isAttached, 20_000);
    // The retained document comes again.
    await until('document_older', 0);
    expect(await status()).toMatchObject({ session_id, policy: { name: 'file', version: 30 } });
    const seen = auditOf(agent).length;
    await push(await signed(31));
    await until('policy_confirmed', seen);
    expect(await status()).toMatchObject({ session_id, policy: { name: 'v31', version: 31 } });
    // What was confirmed is the version that counts from that moment on, without a start in between.
    await agent.stop('SIGKILL');
    loseSlots();
    const older = site.agent('gw1');
    expect(await older.exited).toBe(2);
    expect(older.stderr.join('\n')).toContain('version 31 was in force here');
    writeFileSync(site.path('policy.toml'), 'version = 32\nname = "file"\n');
    agent = site.agent('gw1');
    await untilAudit(agent, 'ATTACHED', isAttached, 20_000);
    expect(await status()).toMatchObject({ session_id, policy: { name: 'file', version: 32 } });
  },
  90_000,
);

pushLab(
  'the logs keep I4: no policy went back but for those that were on trial',
  async () => {
    const { stdout } = await site.jvpn('device', ['audit', site.path('gw1.jsonl'), '--json']);
    const { invariants } = JSON.parse(stdout) as {
      invariants: readonly { id: string; checked: number; violated: number }[];
    };
    const i4 = invariants.find(({ id }) => id.startsWith('I4'));
    expect(i4).toMatchObject({ violated: 0 });
    expect(site.audit('gw1').map(({ reason_code }: AuditLine) => reason_code)).toContain(
      'policy_rolled_back',
    );
  },
  20_000,
);
