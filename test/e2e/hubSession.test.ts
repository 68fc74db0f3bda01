/**
 * Goal: a session lives in the hub's store: it outlives the hub's process, and ends when told.
 *
 * ```text
 *   device ── eth0 10.94.0.2/24 ═══ veth ═══ 10.94.0.1/24 eth0 ── hub
 *      jvpn0 10.95.0.2, fd95::2                         jvpn0 10.95.0.1, fd95::1
 * ```
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { newKeyPair } from '../../agent/cli/keygen.ts';
import type { AuditRow } from '../../hal/linux/auditLog.ts';
import { folderForTests } from '../folder.ts';
import { Namespace, newStem } from '../lab/namespace.ts';
import { eventually, LabProcess, run } from '../lab/process.ts';

const ROOT = resolve(import.meta.dir, '../..');
const JVPN = [process.execPath, join(ROOT, 'agent/jvpn.ts')];
const folder = folderForTests('jvpn-session-');
const hubConfig = join(folder, 'hub.toml');
const agentConfig = join(folder, 'agent.toml');
const device = newKeyPair();
const hub = newKeyPair();
let namespaces: Namespace[] = [];

beforeAll(async () => {
  const stem = newStem();
  namespaces = await Namespace.create([`${stem}-device`, `${stem}-hub`]);
  const [here, there] = namespaces as [Namespace, Namespace];
  await run([
    ...['ip', 'link', 'add', 'eth0', 'index', '51', 'netns', here.name, 'type', 'veth'],
    ...['peer', 'name', 'eth0', 'index', '62', 'netns', there.name],
  ]);
  await here.ip([
    'addr add 10.94.0.2/24 dev eth0',
    'link set eth0 up',
    'link set lo up',
    'route add default via 10.94.0.1',
  ]);
  await there.ip(['addr add 10.94.0.1/24 dev eth0', 'link set eth0 up', 'link set lo up']);

  writeFileSync(join(folder, 'hub.key'), `${hub.privateKey}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'device.key'), `${device.privateKey}\n`, { mode: 0o600 });
  writeFileSync(
    hubConfig,
    `[identity]
private_key_file = "hub.key"
[listen]
port = 51822
[pool]
inner4 = "10.95.0.0/24"
inner6 = "fd95::/64"
[state]
database = "hub.sqlite"
[control]
socket = "hub.sock"
[audit]
file = "hub.jsonl"
`,
  );
  writeFileSync(
    agentConfig,
    `[identity]
private_key_file = "device.key"
[hub]
public_key = "${hub.publicKey}"
endpoints = ["10.94.0.1:51822"]
[links.eth0]
kind = "ethernet"
[state]
directory = "state"
[control]
socket = "agent.sock"
[audit]
file = "agent.jsonl"
`,
  );
  const enroll = ['enroll', '--config', hubConfig, '--public-key', device.publicKey];
  await run([...JVPN, ...enroll, '--name', 'gw-1']);
});

afterAll(async () => {
  for (const namespace of namespaces) await namespace[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function start(role: 'agent' | 'hub'): Promise<LabProcess> {
  const namespace = namespaces[role === 'agent' ? 0 : 1]!;
  const config = role === 'agent' ? agentConfig : hubConfig;
  const started = new LabProcess(namespace.argv([...JVPN, role, '--config', config, '--json']), {
    name: role,
  });
  await started.untilJson<{ ready?: boolean }>((line) => line.ready === true, 10_000);
  return started;
}

async function session() {
  const socket = join(folder, 'hub.sock');
  const { stdout } = await run([...JVPN, 'sessions', '--socket', socket, '--json']);
  return JSON.parse(stdout)[0];
}

async function attached() {
  await eventually('attached', async () => (await session()).is_carrying === true, 20_000);
  return session();
}

const ping = (target: string, count = 3) =>
  namespaces[0]!.exec(['ping', '-c', String(count), '-i', '0.2', '-W', '2', target], {
    mayFail: true,
  });

const rows = (): AuditRow[] =>
  readFileSync(join(folder, 'hub.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a device attaches, gets its addresses and carries both families', async () => {
  await using _hub = await start('hub');
  await using _agent = await start('agent');
  expect(await attached()).toMatchObject({
    name: 'gw-1',
    state: 'ATTACHED',
    inner4: '10.95.0.2/32',
    inner6: 'fd95::2/128',
  });
  expect((await ping('10.95.0.1')).stdout).toContain(' 0% packet loss');
  expect((await ping('fd95::1')).stdout).toContain(' 0% packet loss');
  expect((await session()).traffic).toMatchObject({ sent: 6, received: 6 });
}, 40_000);

test('a hub killed with -9 and restarted goes on with the same session', async () => {
  await using first = await start('hub');
  await using _agent = await start('agent');
  const before = await attached();
  first.signal('SIGKILL');
  await first.exited;
  await using _second = await start('hub');
  const after = await attached();
  expect(after.session_id).toBe(before.session_id);
  expect(after.owner_epoch).toBe(before.owner_epoch + 1);
  expect(after.state_version).toBeGreaterThan(before.state_version);
  expect((await ping('10.95.0.1')).stdout).toContain(' 0% packet loss');
  expect(rows().some((row) => row.reason_code === 'hub_restarted')).toBe(true);
}, 60_000);

test('an agent killed with -9 and restarted goes on with the same session', async () => {
  await using _hub = await start('hub');
  await using first = await start('agent');
  const before = await attached();
  first.signal('SIGKILL');
  await first.exited;
  await using _second = await start('agent');
  await eventually(
    'a newer claim',
    async () => (await session()).state_version > before.state_version,
    20_000,
  );
  const after = await attached();
  expect(after.session_id).toBe(before.session_id);
  expect((await ping('10.95.0.1')).stdout).toContain(' 0% packet loss');
}, 60_000);

test('an operator ends the session with a reason; the next one names it', async () => {
  await using _hub = await start('hub');
  await using _agent = await start('agent');
  const before = await attached();
  const socket = join(folder, 'hub.sock');
  await run([...JVPN, 'terminate', 'gw-1', '--socket', socket]);
  await eventually(
    'a new session',
    async () => {
      const now = await session();
      return now.session_id !== before.session_id && now.is_carrying;
    },
    30_000,
  );
  const after = await session();
  expect(after.previous_session_id).toBe(before.session_id);
  expect([after.inner4, after.inner6]).toEqual([before.inner4, before.inner6]);
  const end = rows().find((row) => row.session_id === before.session_id && row.to === 'TERMINATED');
  expect(end).toMatchObject({ event: 'transition', reason_code: 'operator_terminated' });
}, 60_000);

test('the log has every number once, over all those restarts', () => {
  const seqs = rows().map((row) => row.seq);
  expect(seqs).toEqual(Array.from(seqs, (_, at) => at + 1));
});
