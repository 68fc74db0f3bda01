/**
 * Goal: a signed command that is sent over MQTT is carried out once and answered; what may not be taken changes nothing, and is
 * answered with its reason where somebody may wait for that.
 *
 * Method: real daemons in the lab network, a real mosquitto with the shipped rules on the device's own loopback, commands made and
 * sent by `jvpn command`; what no operator would send is published by hand.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { signingPublicKey } from '../../agent/cose.ts';
import { commandOf } from '../../policies/signed/body.ts';
import { reopenDocument } from '../../policies/signed/open.ts';
import { isRefused } from '../../policies/signed/refusal.ts';
import { mosquittoObstacle } from '../lab/mosquitto.ts';
import type { Asking } from '../lab/mqttAsk.ts';
import type { MqttLine } from '../lab/mqttReader.ts';
import { eventually, type LabProcess, parseLine } from '../lab/process.ts';
import { startShippedBroker } from '../lab/shippedBroker.ts';
import { auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { testUnless } from '../obstacle.ts';

const PUBLISHER = resolve(import.meta.dir, '../lab/mqttAsk.ts');
const READER = resolve(import.meta.dir, '../lab/mqttReader.ts');
const PORT = 1_884;
const ROOT = 'jvpn/v1/jvpn/gw1';
const USERS = ['gw1', 'gw2', 'jvpn-push', 'jvpn-fleet'] as const;
type User = (typeof USERS)[number];
/** A second switch has to wait: what is withheld is the governor's. */
const POLICY = `version = 1
name = "file"
[switching]
cooldown_ms = 60_000
`;
const publicKeyOf = (seed: Uint8Array) => Buffer.from(signingPublicKey(seed)).toString('base64');
const [OWNER, STRANGER] = [new Uint8Array(32).fill(41), new Uint8Array(32).fill(42)];

let net: Topology;
let site: Site;
let broker: LabProcess;
let agent: LabProcess;
let reader: LabProcess;
let made = 0;

beforeAll(async () => {
  if (mosquittoObstacle !== null) return;
  net = await topology({ seed: 31 });
  site = new Site(net, {
    policy: POLICY,
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
`,
  });
  for (const [name, seed] of Object.entries({ owner: OWNER, stranger: STRANGER })) {
    const key = `${Buffer.from(seed).toString('base64')}\n`;
    writeFileSync(site.path(`${name}.key`), key, { mode: 0o600 });
  }
  for (const user of ['gw1', 'jvpn-push']) {
    writeFileSync(site.path(`${user}.password`), `of-${user}\n`, { mode: 0o600 });
  }
  broker = await startShippedBroker(net, site, PORT, USERS);
  await site.hub();
  await site.device('gw1');
  agent = site.agent('gw1');
  await untilAudit(agent, 'ATTACHED', isAttached);
  await eventually('it hears', async () => (await status()).telemetry.connected, 10_000);
}, 120_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

const urlOf = (user: User) => `mqtt://${user}:of-${user}@127.0.0.1:${PORT}`;

interface Status {
  readonly session_id: string;
  readonly previous_session_id: string | null;
  readonly state: string;
  readonly binding: string | null;
  readonly telemetry: { readonly connected: boolean };
  readonly documents: { readonly counters: Readonly<Record<string, number>> };
}

const status = () => site.status<Status>('device', 'gw1');

interface Answer {
  readonly v: number;
  readonly id: string;
  readonly verb: string;
  readonly outcome: string;
  readonly why?: string;
  readonly ts_ms: number;
  readonly state: string;
  readonly state_version: number;
  readonly log?: string;
}

/** `jvpn command`, on the device's machine, where the broker is. */
async function jvpnCommand(argv: readonly string[], device = 'gw1') {
  const { code, stdout, stderr } = await site.jvpn('device', [
    ...['command', ...argv, '--device', device, '--json', '--timeout-s', '20'],
    ...['--broker', `mqtt://127.0.0.1:${PORT}`, '--username', 'jvpn-push'],
    ...['--password-file', site.path('jvpn-push.password')],
  ]);
  return { code, stderr, answer: stdout === '' ? null : (JSON.parse(stdout) as Answer) };
}

const send = (...argv: string[]) =>
  jvpnCommand([...argv, '--signing-key-file', site.path('owner.key')]);

const sendFile = (file: string) => jvpnCommand(['--document', file]);

/** A signed command in a file, and where it belongs. */
async function signed(
  name: string,
  key = 'owner',
  target = 'device:jvpn/gw1',
  more: string[] = [],
) {
  made += 1;
  const file = site.path(`${made}.cose`);
  const argv = ['--signing-key-file', site.path(`${key}.key`), '--target', target];
  const { code, stderr } = await site.jvpn('hub', [
    ...['policy', 'sign', '--command', name, ...argv, '--output', file, ...more],
  ]);
  expect([code, stderr]).toEqual([0, '']);
  const document = reopenDocument(new Uint8Array(readFileSync(file)));
  if (isRefused(document)) throw new Error(document.detail);
  const asked = commandOf(document);
  if (isRefused(asked)) throw new Error(asked.detail);
  const { id } = asked.command;
  return { file, id, topic: `${ROOT}/cmd/${name}/${id}` };
}

const publish = (topic: string, file: string, asking: Asking = {}, user: User = 'jvpn-push') =>
  net.exec(
    'device',
    [process.execPath, PUBLISHER, urlOf(user), topic, file, JSON.stringify(asking)],
    { mayFail: true },
  );

/** The next audit line of this code. */
function until(code: string, seen: number, timeoutMs = 10_000) {
  return untilAudit(agent, code, (line) => line.reason_code === code, timeoutMs, seen);
}

const countOf = async (code: string) => (await status()).documents.counters[code] ?? 0;

interface Heard {
  readonly document: Answer;
  readonly properties: { readonly correlationData?: unknown } | null;
}

const heardOn = (topic: string): readonly Heard[] =>
  reader.stdout.flatMap((line) => {
    const heard = parseLine<MqttLine>(line);
    if (heard?.topic !== topic) return [];
    const document = JSON.parse(Buffer.from(heard.hex, 'hex').toString()) as Answer;
    return [{ document, properties: heard.properties as Heard['properties'] }];
  });

const commandLab = (name: string, body: () => Promise<void>, timeoutMs: number) =>
  testUnless(mosquittoObstacle, name, body, timeoutMs);

commandLab(
  'each command is carried out and answered, and the process lives on',
  async () => {
    const { session_id: before } = await status();
    // Before anybody subscribes to everything: the broker says that nobody hears it.
    const nobody = await jvpnCommand(
      ['refresh_health', '--signing-key-file', site.path('owner.key')],
      'gw9',
    );
    expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining('nobody hears')]);
    reader = net.spawn('device', [process.execPath, READER, urlOf('jvpn-fleet')]);
    await reader.until((lines) => lines.some((line) => line.includes('"topic":null')), 10_000);

    const presences = () => heardOn(`${ROOT}/presence`).length;
    const healths = () => heardOn(`${ROOT}/health`).length;
    const seen = [presences(), healths()] as const;
    const refreshed = await send('refresh_health');
    expect(refreshed).toMatchObject({
      ...{ code: 0, stderr: '' },
      answer: { v: 1, verb: 'refresh_health', outcome: 'command_done', state: 'ATTACHED' },
    });
    const isSaid = () => presences() > seen[0] && healths() > seen[1];
    await eventually('presence and health', isSaid, 5_000);

    const rotatedAt = auditOf(agent).length;
    expect(await send('rotate_keys')).toMatchObject({ code: 0, answer: { verb: 'rotate_keys' } });
    await until('channel_rotated', rotatedAt);
    expect(await status()).toMatchObject({ session_id: before, state: 'ATTACHED' });

    const moved = await send('rebind', '--link', 'wlan0');
    expect(moved).toMatchObject({ code: 0, answer: { outcome: 'command_done' } });
    const { binding, session_id } = await status();
    expect([binding?.split('→')[0], session_id]).toEqual(['wlan0', before]);
    const withheld = [
      ['wlan0', 'already_bound'],
      ['nope0', 'link_unknown'],
      ['eth0', 'cooldown_active'],
    ] as const;
    for (const [link, why] of withheld) {
      const { code, answer } = await send('rebind', '--link', link);
      expect([link, code, answer]).toMatchObject([link, 1, { outcome: 'command_withheld', why }]);
    }

    const { code, answer } = await send('collect_log');
    const log = gunzipSync(Buffer.from(answer?.log ?? '', 'base64')).toString('utf8');
    const rows = log.split('\n').filter((line) => line !== '');
    const codes = rows.map((line) => parseLine<{ reason_code: string }>(line)?.reason_code);
    expect(code).toBe(0);
    expect(codes).toEqual(expect.arrayContaining(['attach_accepted', 'channel_rotated']));
    for (const name of ['gw1.key', 'gw1.password']) {
      expect(log).not.toContain(readFileSync(site.path(name), 'utf8').trim());
    }

    const endedAt = auditOf(agent).length;
    const ended = await send('terminate_session');
    expect(ended).toMatchObject({
      ...{ code: 0, stderr: '' },
      answer: { outcome: 'command_done', verb: 'terminate_session' },
    });
    const end = await until('command_terminated', endedAt);
    expect(end).toMatchObject({ event: 'transition', to: 'TERMINATED', session_id: before });
    await untilAudit(agent, 'ATTACHED', isAttached, 20_000, endedAt);
    const after = await status();
    expect(after).toMatchObject({ previous_session_id: before, state: 'ATTACHED' });
    expect(after.documents.counters).toMatchObject({ command_done: 5, command_withheld: 3 });
  },
  120_000,
);

commandLab(
  'the same document again gets the first answer and is not carried out again, however it comes twice',
  async () => {
    const taken = await countOf('command_taken');
    const { file, topic } = await signed('refresh_health');
    const first = await sendFile(file);
    const second = await sendFile(file);
    expect([first.code, second.code, first.answer]).toEqual([0, 0, second.answer]);
    expect(await countOf('command_taken')).toBe(taken + 1);
    await eventually('both answers', () => heardOn(`${topic}/answer`).length === 2, 5_000);

    const twice = await signed('rotate_keys');
    const seen = auditOf(agent).length;
    await publish(twice.topic, twice.file, { times: 2 });
    await until('command_done', seen);
    const answers = () => heardOn(`${twice.topic}/answer`);
    await eventually('an answer', () => answers().length > 0, 5_000);
    expect(new Set(answers().map(({ document }) => document.outcome))).toEqual(
      new Set(['command_done']),
    );
    expect(await countOf('command_taken')).toBe(taken + 2);
    const rotations = auditOf(agent)
      .slice(seen)
      .filter(({ reason_code }) => reason_code === 'channel_rotated');
    expect(rotations).toHaveLength(1);
  },
  60_000,
);

commandLab(
  'what may not be taken is refused with its reason, and answered only where it was signed and in its place',
  async () => {
    const { session_id: before } = await status();
    const taken = await countOf('command_taken');
    const past = ['--not-before', '2025-01-01T00:00:00Z', '--expires', '2025-01-01T00:10:00Z'];
    const answered = [
      ['wrong_target', await signed('terminate_session', 'owner', 'device:jvpn/gw2')],
      ['document_expired', await signed('terminate_session', 'owner', 'device:jvpn/gw1', past)],
    ] as const;
    for (const [code, { file }] of answered) {
      const refused = await sendFile(file);
      expect([code, refused.code, refused.answer?.outcome]).toEqual([code, 1, code]);
    }
    const own = await signed('terminate_session');
    const stranger = await signed('terminate_session', 'stranger');
    const unsigned = site.path('unsigned');
    writeFileSync(unsigned, 'terminate_session');
    const silent = [
      ['document_malformed', own.topic, unsigned],
      ['signer_unknown', stranger.topic, stranger.file],
      ['wrong_topic', `${ROOT}/cmd/rotate_keys/${own.id}`, own.file],
      ['wrong_topic', `${ROOT}/cmd/terminate_session/${stranger.id}`, own.file],
      ['wrong_topic', `${ROOT}/policy/desired`, own.file],
    ] as const;
    for (const [code, topic, file] of silent) {
      const count = await countOf(code);
      await publish(topic, file);
      await eventually(code, async () => (await countOf(code)) === count + 1, 5_000);
      expect(heardOn(`${topic}/answer`)).toEqual([]);
    }
    const held = await countOf('command_retained');
    await publish(own.topic, own.file, { retain: true });
    await eventually(
      'retained',
      async () => (await countOf('command_retained')) === held + 1,
      5_000,
    );
    writeFileSync(site.path('empty'), '');
    await publish(own.topic, site.path('empty'), { retain: true });

    // Neither a device nor whoever watches may write what devices obey, nor another device an answer: the broker's rules.
    const counters = (await status()).documents.counters;
    const denied = () => broker.stderr.filter((line) => /Denied PUBLISH/.test(line)).length;
    const deniedBefore = denied();
    const fresh = await signed('terminate_session');
    await publish(fresh.topic, fresh.file, {}, 'gw1');
    await publish(fresh.topic, fresh.file, {}, 'jvpn-fleet');
    await publish(`${fresh.topic}/answer`, fresh.file, {}, 'gw2');
    await eventually('denied', () => denied() === deniedBefore + 3, 5_000);
    const after = await status();
    expect(after.documents.counters).toEqual(counters);
    expect([after.session_id, await countOf('command_taken')]).toEqual([before, taken]);
  },
  90_000,
);

commandLab(
  'an answer goes where whoever asks waits for it, but to nothing that others obey or believe',
  async () => {
    const wanted = `${ROOT}/cmd/desk/7/answer`;
    const asked = await signed('refresh_health');
    await publish(asked.topic, asked.file, { responseTopic: wanted, correlation: 'c0ffee' });
    await eventually('answered there', () => heardOn(wanted).length === 1, 5_000);
    const [answer] = heardOn(wanted);
    expect(answer).toMatchObject({
      document: { id: asked.id, outcome: 'command_done' },
      properties: { correlationData: { data: [0xc0, 0xff, 0xee] } },
    });
    expect(heardOn(`${asked.topic}/answer`)).toHaveLength(1);
    const astray = await signed('refresh_health');
    for (const responseTopic of [`${ROOT}/health`, 'elsewhere/answer', `${ROOT}/cmd/x/answer`]) {
      await publish(astray.topic, astray.file, { responseTopic });
      const isAnswered = () => heardOn(`${astray.topic}/answer`).length > 0;
      await eventually('answered at its own topic', isAnswered, 5_000);
      const strays = heardOn(responseTopic).filter(({ document }) => 'outcome' in document);
      expect([responseTopic, strays]).toEqual([responseTopic, []]);
    }
  },
  60_000,
);

commandLab(
  'a command that was taken before the power was cut is not carried out behind it',
  async () => {
    const { file } = await signed('terminate_session');
    const seen = auditOf(agent).length;
    expect((await sendFile(file)).code).toBe(0);
    await untilAudit(agent, 'ATTACHED', isAttached, 20_000, seen);
    const { session_id: before } = await status();
    await agent.stop('SIGKILL');
    agent = site.agent('gw1');
    await untilAudit(agent, 'ATTACHED', isAttached, 20_000);
    await eventually('it hears', async () => (await status()).telemetry.connected, 10_000);
    const again = await sendFile(file);
    expect([again.code, again.answer?.outcome]).toEqual([1, 'document_replayed']);
    expect((await status()).session_id).toBe(before);
    expect(auditOf(agent).filter(({ to }) => to === 'TERMINATED')).toEqual([]);
  },
  60_000,
);

commandLab(
  'the logs of both ends keep every invariant',
  async () => {
    for (const name of ['gw1', 'hub']) {
      const { stdout } = await site.jvpn('device', ['audit', site.path(`${name}.jsonl`), '--json']);
      const { invariants } = JSON.parse(stdout) as {
        invariants: readonly { id: string; violated: number }[];
      };
      expect(invariants.length).toBeGreaterThan(0);
      expect([name, invariants.filter(({ violated }) => violated > 0)]).toEqual([name, []]);
    }
    const ends = site.audit('hub').filter(({ to }) => to === 'TERMINATED');
    expect(ends.map(({ reason_code }) => reason_code)).toContain('command_terminated');
  },
  20_000,
);
