/**
 * Goal: no secret leaves a daemon, whatever it is asked, told to print or given to choke on; and nobody else can ask.
 *
 * Method: hub, device and broker in namespaces with everything at its loudest, every output collected, and each key of the
 * run looked for in all of them in every usual spelling. The compiled binaries are searched for the keys that can be read
 * from files, a run from source for all that its key derivations ever made (test/lab/changeSource.ts). A leak put in on
 * purpose has to be found.
 */

import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FLASH_SLOT_BYTES, Memory } from '../../agent/memory.ts';
import { nodeDh } from '../../hal/linux/ciphers.ts';
import { openFlash } from '../../hal/linux/flash.ts';
import { decodeRecord } from '../../hub/recordBlob.ts';
import { decodeKey, newIdentity } from '../../session/channel/identity.ts';
import { deriveSealKey } from '../../session/flash/seal.ts';
import { changedSource, type SourceChange } from '../lab/changeSource.ts';
import { mosquittoObstacle } from '../lab/mosquitto.ts';
import { Needles } from '../lab/needles.ts';
import { asNobody, isRootHere } from '../lab/nobody.ts';
import { eventually, run } from '../lab/process.ts';
import { filesBelow, PASSWORD, SecretScene } from '../lab/secretScene.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { testUnless } from '../obstacle.ts';
import { buildBinary } from './binary.ts';

let net: Topology;
let build: string;
let binary: string;
const umask = process.umask();

beforeAll(async () => {
  net = await topology({ seed: 13 });
  build = mkdtempSync(join(tmpdir(), 'jvpn-secrets-'));
  binary = await buildBinary(build);
  chmodSync(build, 0o755);
  process.umask(0); // as hostile as it gets: nothing but the daemons' own care keeps a file private
}, 120_000);

afterAll(async () => {
  process.umask(umask);
  await net?.[Symbol.asyncDispose]();
  rmSync(build, { recursive: true, force: true });
});

const keyIn = (file: string) => {
  const key = decodeKey(readFileSync(file, 'utf8').trim());
  if (!key.ok) throw new Error(`${file}: ${key.code}`);
  return key.value;
};

/** The keys that lie in files, and what follows from them. */
function keysOf({ site }: SecretScene): Needles {
  const needles = new Needles();
  const device = keyIn(site.path('gw.key'));
  for (const [name, key] of [
    ['device', device],
    ['hub', keyIn(site.path('hub.key'))],
  ] as const) {
    needles.add(`private key of the ${name}`, key);
    needles.add(`clamped key of the ${name}`, newIdentity(key, nodeDh).privateKey);
  }
  needles.add('preshared key', keyIn(site.path('psk')));
  const other = site.path('other.key');
  if (existsSync(other)) needles.add('a wrong preshared key', keyIn(other));
  needles.add('seal key', deriveSealKey(device));
  needles.addText('MQTT password', PASSWORD);
  const flash = openFlash(site.path('gw.state'), FLASH_SLOT_BYTES);
  const secret = flash.ok ? new Memory(flash.value, device).remembered?.secret : null;
  if (secret != null) needles.add('resumption secret', secret);
  addRecords(needles, site.path('store/hub.db'));
  return needles;
}

/** Of the hub's store, which holds them in clear: secrets and memory keys of the record. */
function addRecords(needles: Needles, file: string): void {
  const database = new Database(file, { readonly: true });
  const rows = database.query('SELECT record FROM sessions').all() as { record: Uint8Array }[];
  database.close();
  for (const { record: blob } of rows) {
    const record = decodeRecord(blob);
    if (record === null) throw new Error('the record cannot be read');
    const { secret, previousSecret, memoryKey, predecessorMemoryKey } = record;
    const keys = { secret, previousSecret, memoryKey, predecessorMemoryKey };
    for (const [name, key] of Object.entries(keys)) if (key !== null) needles.add(name, key);
  }
}

const leaks = (scene: SecretScene, needles: Needles) =>
  scene.outputs.flatMap(({ where, content }) => needles.find(where, content));

/** Mistakes of people who have a key in their hands. */
async function misconfigure(scene: SecretScene): Promise<void> {
  const { site } = scene;
  const key = readFileSync(site.path('gw.key'), 'utf8').trim();
  const psk = readFileSync(site.path('psk'), 'utf8').trim();
  const good = readFileSync(site.path('gw.toml'), 'utf8');
  const put = (from: string, to: string) => good.replace(from, to);
  const publicKey = `public_key = "${site.hubPublicKey}"`;
  const mistakes: Readonly<Record<string, string>> = {
    inline: put('private_key_file = "gw.key"', `private_key = "${key}"`),
    asPath: put('"gw.key"', `"${key}"`),
    asPskPath: put('"psk"', `"${psk}"`),
    tooLong: put(publicKey, `public_key = "${key}A"`),
    tooShort: put(publicKey, `public_key = "${key.slice(0, 42)}="`),
    asName: put('name = "gw"', `name = "${key}"`),
    asTable: put('[links.eth0]', `[links."${key}"]`),
    asBareTable: put('[links.eth0]', `[links.${key.replaceAll(/[+/=]/g, '_')}]`),
    asNumber: put('port = ', 'port = ').concat(`\nextra = ${key}\n`),
    unclosed: put('"gw.key"', `"${key}`),
    asUrl: put('url = "mqtt://', `url = "http://gw:${PASSWORD}@`),
    asUser: put('username = "gw"', `username = "gw"\npassword = "${PASSWORD}"`),
  };
  for (const [name, text] of Object.entries(mistakes)) {
    writeFileSync(site.path(`bad.${name}.toml`), text);
    const code = await scene.run('device', 'agent', '--config', site.path(`bad.${name}.toml`));
    expect([name, code > 0]).toEqual([name, true]);
    // What the two readers of TOML have in common is enough to have been seen once.
    if (/^as(Number|Table)$/.test(name)) {
      await scene.run('device', 'policy', 'lint', site.path(`bad.${name}.toml`));
    }
  }
  // The key file itself as something else: a configuration, a policy, a log, a shorter key.
  const file = site.path('gw.key');
  await scene.run('device', 'agent', '--config', file);
  await scene.run('device', 'policy', 'lint', file);
  await scene.run('device', 'audit', file);
  await scene.run('device', 'audit', file, '--policy', file);
  for (const [name, text] of Object.entries({
    short: key.slice(0, 40),
    long: `${key}${key}`,
    hex: Buffer.from(key, 'base64').toString('hex'),
  })) {
    writeFileSync(site.path(`${name}.key`), `${text}\n`, { mode: 0o600 });
    writeFileSync(site.path(`bad.${name}.toml`), put('"gw.key"', `"${name}.key"`));
    expect(await scene.run('device', 'agent', '--config', site.path(`bad.${name}.toml`))).toBe(2);
    const enroll = ['enroll', '--config', site.path('hub.toml'), '--name', 'x'];
    await scene.run(
      'hub',
      ...enroll,
      '--public-key',
      site.path('gw.key'),
      '--psk-file',
      site.path(`${name}.key`),
    );
  }
}

test('the search knows its keys: a file that holds one is found out', async () => {
  const needles = new Needles();
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-needle-'));
  await run([binary, 'keygen', '--private-key-file', join(folder, 'a.key')]);
  needles.add('key', keyIn(join(folder, 'a.key')));
  expect(needles.find('file', readFileSync(join(folder, 'a.key'))).length).toBeGreaterThan(0);
  rmSync(folder, { recursive: true });
});

testUnless(
  mosquittoObstacle,
  'compiled binaries: no key in any output, log, message, argument, environment or answer',
  async () => {
    await using scene = new SecretScene(net, binary);
    await scene.prepare();
    await scene.broker();
    await scene.attach();
    await eventually('reports over MQTT', () => scene.messages.length >= 2, 20_000);
    await scene.live();
    await scene.interrogate();
    const others = modesOf(scene);
    await scene.failHandshakes();
    await scene.finish();
    const { site } = scene;
    const logs = [site.path('log/gw.jsonl'), site.path('log/hub.jsonl')];
    expect(await scene.run('hub', 'audit', ...logs)).toBe(0);
    await scene.run('hub', 'audit', ...logs, '--json');
    await misconfigure(scene);

    const needles = keysOf(scene);
    expect(needles.count).toBeGreaterThanOrEqual(9);
    expect(scene.outputs.length).toBeGreaterThan(80);
    expect(leaks(scene, needles)).toEqual([]);
    expect(others).toEqual([]);
  },
  120_000,
);

/** Files and folders of the daemons that somebody else might use, with a umask that forbids nothing. */
function modesOf({ site }: SecretScene): readonly string[] {
  // Written by this test: configurations and the broker's.
  const own = /\.(toml|conf|password)$|\/psk$/;
  const seen = filesBelow(site.folder).filter((path) => !own.test(path));
  const names = seen.map((path) => path.slice(site.folder.length + 1));
  for (const name of [
    ...['gw.key', 'hub.key', 'gw.state', 'gw.state/slot0', 'gw.state/slot1'],
    ...['store', 'store/hub.db', 'store/hub.db-wal', 'run', 'run/gw.sock', 'run/hub.sock'],
    ...['log', 'log/gw.jsonl', 'log/hub.jsonl'],
  ]) {
    expect(names).toContain(name);
  }
  return seen.flatMap((path, at) => {
    const info = lstatSync(path);
    const mode = info.mode & 0o777;
    const wanted = info.isDirectory() ? 0o700 : 0o600;
    return mode === wanted ? [] : [`${names[at]} is ${mode.toString(8)}`];
  });
}

/** What writes `bytes` of every key that is ever derived into a file that is no output. */
const recorder = (file: string): readonly SourceChange[] => {
  const record = (name: string, value: string) =>
    `require('node:fs').appendFileSync(${JSON.stringify(file)}, ${JSON.stringify(`${name} `)} + Buffer.from(${value}).toString('hex') + '\\n', { mode: 0o600 });`;
  const noted = (name: string, expression: string) =>
    `{ const made = ${expression}; ${record(name, 'made')} return made; }`;
  // biome-ignore format: this is a table
  return [
    { file: 'session/noise/kdf.ts', from: 'hmac(blake2s, key, message);', to: `${noted('derived', 'hmac(blake2s, key, message)')};` },
    { file: 'session/hub/keys.ts', from: 'function issue(what: string, { frame }', to: `function issue(what: string, claim: ClaimEvent, config: SeatConfig) ${noted('issued', 'issueIt(what, claim, config)')}
function issueIt(what: string, { frame }` },
    { file: 'session/flash/seal.ts', from: 'return hkdf(blake2s, privateKey, undefined, utf8ToBytes(LABEL), 32);', to: noted('seal', 'hkdf(blake2s, privateKey, undefined, utf8ToBytes(LABEL), 32)') },
    { file: 'hal/linux/libcryptoDh.ts', from: '    shared.fill(0);\n', to: `    if (answer !== null && publicKey[0] !== 9) ${record('shared', 'answer')}\n    shared.fill(0);\n` },
    { file: 'agent/handshakes.ts', from: '    const created = createInitiation({', to: `    ${record('ephemeral', 'ephemeralPrivate')}\n    const created = createInitiation({` },
  ];
};

function recordedIn(file: string): Needles {
  const needles = new Needles();
  for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const [name = '', hex = ''] = line.split(' ');
    needles.add(name, Buffer.from(hex, 'hex'));
  }
  return needles;
}

async function fromSource(scene: SecretScene, leak: readonly SourceChange[]): Promise<Needles> {
  const file = scene.site.path('recorded');
  const env = changedSource([...recorder(file), ...leak]);
  await scene.prepare(env);
  await scene.attach(env);
  return recordedIn(file);
}

test('from source: nothing that the key derivations ever made is in any output', async () => {
  await using scene = new SecretScene(net);
  const first = await fromSource(scene, []);
  expect(first.count).toBeGreaterThan(30);
  await scene.interrogate();
  await scene.finish();
  const all = recordedIn(scene.site.path('recorded'));
  expect(all.count).toBeGreaterThanOrEqual(first.count);
  expect(leaks(scene, all)).toEqual([]);
  expect(leaks(scene, keysOf(scene))).toEqual([]);
}, 120_000);

test('a leak put in on purpose is found, at the device and at the hub', async () => {
  await using scene = new SecretScene(net);
  await fromSource(scene, [
    {
      file: 'agent/daemon.ts',
      from: "        if (message.kind === 'persist') message.durable",
      to: "        if (message.kind === 'persist' && message.durable.secret !== null) console.error('saved', message.durable.secret);\n        if (message.kind === 'persist') message.durable",
    },
    {
      file: 'session/hub/commit.ts',
      from: '    claimReason: reasonCode,\n',
      to: '    claimReason: reasonCode,\n    debug: btoa(String.fromCharCode(...draft.record!.memoryKey)),\n',
    },
  ]);
  await scene.finish();
  const found = leaks(scene, keysOf(scene));
  const places = found.map(
    ({ what, where }) => `${what.replace(/ \(.*/, '')}: ${where.replace(/.*\//, '')}`,
  );
  expect(places).toContain('resumption secret: agent gw standard error');
  expect(places).toContain('memoryKey: hub.jsonl');
}, 120_000);

testUnless(
  isRootHere ? null : 'only root can become another user',
  'another user gets no answer from a control socket and reads none of the files',
  async () => {
    await using scene = new SecretScene(net, binary);
    await scene.prepare();
    await scene.attach();
    const { site } = scene;
    const asked = (name: string) => [
      binary,
      'status',
      '--json',
      '--socket',
      site.path(`run/${name}.sock`),
    ];
    const ask = (name: string) => run(asNobody(asked(name)), { mayFail: true });
    // The folders keep others out already; here only the files themselves do.
    const folders = filesBelow(site.folder).filter((path) => lstatSync(path).isDirectory());
    for (const folder of [site.folder, ...folders]) chmodSync(folder, 0o755);
    for (const name of ['hub', 'gw']) {
      const { code, stdout, stderr } = await ask(name);
      expect([name, code, stdout]).toEqual([name, 1, '']);
      expect(stderr).toMatch(/permission/i);
      expect((await run(asked(name))).code).toBe(0);
    }
    const secret = filesBelow(site.folder).filter((path) =>
      /\.key$|slot|hub\.db|\.jsonl$/.test(path),
    );
    expect(secret.length).toBeGreaterThanOrEqual(7);
    for (const path of secret) {
      const { code } = await run(asNobody(['cat', path]), { mayFail: true });
      expect([path, code]).toEqual([path, 1]);
    }
    // It is the mode that refuses: without it the same command has its answer.
    chmodSync(site.path('run/gw.sock'), 0o666);
    expect((await ask('gw')).code).toBe(0);
  },
  120_000,
);
