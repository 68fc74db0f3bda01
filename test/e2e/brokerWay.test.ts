/**
 * Goal: with `telemetry.outside_tunnel` the connection to the broker stays inside the tunnel, over a jump too, and leaves it only
 * where the policy allows that, while there is no session.
 *
 * Method: real daemons in the lab network and a real mosquitto at the hub's outer address, which the routes of the device lead to
 * outside, over every link: only what binds the connection keeps it inside. The broker's log says from which address each
 * connection came. A hub that is stopped answers nobody; its broker goes on.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { OUTSIDE_AFTER_MS } from '../../agent/brokerWay.ts';
import { mosquittoObstacle } from '../lab/mosquitto.ts';
import type { LinkName } from '../lab/plan.ts';
import { eventually, type LabProcess } from '../lab/process.ts';
import { auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { testUnless } from '../obstacle.ts';

const PORT = 1_886;
const HUB = '203.0.113.1';
const WAIT_MS = 20_000;
const INSIDE = /^10\.77\./;
const LINK_NAMES: readonly string[] = ['eth0', 'wlan0', 'wwan0'];
/** One keepalive whatever the link costs: another one would be a reconnect. */
const policy = (version: number, outsideTunnel: string) => `version = ${version}
[telemetry]
outside_tunnel = "${outsideTunnel}"
mqtt_keepalive_ms = 60_000
metered_mqtt_keepalive_ms = 60_000
`;

let net: Topology;
let site: Site;
let broker: LabProcess;
let hub: LabProcess;
let agent: LabProcess;

beforeAll(async () => {
  if (mosquittoObstacle !== null) return;
  net = await topology({ seed: 37 });
  site = new Site(net, {
    policy: policy(1, 'never'),
    agentExtra: `[telemetry]\nenabled = true\nurl = "mqtt://${HUB}:${PORT}"\ndevice = "gw1"\n`,
  });
  const lines = [`listener ${PORT} ${HUB}`, 'user root', 'persistence false', 'log_dest stderr'];
  writeFileSync(site.path('mosquitto.conf'), `${lines.join('\n')}\nallow_anonymous true\n`);
  broker = net.spawn('hub', ['mosquitto', '-c', site.path('mosquitto.conf')]);
  const isUp = () => broker.stderr.some((line) => line.endsWith(' running'));
  await eventually('mosquitto runs', isUp, WAIT_MS);
  hub = await site.hub();
  await site.device('gw1');
  hub.signal('SIGSTOP');
  agent = site.agent('gw1');
  await agent.until((lines) => lines.some((line) => line.includes('"ready":true')), WAIT_MS);
}, 60_000);

afterAll(async () => {
  hub?.signal('SIGCONT');
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

/** Addresses that the device's connections came from, in their order. */
const callers = () =>
  broker.stderr.flatMap(
    (line) => / connected from ([\d.]+):\d+ as jvpn-gw1 /.exec(line)?.[1] ?? [],
  );

interface Shown {
  readonly connected: boolean;
  readonly bound_to: string | null;
  readonly connections: number;
  readonly published: number;
  readonly last_error: string | null;
}

const shown = async () => (await site.status<{ telemetry: Shown }>('device', 'gw1')).telemetry;
const isConnected = async () => (await shown()).connected;

async function follow(version: number, outsideTunnel: string): Promise<void> {
  writeFileSync(site.path('policy.toml'), policy(version, outsideTunnel));
  const socket = ['--socket', site.path('gw1.sock')];
  expect((await site.jvpn('device', ['policy', 'reload', ...socket])).code).toBe(0);
}

const wayLab = (name: string, body: () => Promise<void>) =>
  testUnless(mosquittoObstacle, name, body, 100_000);

wayLab(
  'never: without a session nothing is said outside, though the routes lead there',
  async () => {
    const isTried = async () => (await shown()).connections > 0;
    await eventually('a try', isTried, WAIT_MS);
    // A connection outside is there within milliseconds.
    await Bun.sleep(3_000);
    expect(await shown()).toMatchObject({ connected: false, bound_to: null });
    expect(callers()).toEqual([]);
    // That they do.
    const { stdout } = await net.exec('device', ['ip', 'route', 'get', HUB]);
    expect(stdout).toContain('dev eth0');

    hub.signal('SIGCONT');
    await untilAudit(agent, 'ATTACHED', isAttached, WAIT_MS);
    await eventually('connected', isConnected, WAIT_MS);
    expect((await shown()).bound_to).toBe('gw1');
    expect(callers()).toEqual([expect.stringMatching(INSIDE)]);
  },
);

wayLab('inside, a jump is no reconnect', async () => {
  const seen = auditOf(agent).length;
  const { connections } = await shown();
  const { binding } = await site.status<{ binding: string }>('device', 'gw1');
  const link = binding.split('→')[0] as LinkName;
  await net.carrier(link, 'down');
  await untilAudit(agent, 'another link', isAttached, WAIT_MS, seen);
  // Each is followed by a report; the second one was made behind the jump, whatever was under way.
  for (const version of [2, 3]) {
    const before = (await shown()).published;
    await follow(version, 'never');
    await eventually('reported', async () => (await shown()).published > before, WAIT_MS);
  }
  expect(await shown()).toMatchObject({ connected: true, bound_to: 'gw1', connections });
  await net.carrier(link, 'up');
  expect(callers().length).toBe(1);
});

wayLab(
  'session_down: outside once there was no session for long enough, and inside again with one',
  async () => {
    await follow(4, 'session_down');
    expect(callers().length).toBe(1);
    const seen = auditOf(agent).length;
    hub.signal('SIGSTOP');
    const down = await untilAudit(agent, 'down', ({ to }) => to === 'RECOVERING', WAIT_MS, seen);
    const isOutside = async () => LINK_NAMES.includes((await shown()).bound_to ?? '');
    await eventually('outside', isOutside, OUTSIDE_AFTER_MS + WAIT_MS);
    const [uptime = ''] = (await net.exec('device', ['cat', '/proc/uptime'])).stdout.split(' ');
    expect(Number(uptime) * 1_000 - down.mono_ms).toBeGreaterThanOrEqual(OUTSIDE_AFTER_MS);
    expect(callers().at(-1)).not.toMatch(INSIDE);

    hub.signal('SIGCONT');
    const isInside = async () => (await shown()).bound_to === 'gw1';
    await eventually('inside again', isInside, WAIT_MS);
    expect(callers().at(-1)).toMatch(INSIDE);
  },
);
