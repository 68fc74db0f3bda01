/**
 * Goal: the last line of `jvpn policy push` and its exit status are true: what no device follows is not called confirmed, and what
 * the broker keeps for those who are away is not replaced by what they would not take.
 *
 * Method: the command at a real mosquitto. What devices say there is written by the test: it is about what is made of that.
 */
import { afterAll, beforeAll, beforeEach, expect } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { runPolicyPush } from '../../agent/cli/policyPush.ts';
import { runPolicySign } from '../../agent/cli/policySign.ts';
import { policyFile, textOfBody } from '../../agent/cli/pushDocument.ts';
import { writePushFile } from '../../agent/cli/pushFile.ts';
import { reopenDocument, type SignedDocument } from '../../policies/signed/open.ts';
import { isRefused } from '../../policies/signed/refusal.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../lab/mosquitto.ts';
import type { LabProcess } from '../lab/process.ts';
import { testUnless } from '../obstacle.ts';
import { collect } from '../unit/agent/cli/collect.ts';

const KEY = Buffer.from(new Uint8Array(32).fill(7)).toString('base64');
const FLEET_TOPIC = 'jvpn/v1/jvpn/_fleet/policy/desired';
const TEST_MS = 30_000;

let folder = '';
let url = '';
let broker: LabProcess;
let peer: MqttClient;
/** Topics on which something is retained. */
const written = new Set<string>();

beforeAll(async () => {
  if (mosquittoObstacle !== null) return;
  folder = mkdtempSync(join(tmpdir(), 'jvpn-push-'));
  const port = await freePort();
  broker = await startMosquitto({ directory: folder, port });
  url = `mqtt://127.0.0.1:${port}`;
  peer = await connectAsync(url, { protocolVersion: 5 });
  write('key', `${KEY}\n`);
});

afterAll(async () => {
  await peer?.endAsync();
  await broker?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  for (const topic of written) await peer.publishAsync(topic, '', { qos: 1, retain: true });
  written.clear();
});

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const policy = (name: string, version: number) =>
  write(`${name}.toml`, `version = ${version}\nname = "${name}"\n`);

async function keep(topic: string, value: string | Buffer): Promise<void> {
  written.add(topic);
  await peer.publishAsync(topic, value, { qos: 1, retain: true });
}

/** A device that is there, or not any more, and reports this. */
async function device(
  name: string,
  changed: Readonly<Record<string, unknown>>,
  online = true,
): Promise<void> {
  const why = online ? null : 'lost';
  const presence = { v: 1, online, why, boot: 'b', connection: 1 };
  await keep(`jvpn/v1/jvpn/${name}/presence`, JSON.stringify(presence));
  const reported = { v: 1, confirmed: 4, on_trial: null, emergency: null, groups: [] };
  const all = { ...reported, last_step: null, last_refusal: null, counters: {}, ...changed };
  await keep(`jvpn/v1/jvpn/${name}/policy/reported`, JSON.stringify(all));
}

async function pushed(...argv: readonly string[]) {
  written.add(FLEET_TOPIC);
  const terminal = collect();
  const code = await runPolicyPush([...argv, '--broker', url, '--all'], terminal);
  return { code, said: [...terminal.errLines, ...terminal.outLines].join('\n') };
}

const key = () => ['--signing-key-file', join(folder, 'key')];
const toldTest = (name: string, body: () => Promise<void>) =>
  testUnless(mosquittoObstacle, name, body, TEST_MS);

toldTest(
  'a file that was edited under the same version is not sent, with a canary or without',
  async () => {
    await device('gw-1', { confirmed: 5 });
    expect(await pushed(policy('first', 5), ...key())).toMatchObject({
      ...{ code: 0, said: expect.stringContaining('done: 1 confirmed') },
    });
    const edited = policy('edited', 5);
    const back = ['--revert-to', policy('before', 4)];
    for (const more of [[], ['--canary', '1', ...back]]) {
      expect(await pushed(edited, ...key(), ...more)).toEqual({
        code: 1,
        said:
          'jvpn policy push: the broker keeps version 5 for fleet:jvpn, signed by this key, and it says something else: ' +
          'devices take a version once; raise the version to at least 6',
      });
    }
    // The same again is no news, and harmless.
    expect(await pushed(policy('first', 5), ...key())).toMatchObject({ code: 0 });
  },
);

toldTest(
  'where nobody is heard of nothing was done, and the last line says for whom nobody was',
  async () => {
    const argv = ['--answer-within', '2s', '--fleet', 'acmee'];
    written.add('jvpn/v1/acmee/_fleet/policy/desired');
    const told = await pushed(policy('first', 5), ...key(), ...argv);
    expect(told).toEqual({
      code: 1,
      said: [
        'rest: nobody of fleet:acmee reports here yet',
        'not done: nobody of fleet:acmee reports here; it waits at the broker',
      ].join('\n'),
    });
  },
);

toldTest('a signed file does not take the place of a newer one at the broker', async () => {
  await device('gw-1', { confirmed: 6 });
  const output = join(folder, 'older.cose');
  const signing = [...key(), '--target', 'fleet:jvpn', '--output', output];
  expect(await runPolicySign([policy('older', 5), ...signing], collect())).toBe(0);
  expect(await pushed(policy('newer', 6), ...key())).toMatchObject({ code: 0 });
  expect(await pushed(output)).toEqual({
    code: 1,
    said: 'jvpn policy push: the broker keeps version 6 for fleet:jvpn, which names the signer of FILE as its own: 5 is older',
  });
});

/** What is published for the fleet while `body` runs, each at once. */
async function watching(on: (document: SignedDocument) => void, body: () => Promise<void>) {
  const onMessage = (topic: string, payload: Buffer) => {
    const document = reopenDocument(payload);
    if (topic === FLEET_TOPIC && !isRefused(document)) on(document);
  };
  await peer.subscribeAsync(FLEET_TOPIC);
  peer.on('message', onMessage);
  try {
    await body();
  } finally {
    peer.off('message', onMessage);
    await peer.unsubscribeAsync(FLEET_TOPIC);
  }
}

toldTest('a policy that takes its devices off the broker is not done', async () => {
  await device('gw-1', {});
  await device('gw-2', {});
  const cutOff = async () => {
    for (const name of ['gw-1', 'gw-2']) {
      await device(name, { on_trial: 5 });
      await device(name, { on_trial: 5 }, false);
    }
  };
  await watching(
    () => void cutOff(),
    async () => {
      const { code, said } = await pushed(policy('deaf', 5), ...key(), '--answer-within', '13s');
      expect([code, said.split('\n').at(-1)]).toEqual([
        1,
        'not done: 0 confirmed, 2 still on trial, 2 of these gone',
      ]);
    },
  );
});

toldTest(
  'taken back from all when it expired long ago, devices are sent what they may take',
  async () => {
    await device('gw-1', { confirmed: 5 });
    const file = policy('late', 5);
    const bodyOf = (path: string) => textOfBody(policyFile(path).body);
    const nowS = Math.floor(Date.now() / 1_000);
    const state = join(folder, 'late.json');
    writePushFile(state, {
      ...{ v: 1, id: 'a1', fleet: 'jvpn', target: { level: 'fleet', name: 'jvpn' } },
      ...{
        version: 5,
        revertVersion: 6,
        body: bodyOf(file),
        revertBody: bodyOf(policy('back', 6)),
      },
      ...{ canary: '1', soak: '10m', abortIf: '' },
      ...{ notBeforeS: nowS - 10_800, expiresS: nowS - 7_200 },
      progress: { stage: 'rest', canary: ['gw-1'], soakedMs: 600_000, isWide: true, why: null },
    });
    const argv = [file, ...key(), '--canary', '1', '--state-file', state];
    expect(await pushed(...argv)).toEqual({
      code: 1,
      said: expect.stringContaining('nothing of it is sent. Take it back with --abort'),
    });
    const sent: SignedDocument[] = [];
    const follow = async (document: SignedDocument) => {
      sent.push(document);
      // Long enough for the push to hear its own document, which is none of somebody else.
      await Bun.sleep(1_000);
      await device('gw-1', { confirmed: document.version });
    };
    await watching(
      (document) => void follow(document),
      async () => {
        const { code, said } = await pushed(...argv, '--abort');
        expect([code, said.split('\n').at(-1)]).toEqual([
          1,
          expect.stringContaining('aborted: the operator asked for it; 1 confirmed'),
        ]);
      },
    );
    expect(sent.map(({ version }) => version)).toEqual([6]);
    expect(sent[0]?.expiresS).toBeGreaterThan(nowS + 29 * 86_400);
  },
);

/** Reports this once something is published for the fleet. */
async function answers(name: string, changed: Readonly<Record<string, unknown>>) {
  await device(name, {});
  const asks = await connectAsync(url, { protocolVersion: 5 });
  asks.on('message', (_topic, payload) => {
    if (payload.length > 0) device(name, changed).catch(() => {});
  });
  await asks.subscribeAsync(FLEET_TOPIC, { qos: 1 });
  return { [Symbol.asyncDispose]: () => asks.endAsync() };
}

toldTest('who refused it or rolled it back is named, with the reason it gave', async () => {
  const step = { code: 'policy_rolled_back', version: 5, why: 'confirm_window_over', ts_ms: 1 };
  const refusal = { code: 'document_invalid', version: 5, kind: 'policy', ts_ms: 1, why: 'cost' };
  await using _one = await answers('gw-1', { last_step: step });
  await using _other = await answers('gw-2', { last_refusal: refusal });
  const counts = '0 confirmed, 1 rolled back, 1 refused';
  const told = await pushed(policy('first', 5), ...key());
  const named =
    'gw-1 rolled it back (policy_rolled_back: confirm_window_over), gw-2 refused it (document_invalid: cost)';
  expect(told.said).toContain(`not done: ${counts}; ${named}; the last one after`);
  for (const name of ['gw-1', 'gw-2']) await device(name, {});
  await peer.publishAsync(FLEET_TOPIC, '', { qos: 1, retain: true });
  const { said } = await pushed(policy('first', 5), ...key(), '--json');
  expect(JSON.parse(said.split('\n').at(-1) ?? '')).toMatchObject({
    ...{ ok: false, why: counts },
    failures: [
      { device: 'gw-1', outcome: 'rolled_back', code: step.code, why: step.why },
      { device: 'gw-2', outcome: 'refused', code: 'document_invalid', why: 'cost' },
    ],
  });
});
