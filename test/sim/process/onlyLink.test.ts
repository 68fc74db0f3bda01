/**
 * Goal: the only link falls silent for less than it takes to be given up, and nothing is lost all the same.
 * Method: one agent and one hub; packets go into both ends all the while, and are counted where they come out.
 */
import { expect, test } from 'bun:test';
import { fastPrimitives } from './primitives.ts';
import { DEVICE_INNER, HUB_INNER, packet, Rig } from './rig.ts';

const START_MS = 30_000;
const GAP_MS = 5;
const PACKETS = 250;
const sequence = Array.from({ length: PACKETS }, (_, mark) => mark);

function onEthernetAlone(): Rig {
  const rig = new Rig(fastPrimitives);
  rig.boot();
  expect(rig.runUntil(() => rig.isAttached, START_MS)).toBe(true);
  rig.setCarrier('wlan0', false);
  rig.run(2_000);
  return rig;
}

for (const silentMs of [300, 600, 900]) {
  test(`silent for ${silentMs} ms: no death, nothing is lost, nothing comes twice`, () => {
    const rig = onEthernetAlone();
    const before = rig.audit.length;
    for (const mark of sequence) {
      if (mark === 20) rig.silence('eth0', true);
      if (mark === 20 + silentMs / GAP_MS) rig.silence('eth0', false);
      rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, mark));
      rig.fromHub(packet(HUB_INNER, DEVICE_INNER, mark));
      rig.run(GAP_MS);
    }
    rig.run(2_000);
    const since = rig.audit.slice(before);
    expect(since.filter(({ to }) => to === 'RECOVERING')).toEqual([]);
    const claims = since.filter(({ reasonCode }) => reasonCode === 'reattach_same_transport');
    expect(claims.map(({ detail }) => detail['purpose'])).toEqual(['stay']);
    for (const tun of [rig.hubTun, rig.agentTun]) {
      const marks = tun.takeDelivered().map((one) => one[20] ?? -1);
      expect(marks.sort((a, b) => a - b)).toEqual(sequence);
    }
    expect(rig.agent.status()?.packets.resend.datagrams).toBeGreaterThan(silentMs / GAP_MS / 2);
    expect(rig.violations).toEqual([]);
  });
}

test('the hub is killed and starts again: data goes both ways within 500 ms, long before the link would be given up', () => {
  const rig = onEthernetAlone();
  const flow = () => {
    rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, 1));
    rig.fromHub(packet(HUB_INNER, DEVICE_INNER, 1));
    rig.run(GAP_MS);
  };
  for (let count = 0; count < 100; count++) flow();
  rig.hubFuse.arm(1);
  flow();
  expect(rig.hubFuse.isBlown).toBe(true);
  rig.hubFuse.arm(null);
  rig.hub.boot();
  for (const tun of [rig.hubTun, rig.agentTun]) tun.takeDelivered();
  const arrived = [0, 0];
  let passedMs = 0;
  while (arrived.includes(0) && passedMs < 5_000) {
    flow();
    passedMs += GAP_MS;
    for (const [at, tun] of [rig.hubTun, rig.agentTun].entries())
      arrived[at] = (arrived[at] ?? 0) + tun.takeDelivered().length;
  }
  expect(passedMs).toBeLessThanOrEqual(500);
  expect(rig.violations).toEqual([]);
});
