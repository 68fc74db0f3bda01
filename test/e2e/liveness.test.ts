/**
 * Goal: what the device can know of a link from outside of it, it finds out and says.
 *
 * Method: real daemons from source in the lab network (test/lab/topology.ts); conditions, not times.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { eventually } from '../lab/process.ts';
import { auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';

let net: Topology;
let site: Site;

beforeAll(async () => {
  net = await topology({ seed: 17 });
  site = new Site(net);
  await site.hub();
}, 30_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

const pinging = () =>
  net.spawn('device', ['ping', '-i', '0.02', '-q', '10.79.0.2'], { name: 'ping' });

async function attached(name: string) {
  await site.device(name);
  const agent = site.agent(name);
  await untilAudit(agent, 'ATTACHED', isAttached);
  return agent;
}

test('only the way back is dead: a timeout, and both ends together know which way it was', async () => {
  const agent = await attached('gw1');
  const ping = pinging();
  const seen = auditOf(agent).length;
  await net.oneWay('eth0', 'in', true);
  const died = await untilAudit(agent, 'the death', ({ to }) => to === 'RECOVERING', 10_000, seen);
  expect(died.reason_code).toBe('heartbeat_timeout');
  const told = await untilAudit(
    agent,
    'one_way_in',
    ({ reason_code }) => reason_code === 'one_way_in',
    10_000,
    seen,
  );
  const { silentMs, heardMs } = told.detail as { silentMs: number; heardMs: number };
  expect(heardMs * 2).toBeLessThan(silentMs);
  await ping.stop('SIGINT');
  await net.oneWay('eth0', 'in', false);
  await agent.stop();
}, 60_000);

test('cut both ways, it is not said', async () => {
  const agent = await attached('gw2');
  const ping = pinging();
  const seen = auditOf(agent).length;
  await net.silence('eth0', true);
  await untilAudit(agent, 'ATTACHED again', ({ to }) => to === 'ATTACHED', 10_000, seen);
  await ping.stop('SIGINT');
  expect(
    auditOf(agent)
      .slice(seen)
      .map(({ reason_code }) => reason_code),
  ).not.toContain('one_way_in');
  await net.silence('eth0', false);
  await agent.stop();
}, 60_000);

test('another address of ours on the binding: the same binding, seen from there, and nothing is lost of the session', async () => {
  const agent = await attached('gw4');
  const before = await site.status<{ session_id: string }>('device', 'gw4');
  const seen = auditOf(agent).length;
  const device = (command: string) => net.exec('device', command.split(' '));
  await device('sysctl -q -w net.ipv4.conf.eth0.promote_secondaries=1');
  await device('ip addr add 10.78.1.3/24 dev eth0');
  await device('ip addr del 10.78.1.2/24 dev eth0');
  await untilAudit(
    agent,
    'address_changed',
    ({ detail }) => detail['why'] === 'address_changed',
    10_000,
    seen,
  );
  await eventually(
    'the server answers again',
    async () => {
      const { stdout } = await net.exec(
        'device',
        ['ping', '-c', '3', '-i', '0.1', '-W', '1', '10.79.0.2'],
        {
          mayFail: true,
        },
      );
      return stdout.includes(' 0% packet loss');
    },
    20_000,
  );
  const after = await site.status<{ session_id: string; binding: string }>('device', 'gw4');
  expect(after.session_id).toBe(before.session_id);
  expect(after.binding).toContain('eth0');
  expect(
    auditOf(agent)
      .slice(seen)
      .filter(({ event }) => event === 'transition'),
  ).toEqual([]);
  await device('ip addr add 10.78.1.2/24 dev eth0');
  await agent.stop();
}, 60_000);
