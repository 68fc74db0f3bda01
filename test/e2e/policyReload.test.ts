/**
 * Goal: a policy that is changed under running daemons is followed at once, costs neither the session nor a packet, and a
 * policy that may not be taken changes nothing and says why.
 *
 * Method: real daemons in the lab network, files rewritten and `jvpn policy reload`, with a flow of 500 datagrams a second
 * each way over all of it.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import type { UdpFlow } from '../lab/demo/flow.ts';
import type { LabProcess } from '../lab/process.ts';
import { type AuditLine, auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { startFlowPair, stopFlows, untilArrived } from './flowPair.ts';

const RATE = 500;
const policy = (version: number, more = '') =>
  `version = ${version}\nname = "v${version}"\n${more}`;
const WIFI_FIRST = `[switching]\nfailback_stable_ms = 1_000\ncooldown_ms = 500\n[links.wifi]\npreference = 1\n`;
const NO_ETHERNET = `[links.ethernet]\ncost_class = "never"\n`;

let net: Topology;
let site: Site;
let agent: LabProcess;
let hub: LabProcess;
let flows: UdpFlow[] = [];

beforeAll(async () => {
  net = await topology({ seed: 23 });
  site = new Site(net, { policy: policy(1) });
  hub = await site.hub();
  await site.device('gw1');
  agent = site.agent('gw1');
  await untilAudit(agent, 'ATTACHED on eth0', (line) => isAttached(line) && isOn('eth0', line));
  flows = await startFlowPair(net, site, { upPort: 7_006, downPort: 7_007, rate: RATE });
  await untilArrived(flows, RATE / 2);
}, 30_000);

afterAll(async () => {
  await stopFlows(flows);
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

const isOn = (link: string, { transport }: AuditLine) => transport?.startsWith(`${link}→`) === true;

async function reload(role: 'device' | 'hub', text: string) {
  writeFileSync(site.path('policy.toml'), text);
  const socket = site.path(role === 'hub' ? 'hub.sock' : 'gw1.sock');
  const { code, stdout, stderr } = await site.jvpn(role, ['policy', 'reload', '--socket', socket]);
  return { code, said: `${stdout}${stderr}`.trim() };
}

const inForce = async (role: 'device' | 'hub') =>
  (await site.status<{ policy: unknown }>(role, role === 'hub' ? 'hub' : 'gw1')).policy;

const policyEvents = () =>
  auditOf(agent).flatMap(({ event, reason_code, detail }) =>
    event !== 'claim' && reason_code.startsWith('policy_')
      ? [[reason_code, detail['version'] ?? null]]
      : [],
  );

test('the agent follows another policy at once, moves to the link that it prefers, and loses nothing', async () => {
  const { session_id: before } = await site.status<{ session_id: string }>('device', 'gw1');
  expect(await reload('device', policy(2, WIFI_FIRST))).toEqual({
    code: 0,
    said: 'agent: policy "v2", version 2, is in force',
  });
  expect(await inForce('device')).toEqual({ name: 'v2', version: 2 });
  await untilAudit(agent, 'ATTACHED on wlan0', (line) => isAttached(line) && isOn('wlan0', line));
  await untilArrived(flows, RATE / 2);
  expect(await site.status('device', 'gw1')).toMatchObject({ session_id: before });
  expect(policyEvents()).toEqual([['policy_applied', 2]]);
  // On disk each line has the version that was in force.
  const lines = site.audit('gw1') as readonly (AuditLine & { policy_version: number })[];
  const moved = lines.findLast((line) => line.event === 'switch');
  expect([moved?.policy_version, lines[0]?.policy_version]).toEqual([2, 1]);
}, 40_000);

test('an operator asks for the other link: it holds against the policy that prefers this one, until asked again', async () => {
  const asked = async (link: string) => {
    const seen = auditOf(agent).length;
    const { stdout } = await site.jvpn('device', [
      'rebind',
      link,
      '--socket',
      site.path('gw1.sock'),
    ]);
    expect(stdout.trim()).toBe('asked; `jvpn events` shows what came of it');
    const isThere = (line: AuditLine) => isAttached(line) && isOn(link, line);
    await untilAudit(agent, `ATTACHED on ${link}`, isThere, 5_000, seen);
  };
  const denied = await site.jvpn('device', ['rebind', 'wlan0', '--socket', site.path('gw1.sock')]);
  expect([denied.code, denied.stderr.trim()]).toEqual([
    1,
    'jvpn rebind: This link is the binding already. (already_bound)',
  ]);
  // The hub's own cooldown is three times the device's.
  const cooled = () => untilArrived(flows, 2 * RATE);
  await cooled();
  await asked('eth0');
  // Five times as long as it takes to go back.
  await untilArrived(flows, 5 * RATE);
  expect(await site.status('device', 'gw1')).toMatchObject({
    binding: expect.stringContaining('eth0'),
    binding_held_for: 'operator_rebind',
  });
  await asked('wlan0');
  await cooled();
}, 30_000);

test('what may not be taken changes nothing, and says what is wrong with it', async () => {
  const older = await reload('device', policy(1));
  expect(older.code).toBe(1);
  expect(older.said).toContain('has version 1, but version 2 was in force here');
  expect(older.said).toContain('The policy before stays in force.');
  const wrong = await reload('device', policy(3, '[switching]\ncooldown_ms = -4\n'));
  expect(wrong.code).toBe(1);
  expect(wrong.said).toContain('switching.cooldown_ms');
  expect(await inForce('device')).toEqual({ name: 'v2', version: 2 });
  expect(policyEvents()).toEqual([
    ['policy_applied', 2],
    ['policy_refused', 1],
    ['policy_refused', null],
  ]);
});

test('what has to wait for a restart is named', async () => {
  const { code, said } = await reload(
    'device',
    policy(3, `${WIFI_FIRST}[resend]\nbuffer_bytes = 2_097_152\n`),
  );
  expect([code, said]).toEqual([
    0,
    'agent: policy "v3", version 3, is in force\nafter a restart only: resend.buffer_bytes',
  ]);
});

test('the hub follows another policy at once: a claim for a link that it no longer allows is refused, the session lives', async () => {
  expect((await reload('hub', policy(7, NO_ETHERNET))).said).toBe(
    'hub: policy "v7", version 7, is in force',
  );
  expect(await inForce('hub')).toEqual({ name: 'v7', version: 7 });
  const wrong = await reload('hub', 'version = "seven"\n');
  expect([wrong.code, wrong.said]).toEqual([1, expect.stringContaining('version')]);
  expect(await inForce('hub')).toEqual({ name: 'v7', version: 7 });
  const seen = auditOf(hub).length;
  await site.jvpn('device', ['rebind', 'eth0', '--socket', site.path('gw1.sock')]);
  await untilAudit(
    hub,
    'a refusal',
    ({ reason_code }) => reason_code === 'policy_denied',
    5_000,
    seen,
  );
  // A hub's operator may also go back.
  expect((await reload('hub', policy(6))).code).toBe(0);
  expect(auditOf(hub).filter(({ to }) => to === 'TERMINATED')).toEqual([]);
}, 20_000);

test('◆ an emergency in the file itself holds at both ends until its time, shows, and ends by itself', async () => {
  const expiresAt = new Date(Date.now() + 6_000).toISOString();
  const emergency = (version: number) =>
    policy(
      version,
      `[emergency]\nexpires_at = "${expiresAt}"\n[emergency.overrides.switching]\nmax_switches_per_minute = 3\n`,
    );
  const daemons = [
    ['device', agent, 'gw1', emergency(3)],
    ['hub', hub, 'hub', emergency(7)],
  ] as const;
  for (const [role, daemon, name, text] of daemons) {
    const seen = auditOf(daemon).length;
    expect((await reload(role, text)).code).toBe(0);
    const isBegun = ({ reason_code }: AuditLine) => reason_code === 'emergency_began';
    await untilAudit(daemon, 'began', isBegun, 5_000, seen);
    expect(await site.status(role, name)).toMatchObject({ emergency_until: expiresAt });
    const socket = ['--socket', site.path(`${name}.sock`)];
    const { stdout } = await site.jvpn(role, ['status', ...socket]);
    expect(stdout).toContain(`EMERGENCY, of the policy itself, until ${expiresAt}`);
  }
  for (const [role, daemon, name] of daemons) {
    const isOver = ({ reason_code }: AuditLine) => reason_code === 'emergency_ended';
    await untilAudit(daemon, 'ended', isOver, 12_000);
    expect(await site.status(role, name)).toMatchObject({ emergency_until: null });
  }
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
  expect(auditOf(hub).filter(({ to }) => to === 'TERMINATED')).toEqual([]);
}, 40_000);

test('killed and started again, the agent follows what was in force; an older file does not start', async () => {
  for (const flow of flows) {
    const totals = await flow.finish();
    expect([flow.name, totals.lost, totals.duplicated]).toEqual([flow.name, 0, 0]);
  }
  flows = [];
  await agent.stop('SIGKILL');
  writeFileSync(site.path('policy.toml'), policy(2));
  const refused = await site.jvpn('device', ['agent', '--config', site.path('gw1.toml')]);
  expect([refused.code, refused.stderr]).toEqual([
    2,
    expect.stringContaining('version 3 was in force here'),
  ]);
  writeFileSync(site.path('policy.toml'), policy(3));
  const next = site.agent('gw1');
  await untilAudit(next, 'ATTACHED', isAttached);
  expect(await inForce('device')).toEqual({ name: 'v3', version: 3 });
}, 20_000);
