/**
 * Goal: a link that is whole but leads nowhere is named, also where it is not the one in use and so is asked rarely.
 *
 * Method: real daemons from source in the lab network (test/lab/topology.ts); half a minute of waiting for one line.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';

let net: Topology;
let site: Site;

beforeAll(async () => {
  net = await topology({ seed: 18 });
  site = new Site(net);
  await site.hub();
}, 30_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

test('a captive portal: everything but UDP gets through, and the link is named', async () => {
  const rules = `table inet portal {
    chain through { type filter hook forward priority 0; meta l4proto udp drop; }
  }`;
  await net.exec('router-wlan0', ['nft', rules]);
  const { stdout } = await net.exec('device', [
    'ping',
    '-c',
    '1',
    '-W',
    '5',
    '-I',
    'wlan0',
    '172.31.2.1',
  ]);
  expect(stdout).toContain(' 0% packet loss');
  await site.device('gw1');
  const agent = site.agent('gw1');
  await untilAudit(agent, 'ATTACHED', isAttached);
  const told = await untilAudit(
    agent,
    'link_unanswered',
    ({ reason_code }) => reason_code === 'link_unanswered',
    60_000,
  );
  expect(told.transport).toContain('wlan0');
  expect(
    auditOf(agent).filter(({ reason_code }) => reason_code === 'link_unanswered'),
  ).toHaveLength(1);
  await net.exec('router-wlan0', ['nft', 'delete table inet portal']);
  await agent.stop();
}, 90_000);
