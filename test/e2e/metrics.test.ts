/**
 * Goal: a Prometheus that scrapes an agent and a hub reads of a switch what the session says of it.
 * Method: the real daemons, scraped in their namespaces, before and after a pulled cable.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { promtoolFindings, promtoolObstacle } from '../lab/promtool.ts';
import { isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';

const LISTEN = '127.0.0.1:9586';
const SCRAPE = `console.log(await (await fetch('http://${LISTEN}/metrics')).text())`;

let net: Topology;
let site: Site;

beforeAll(async () => {
  net = await topology({ seed: 5 });
  site = new Site(net, { auditExtra: `[metrics]\nlisten = "${LISTEN}"\n` });
}, 30_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

async function scraped(end: 'device' | 'hub'): Promise<string> {
  return (await net.exec(end, [process.execPath, '-e', SCRAPE])).stdout;
}

test('before and after a pulled cable', async () => {
  await site.hub();
  await site.device('gw');
  const agent = site.agent('gw');
  await untilAudit(agent, 'ATTACHED', isAttached);
  const before = await scraped('device');
  expect(before).toContain('jvpn_session_state{state="ATTACHED"} 1\n');
  expect(before).toMatch(/^jvpn_link_binding\{link="eth0",kind="ethernet",endpoint="[^"]+"\} 1$/m);
  expect(before).toContain('jvpn_switches_total 0\n');

  await net.carrier('eth0', 'down');
  await untilAudit(agent, 'a switch', ({ event }) => event === 'switch');
  const after = await scraped('device');
  expect(after).toContain('jvpn_switches_total 1\n');
  expect(after).toContain('jvpn_events_total{reason_code="carrier_lost"}');
  expect(after).toMatch(/^jvpn_link_usable\{link="eth0",kind="ethernet",endpoint="[^"]+"\} 0$/m);

  const hub = await scraped('hub');
  expect(hub).toContain('jvpn_hub_sessions{state="ATTACHED"} 1\n');
  expect(hub).toMatch(/^jvpn_hub_store_swaps_total\{outcome="committed"\} [2-9]$/m);
  if (promtoolObstacle !== null) return;
  for (const text of [before, after, hub]) expect(await promtoolFindings(text)).toEqual([]);
}, 30_000);
