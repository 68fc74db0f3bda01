/**
 * Goal: the device's channel works with a WireGuard that nobody here wrote.
 *
 * ```text
 *   device ── eth0 10.90.0.2/24 ═══ veth ═══ 10.90.0.1/24 eth0 ── server (Debian's wireguard-go)
 *      jvpn0 10.91.0.2                                          wg…  10.91.0.1
 * ```
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { newKeyPair } from '../../agent/cli/keygen.ts';
import { folderForTests } from '../folder.ts';
import { MeterWitness, spentOnFlash } from '../lab/meterWitness.ts';
import { Namespace, newStem } from '../lab/namespace.ts';
import { eventually, LabProcess, run } from '../lab/process.ts';
import { startWireguard } from '../lab/wireguard.ts';

const ROOT = resolve(import.meta.dir, '../..');
const BUN = process.execPath;
const folder = folderForTests('jvpn-plain-');
const wgName = `wg${process.pid}`;
const device = newKeyPair();
const server = newKeyPair();
let namespaces: Namespace[] = [];
let wireguard: LabProcess;

beforeAll(async () => {
  const stem = newStem();
  namespaces = await Namespace.create([`${stem}-device`, `${stem}-server`]);
  const [here, there] = namespaces as [Namespace, Namespace];
  await run([
    ...['ip', 'link', 'add', 'eth0', 'index', '11', 'netns', here.name, 'type', 'veth'],
    ...['peer', 'name', 'eth0', 'index', '22', 'netns', there.name],
  ]);
  await here.ip([
    'addr add 10.90.0.2/24 dev eth0',
    'link set eth0 up',
    'link set lo up',
    'route add default via 10.90.0.1',
  ]);
  await there.ip(['addr add 10.90.0.1/24 dev eth0', 'link set eth0 up', 'link set lo up']);
  const keyFile = join(folder, 'server.key');
  writeFileSync(keyFile, `${server.privateKey}\n`, { mode: 0o600 });
  wireguard = await startWireguard(there, wgName);
  await there.exec([
    ...['wg', 'set', wgName, 'listen-port', '51820', 'private-key', keyFile],
    ...['peer', device.publicKey, 'allowed-ips', '10.91.0.2/32'],
  ]);
  await there.ip([`addr add 10.91.0.1/24 dev ${wgName}`, `link set ${wgName} up`]);
});

afterAll(async () => {
  await wireguard?.[Symbol.asyncDispose]();
  for (const namespace of namespaces) await namespace[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const ping = (count: number) =>
  namespaces[0]!.exec(['ping', '-c', String(count), '-i', '0.2', '-W', '2', '10.91.0.1'], {
    mayFail: true,
  });

async function handshakeAtS(): Promise<number> {
  const { stdout } = await namespaces[1]!.exec(['wg', 'show', wgName, 'latest-handshakes']);
  return Number(stdout.trim().split('\t')[1]);
}

const tunMtu = async (here: Namespace) =>
  JSON.parse((await here.exec(['ip', '-j', 'link', 'show', 'jvpn0'])).stdout)[0].mtu;

/** Outer IPv4 packets that did not fit in one piece. */
async function fragmentsMade(here: Namespace): Promise<number> {
  const [names = '', values = ''] = (await here.exec(['cat', '/proc/net/snmp'])).stdout
    .split('\n')
    .filter((line) => line.startsWith('Ip: '));
  return Number(values.split(' ')[names.split(' ').indexOf('FragCreates')]);
}

test('the agent attaches to wireguard-go and carries pings', async () => {
  writeFileSync(join(folder, 'device.key'), `${device.privateKey}\n`, { mode: 0o600 });
  const config = join(folder, 'agent.toml');
  writeFileSync(
    config,
    `[identity]
private_key_file = "device.key"
[hub]
public_key = "${server.publicKey}"
endpoints = ["10.90.0.1:51820"]
mode = "plain"
[links.eth0]
kind = "ethernet"
[tunnel]
addresses = ["10.91.0.2/24"]
allowed = ["10.91.0.0/24"]
[state]
directory = "state"
[control]
socket = "agent.sock"
[audit]
file = "audit.jsonl"
[policy]
file = "policy.toml"
`,
  );
  writeFileSync(
    join(folder, 'policy.toml'),
    '[links.ethernet]\ncost_class = "metered"\ndaily_bytes_max = 1_000_000\n',
  );
  const witness = await MeterWitness.start(namespaces[0]!, 'eth0');
  await using agent = new LabProcess(
    namespaces[0]!.argv([BUN, join(ROOT, 'agent/jvpn.ts'), 'agent', '--config', config, '--json']),
  );
  await agent.until((lines) => lines.some((line) => line.includes('"ready":true')), 10_000);
  expect((await ping(5)).stdout).toContain(' 0% packet loss');
  expect(await handshakeAtS()).toBeGreaterThan(0);

  const status = await run([
    BUN,
    join(ROOT, 'agent/jvpn.ts'),
    'status',
    '--socket',
    join(folder, 'agent.sock'),
    '--json',
  ]);
  const value = JSON.parse(status.stdout);
  expect([value.mode, value.binding]).toEqual(['plain', 'eth0→10.90.0.1:51820']);
  expect(value.state).toContain('no session guarantees');

  // The keys are older than the change: their padding must follow it as well.
  const [here] = namespaces as [Namespace];
  expect([value.mtu_bytes, await tunMtu(here)]).toEqual([1_440, 1_440]);
  await here.ip(['link set eth0 mtu 1400']);
  await eventually('the tun narrows', async () => (await tunMtu(here)) === 1_340, 5_000);
  const whole = ['ping', '-c', '2', '-i', '0.2', '-M', 'do', '-s', '1312', '-W', '2', '10.91.0.1'];
  expect((await here.exec(whole)).stdout).toContain(' 0% packet loss');
  expect(await fragmentsMade(here)).toBe(0);
  await here.ip(['link set eth0 mtu 1500']);
  agent.signal('SIGTERM');
  expect(await agent.exited).toBe(0);
  // A stop in order charges what passed, as in a session.
  expect(spentOnFlash(join(folder, 'state'), 'eth0')?.bytes).toBe(await witness.bytes());
}, 30_000);

test('rekey: with the timer at 3 s wireguard-go sees new handshakes while pings go on', async () => {
  const setup = {
    privateKey: device.privateKey,
    hubPublicKey: server.publicKey,
    endpoint: '10.90.0.1:51820',
    rekeyAfterMs: 3_000,
  };
  await using shell = new LabProcess(
    namespaces[0]!.argv([BUN, join(import.meta.dir, 'plainDevice.ts'), JSON.stringify(setup)]),
  );
  await shell.until((lines) => lines.includes('ready'), 10_000);
  expect((await ping(3)).stdout).toContain(' 0% packet loss');
  const firstAtS = await handshakeAtS();
  const flow = ping(40);
  await eventually('a later handshake', async () => (await handshakeAtS()) >= firstAtS + 6, 12_000);
  expect((await flow).stdout).toContain(' 0% packet loss');
}, 40_000);
