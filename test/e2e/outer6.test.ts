/**
 * Goal: a session over outer IPv6 outlives a cut, with a policy from a file at both ends, and a broker
 * that is away changes nothing about it (I10).
 */
import { expect, test } from 'bun:test';
import { eventually } from '../lab/process.ts';
import { auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { topology } from '../lab/topology.ts';

const ENDPOINT = '[2001:db8:ff::1]:51820';

interface Status {
  readonly state: string;
  readonly session_id: string;
  readonly binding: string;
  readonly policy: { readonly name: string; readonly version: number };
  readonly telemetry: { readonly connected: boolean; readonly failures: number };
}

test('outer IPv6, a policy file at both ends, a broker that is away: a cut is survived', async () => {
  await using net = await topology({ seed: 6 });
  await using site = new Site(net, {
    endpoint: ENDPOINT,
    policy: 'name = "field"\nversion = 7\n',
    agentExtra: '[telemetry]\nenabled = true\nurl = "mqtt://10.79.0.2:1"\n',
  });
  await site.hub();
  await site.device('gw1');
  const agent = site.agent('gw1');
  await untilAudit(agent, 'ATTACHED', isAttached);
  const before = await site.status<Status>('device', 'gw1');
  expect(before.binding).toBe(`eth0→${ENDPOINT}`);
  expect(before.policy).toEqual({ name: 'field', version: 7 });
  expect((await site.status<Status>('hub', 'hub')).policy).toEqual({ name: 'field', version: 7 });

  const failures = async () => (await site.status<Status>('device', 'gw1')).telemetry.failures;
  await eventually('the broker was asked in vain', async () => (await failures()) > 0, 30_000);
  const seen = auditOf(agent).length;
  await net.carrier('eth0', 'down');
  await untilAudit(agent, 'ATTACHED on wlan0', isAttached, 15_000, seen);
  const pings = await net.exec('device', ['ping', '-c', '3', '-i', '0.1', '-W', '1', '10.79.0.2']);
  expect(pings.stdout).toContain(' 0% packet loss');
  const after = await site.status<Status>('device', 'gw1');
  expect(after).toMatchObject({
    state: 'ATTACHED',
    session_id: before.session_id,
    binding: `wlan0→${ENDPOINT}`,
  });
  expect(after.telemetry.connected).toBe(false);
  expect(await agent.stop()).toBe(0);
}, 60_000);
