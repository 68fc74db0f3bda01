/**
 * Goal: our hub serves a WireGuard client that nobody here wrote, and turns away what it should.
 *
 * ```text
 *   client (Debian's wireguard-go) ── eth0 10.92.0.2/24 ═══ veth ═══ 10.92.0.1/24 eth0 ── hub
 *      wg…  10.93.0.2/24                                          jvpn0 10.93.0.1/24
 * ```
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { newKeyPair } from '../../agent/cli/keygen.ts';
import { folderForTests } from '../folder.ts';
import { Namespace, newStem } from '../lab/namespace.ts';
import { eventually, LabProcess, run } from '../lab/process.ts';
import { startWireguard } from '../lab/wireguard.ts';

const ROOT = resolve(import.meta.dir, '../..');
const JVPN = [process.execPath, join(ROOT, 'agent/jvpn.ts')];
const folder = folderForTests('jvpn-hub-');
const wgName = `wgc${process.pid}`;
const config = join(folder, 'hub.toml');
const client = newKeyPair();
const hub = newKeyPair();
let namespaces: Namespace[] = [];
let wireguard: LabProcess;

beforeAll(async () => {
  const stem = newStem();
  namespaces = await Namespace.create([`${stem}-client`, `${stem}-hub`]);
  const [here, there] = namespaces as [Namespace, Namespace];
  await run([
    ...['ip', 'link', 'add', 'eth0', 'index', '31', 'netns', here.name, 'type', 'veth'],
    ...['peer', 'name', 'eth0', 'index', '42', 'netns', there.name],
  ]);
  await here.ip(['addr add 10.92.0.2/24 dev eth0', 'link set eth0 up', 'link set lo up']);
  await there.ip(['addr add 10.92.0.1/24 dev eth0', 'link set eth0 up', 'link set lo up']);

  writeFileSync(join(folder, 'hub.key'), `${hub.privateKey}\n`, { mode: 0o600 });
  writeFileSync(
    config,
    `[identity]
private_key_file = "hub.key"
[listen]
port = 51821
[pool]
inner4 = "10.93.0.0/24"
[state]
database = "hub.sqlite"
[control]
socket = "hub.sock"
[audit]
file = "hub.jsonl"
`,
  );
  await enroll('--public-key', client.publicKey, '--name', 'stock', '--mode', 'plain');

  const keyFile = join(folder, 'client.key');
  writeFileSync(keyFile, `${client.privateKey}\n`, { mode: 0o600 });
  wireguard = await startWireguard(here, wgName);
  await here.exec(['wg', 'set', wgName, 'private-key', keyFile]);
  await here.ip([`addr add 10.93.0.2/24 dev ${wgName}`, `link set ${wgName} up`]);
});

afterAll(async () => {
  await wireguard?.[Symbol.asyncDispose]();
  for (const namespace of namespaces) await namespace[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function enroll(...flags: string[]) {
  const { stdout } = await run([...JVPN, 'enroll', '--config', config, '--json', ...flags]);
  return JSON.parse(stdout);
}

async function startHub(
  argv = [...JVPN, 'hub', '--config', config, '--json'],
): Promise<LabProcess> {
  const started = new LabProcess(namespaces[1]!.argv(argv), { name: 'hub' });
  await started.untilJson<{ ready?: boolean }>((line) => line.ready === true, 10_000);
  return started;
}

/** The client forgets its keys and timers: its next packet makes a handshake at once. */
async function freshClient(): Promise<void> {
  const [here] = namespaces as [Namespace, Namespace];
  await here.exec(['wg', 'set', wgName, 'peer', hub.publicKey, 'remove'], { mayFail: true });
  await here.exec([
    ...['wg', 'set', wgName, 'peer', hub.publicKey],
    ...['endpoint', '10.92.0.1:51821', 'allowed-ips', '10.93.0.0/24'],
  ]);
}

async function ask(command: 'status' | 'sessions') {
  const socket = join(folder, 'hub.sock');
  const { stdout } = await run([...JVPN, command, '--socket', socket, '--json']);
  return JSON.parse(stdout);
}

const ping = (count: number, interval = 0.2) =>
  namespaces[0]!.exec(
    ['ping', '-c', String(count), '-i', String(interval), '-W', '2', '10.93.0.1'],
    { mayFail: true },
  );

async function handshakeAtS(): Promise<number> {
  const { stdout } = await namespaces[0]!.exec(['wg', 'show', wgName, 'latest-handshakes']);
  return Number(stdout.trim().split('\t')[1]);
}

test('a stock client shakes hands and carries pings', async () => {
  await using _hub = await startHub();
  await freshClient();
  expect((await ping(5)).stdout).toContain(' 0% packet loss');
  expect(await handshakeAtS()).toBeGreaterThan(0);
  const [peer] = await ask('sessions');
  expect(peer).toMatchObject({ mode: 'plain', name: 'stock', inner4: '10.93.0.2/32' });
  expect(peer.binding).toStartWith('10.92.0.2:');
  expect(peer.traffic).toMatchObject({ sent: 5, received: 5 });
}, 30_000);

test('a restarted hub is found again by the client’s next handshake', async () => {
  await using first = await startHub();
  await freshClient();
  expect((await ping(2)).stdout).toContain(' 0% packet loss');
  first.signal('SIGKILL');
  await first.exited;
  await using _second = await startHub();
  await eventually('pings again', async () => (await ping(1)).code === 0, 40_000);
}, 60_000);

test('an inner address that is not the client’s is dropped and counted', async () => {
  await using _hub = await startHub();
  await freshClient();
  expect((await ping(1)).code).toBe(0);
  const [here] = namespaces as [Namespace, Namespace];
  await here.ip([`addr add 10.93.0.77/24 dev ${wgName}`]);
  const stolen = await here.exec(
    ['ping', '-c', '3', '-i', '0.2', '-W', '1', '-I', '10.93.0.77', '10.93.0.1'],
    { mayFail: true },
  );
  expect(stolen.stdout).toContain('100% packet loss');
  await here.ip([`addr del 10.93.0.77/24 dev ${wgName}`]);
  expect((await ask('status')).counters.source_forbidden).toBe(3);
}, 30_000);

test('nonsense from the network is counted and changes nothing', async () => {
  await using _hub = await startHub();
  await freshClient();
  expect((await ping(2)).stdout).toContain(' 0% packet loss');
  const foreign = async () => {
    const { counters } = await ask('status');
    return counters.malformed_datagram + counters.wrong_key_datagram;
  };
  const before = await foreign();
  const script = `
    const socket = await Bun.udpSocket({});
    for (let at = 0; at < 300; at++) {
      const datagram = crypto.getRandomValues(new Uint8Array(1 + (at * 7) % 1400));
      const head = [[1, 2, 3, 4, 16, 17, 18][at % 7], at % 2, 0, 0];
      if (at % 3 === 0 && datagram.length >= 4) datagram.set(head);
      while (!socket.send(datagram, 51821, '10.92.0.1')) await Bun.sleep(1);
    }
    socket.close();`;
  await namespaces[0]!.exec([process.execPath, '-e', script]);
  await eventually('all counted', async () => (await foreign()) >= before + 300, 5_000);
  expect(await foreign()).toBe(before + 300);
  expect((await ping(2)).stdout).toContain(' 0% packet loss');
}, 30_000);

test('the hub calls back a client whose keys ran out, and renews them while it sends', async () => {
  const times = { rekeyAfterMs: 2_000, rejectAfterMs: 4_000, rekeyTimeoutMs: 1_000 };
  const script = join(import.meta.dir, 'plainHub.ts');
  await using _hub = await startHub([process.execPath, script, config, JSON.stringify(times)]);
  await freshClient();
  expect((await ping(1)).code).toBe(0);
  const firstAtS = await handshakeAtS();
  const [, there] = namespaces as [Namespace, Namespace];
  const flow = await there.exec(['ping', '-c', '50', '-i', '0.2', '-W', '2', '10.93.0.2']);
  expect(flow.stdout).toContain(' 0% packet loss');
  expect(await handshakeAtS()).toBeGreaterThanOrEqual(firstAtS + 6);
}, 40_000);

test('rekey after 120 s: the client renews its keys and no ping is lost', async () => {
  await using _hub = await startHub();
  await freshClient();
  expect((await ping(1)).code).toBe(0);
  const firstAtS = await handshakeAtS();
  const flow = ping(124, 1);
  await eventually('a second handshake', async () => (await handshakeAtS()) > firstAtS, 130_000);
  expect((await flow).stdout).toContain(' 0% packet loss');
  expect((await handshakeAtS()) - firstAtS).toBeGreaterThanOrEqual(119);
  expect((await ask('status')).handshakes).toBe(2);
}, 140_000);

test('a revoked client is cut at once, with the hub running, and the log says why', async () => {
  await using _hub = await startHub();
  await freshClient();
  expect((await ping(1)).code).toBe(0);
  const other = newKeyPair();
  await enroll('--public-key', other.publicKey, '--name', 'other', '--mode', 'plain');
  await enroll('--revoke', 'other');
  expect((await ping(1)).code).toBe(0);
  await enroll('--revoke', 'stock');
  await freshClient();
  expect((await ping(2)).stdout).toContain('100% packet loss');
  expect((await ask('status')).counters.revoked).toBeGreaterThan(0);
  const rows = readFileSync(join(folder, 'hub.jsonl'), 'utf8').trim().split('\n');
  const refusal = rows.map((row) => JSON.parse(row)).find((row) => row.reason_code === 'revoked');
  expect(refusal).toMatchObject({ event: 'refusal', device: client.publicKey });
}, 30_000);
