/** Goal: the same run gives the same bytes on the wire at the same times, and another seed others. */
import { expect, test } from 'bun:test';
import { fastPrimitives, type Primitives, realPrimitives } from './primitives.ts';
import { DEVICE_INNER, HUB_INNER, packet, Rig } from './rig.ts';

/** Attach, data, a switch, both ends restarted: everything that draws randomness. */
function run(primitives: Primitives, hubCount: number, seed: number) {
  const rig = new Rig(primitives, hubCount, seed);
  rig.boot();
  rig.runUntil(() => rig.isAttached, 20_000);
  for (let mark = 0; mark < 20; mark++) {
    rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, mark));
    rig.fromHub(packet(HUB_INNER, DEVICE_INNER, mark));
    rig.run(50);
  }
  rig.setCarrier('eth0', false);
  rig.run(3_000);
  rig.agent.crash();
  rig.agent.boot();
  rig.run(3_000);
  rig.hub.crash();
  rig.hub.boot();
  expect(rig.runUntil(() => rig.isAttached, 60_000)).toBe(true);
  expect(rig.violations).toEqual([]);
  const { hash, datagrams } = rig;
  return { hash, datagrams, reasons: rig.audit.map(({ reasonCode }) => reasonCode) };
}

for (const primitives of [fastPrimitives, realPrimitives]) {
  for (const hubCount of [1, 2]) {
    test(`${primitives.name}, ${hubCount} hub(s): a run replays byte by byte`, () => {
      const first = run(primitives, hubCount, 7);
      expect(first.datagrams).toBeGreaterThan(80);
      expect(run(primitives, hubCount, 7)).toEqual(first);
      expect(run(primitives, hubCount, 8).hash).not.toBe(first.hash);
    });
  }
}
