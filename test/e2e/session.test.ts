/**
 * Goal: a session outlives what happens to its processes, and its copies do not win.
 *
 * Method: real daemons from source in the lab network (test/lab/topology.ts); conditions, not times.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { appendFileSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { LabProcess } from '../lab/process.ts';
import { eventually } from '../lab/process.ts';
import { auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { testUnless } from '../obstacle.ts';

const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const FAKETIME = `/usr/lib/${MACHINE}-linux-gnu/faketime/libfaketime.so.1`;
let net: Topology;
let site: Site;
let hub: LabProcess;

beforeAll(async () => {
  net = await topology({ seed: 5 });
  site = new Site(net);
  hub = await site.hub();
}, 30_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

async function attached(name: string): Promise<LabProcess> {
  const agent = site.agent(name);
  await untilAudit(agent, 'ATTACHED', isAttached);
  return agent;
}

const ping = async (count = 3) =>
  (
    await net.exec('device', ['ping', '-c', String(count), '-i', '0.1', '-W', '1', '10.79.0.2'], {
      mayFail: true,
    })
  ).stdout;

interface Status {
  readonly state: string;
  readonly session_id: string;
  readonly state_version: number;
  readonly inner4: string;
  readonly counters: Record<string, number>;
  readonly packets: { readonly refused: Record<string, number> };
  readonly memory_rss_bytes: number;
}

test('kill -9 and restart: the same session, the same inner address, a higher version', async () => {
  await site.device('gw1');
  const first = await attached('gw1');
  const before = await site.status<Status>('device', 'gw1');
  expect(await ping()).toContain(' 0% packet loss');
  await first.stop('SIGKILL');
  const second = await attached('gw1');
  const after = await site.status<Status>('device', 'gw1');
  expect([after.session_id, after.inner4]).toEqual([before.session_id, before.inner4]);
  expect(after.state_version).toBeGreaterThan(before.state_version);
  expect(await ping()).toContain(' 0% packet loss');
  expect(auditOf(second).some((line) => line.reason_code === 'session_resumed')).toBe(true);
  await second.stop();
}, 60_000);

test('SIGTERM ends the session with a reason at both ends, and kill -9 does not', async () => {
  await site.device('gw2');
  const agent = await attached('gw2');
  const { session_id } = await site.status<Status>('device', 'gw2');
  const seen = auditOf(hub).length;
  expect(await agent.stop('SIGTERM')).toBe(0);
  const ended = await untilAudit(
    hub,
    'TERMINATED',
    (line) => line.session_id === session_id && line.to === 'TERMINATED',
    5_000,
    seen,
  );
  expect(ended.reason_code).toBe('shutdown');
  expect(site.audit('gw2').at(-1)).toMatchObject({ to: 'TERMINATED', reason_code: 'shutdown' });

  const next = await attached('gw2');
  const created = auditOf(next).find((line) => line.reason_code === 'session_created');
  expect(created?.detail['previousSessionId']).toBe(session_id);
  await next.stop();
}, 60_000);

test('a restarted hub finds the session again, and it goes on', async () => {
  await site.device('gw3');
  const agent = await attached('gw3');
  const before = await site.status<Status>('device', 'gw3');
  expect(await hub.stop('SIGKILL')).toBeGreaterThan(0);
  hub = await site.hub();
  await eventually(
    'pings come back',
    async () => (await ping(1)).includes(' 0% packet loss'),
    20_000,
  );
  const after = await site.status<Status>('device', 'gw3');
  expect([after.session_id, after.state]).toEqual([before.session_id, 'ATTACHED']);
  expect(auditOf(hub).some((line) => line.reason_code === 'hub_restarted')).toBe(true);
  await agent.stop();
}, 60_000);

test('a copy of a running device is fenced and reported, not fought', async () => {
  await site.device('gw4');
  const original = await attached('gw4');
  const before = await site.status<Status>('device', 'gw4');
  site.copyDevice('gw4', 'copy4');
  const seen = auditOf(hub).length;
  const copy = site.agent('copy4');
  const refused = await untilAudit(copy, 'identity_conflict', (line) => line.to === 'TERMINATED');
  expect(refused.reason_code).toBe('identity_conflict');
  await untilAudit(
    hub,
    'alarm',
    (line) => line.event === 'alarm' && line.reason_code === 'identity_conflict',
    5_000,
    seen,
  );
  const after = await site.status<Status>('device', 'gw4');
  expect([after.session_id, after.state]).toEqual([before.session_id, 'ATTACHED']);
  expect(
    await net.exec(
      'device',
      ['ping', '-c', '3', '-I', 'gw4', '-i', '0.1', '-W', '1', '10.79.0.2'],
      { mayFail: true },
    ),
  ).toMatchObject({ code: 0 });
  expect(auditOf(copy).some((line) => line.reason_code === 'session_created')).toBe(false);
  await copy.stop();
  await original.stop();
}, 60_000);

testUnless(
  existsSync(FAKETIME) ? null : 'libfaketime is missing: apt-get install faketime',
  'both flash slots lost and a clock in 1970: it recovers and says so',
  async () => {
    await site.device('gw5');
    const first = await attached('gw5');
    const before = await site.status<Status>('device', 'gw5');
    await first.stop('SIGTERM');
    for (const slot of ['slot0', 'slot1'])
      writeFileSync(site.path(`gw5.state/${slot}`), Buffer.alloc(512, 0x5a));
    const agent = site.agent('gw5', {
      LD_PRELOAD: FAKETIME,
      FAKETIME: '@1970-01-02 00:00:00',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    });
    await untilAudit(agent, 'ATTACHED', isAttached, 30_000);
    const codes = auditOf(agent).map((line) => line.reason_code);
    expect(codes).toContain('flash_lost');
    expect(codes).toContain('clock_unset');
    expect(codes).toContain('clock_hint_used');
    expect(codes).toContain('stale_state_version');
    const after = await site.status<Status>('device', 'gw5');
    expect(after.state_version).toBeGreaterThan(before.state_version);
    expect(after.session_id).not.toBe(before.session_id);
    await agent.stop();
  },
  90_000,
);

/** Random, truncated, replayed and wrong-key datagrams of every type, from one namespace to an address. */
async function noise(from: 'device' | 'hub', host: string, port: number, count: number) {
  const program = Bun.fileURLToPath(new URL('./noise.ts', import.meta.url));
  const outcome = await net.exec(from, [process.execPath, program, host, `${port}`, `${count}`]);
  expect(JSON.parse(outcome.stdout).sent).toBe(count);
}

const sum = (counters: Readonly<Record<string, number>>) =>
  Object.values(counters).reduce((total, count) => total + count, 0);

const MIB = 1024 * 1024;

test('bad datagrams at the hub: counted, no state changed, memory flat', async () => {
  await site.device('gw6');
  const agent = await attached('gw6');
  const before = await site.status<Status>('device', 'gw6');
  type HubStatus = { memory_rss_bytes: number; counters: Record<string, number> };
  const hubBefore = await site.status<HubStatus>('hub', 'hub');
  await noise('device', '203.0.113.1', 51_820, 20_000);
  const after = await site.status<Status>('device', 'gw6');
  const { session_id, state_version } = before;
  expect(after).toMatchObject({ session_id, state_version, state: 'ATTACHED' });
  const hubAfter = await site.status<HubStatus>('hub', 'hub');
  expect(sum(hubAfter.counters) - sum(hubBefore.counters)).toBeGreaterThan(10_000);
  expect(hubAfter.memory_rss_bytes - hubBefore.memory_rss_bytes).toBeLessThan(64 * MIB);
  expect(await ping()).toContain(' 0% packet loss');
  await agent.stop();
}, 90_000);

test('bad datagrams at the agent: counted, no state changed, memory flat', async () => {
  await site.device('gw9');
  const agent = await attached('gw9');
  const before = await site.status<Status>('device', 'gw9');
  const { stdout } = await net.exec('device', ['ss', '-Hlun']);
  const port = /%eth0:(\d+)/.exec(stdout)?.[1];
  expect(port).toBeDefined();
  await noise('hub', '10.78.1.2', Number(port), 20_000);
  const after = await site.status<Status>('device', 'gw9');
  const { session_id, state_version } = before;
  expect(after).toMatchObject({ session_id, state_version, state: 'ATTACHED' });
  expect(sum(after.packets.refused) - sum(before.packets.refused)).toBeGreaterThan(10_000);
  expect(after.memory_rss_bytes - before.memory_rss_bytes).toBeLessThan(64 * MIB);
  expect(await ping()).toContain(' 0% packet loss');
  await agent.stop();
}, 90_000);

test('the control socket and the key files are for their owner alone', async () => {
  await site.device('gw7');
  const agent = await attached('gw7');
  for (const name of ['gw7.sock', 'gw7.key', 'hub.sock', 'hub.key', 'gw7.state/slot0']) {
    expect([name, statSync(site.path(name)).mode & 0o777]).toEqual([name, 0o600]);
  }
  await agent.stop();
}, 60_000);

test('a policy older than the one that was in force is refused, and says what to do', async () => {
  await site.device('gw8');
  appendFileSync(site.path('gw8.toml'), '[policy]\nfile = "gw8.policy.toml"\n');
  writeFileSync(site.path('gw8.policy.toml'), 'version = 5\n');
  const agent = await attached('gw8');
  await agent.stop();
  writeFileSync(site.path('gw8.policy.toml'), 'version = 4\n');
  const refused = site.agent('gw8');
  expect(await refused.exited).toBe(2);
  expect(refused.stderr.join(' ')).toContain('Raise its `version` to at least 5');
}, 60_000);

test('a wrong configuration: the path, what is allowed, exit 2, nothing started', async () => {
  rmSync(site.path('bad.toml'), { force: true });
  writeFileSync(
    site.path('bad.toml'),
    '[identity]\nprivat_key_file = "x"\n[hub]\npublic_key = "short"\nendpoints = ["10.0.0.1:99999"]\n',
  );
  const { code, stderr } = await site.jvpn('device', ['agent', '--config', site.path('bad.toml')]);
  expect(code).toBe(2);
  for (const part of [
    'identity.privat_key_file',
    'did you mean "private_key_file"',
    'hub.public_key',
    'hub.endpoints',
  ]) {
    expect(stderr).toContain(part);
  }
});
