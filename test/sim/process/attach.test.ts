/** Goal: the real shells attach, carry data, switch and resume over memory, with either primitives. */
import { expect, test } from 'bun:test';
import { fastPrimitives, realPrimitives } from './primitives.ts';
import { DEVICE_INNER, HUB_INNER, packet, Rig } from './rig.ts';

for (const primitives of [fastPrimitives, realPrimitives]) {
  test(`${primitives.name}: attach, data both ways, another link, both ends crash and resume`, () => {
    const rig = new Rig(primitives);
    rig.boot();
    expect(rig.runUntil(() => rig.isAttached, 5_000)).toBe(true);
    expectData(rig, 1);
    const sessionId = rig.agent.device?.sessionId;

    const before = rig.agent.device?.activeId;
    rig.setCarrier('eth0', false);
    expect(rig.runUntil(() => rig.isAttached, 5_000)).toBe(true);
    expect(rig.agent.device?.activeId).not.toBe(before);
    expectData(rig, 2);

    rig.agent.crash();
    expect(rig.agent.isRunning).toBe(false);
    rig.run(1_000);
    rig.agent.boot();
    expect(rig.runUntil(() => rig.isAttached, 10_000)).toBe(true);
    expectData(rig, 3);

    rig.hub.crash();
    rig.run(1_000);
    rig.hub.boot();
    expect(rig.runUntil(() => rig.isAttached, 30_000)).toBe(true);
    expectData(rig, 4);

    expect(rig.agent.device?.sessionId).toBe(sessionId!);
    expect(rig.violations).toEqual([]);
  });
}

function expectData(rig: Rig, mark: number): void {
  rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, mark));
  rig.fromHub(packet(HUB_INNER, DEVICE_INNER, mark + 100));
  rig.run(100);
  const marks = (packets: readonly Uint8Array[]) => packets.map((bytes) => bytes[20]);
  expect(marks(rig.hubTun.takeDelivered())).toEqual([mark]);
  expect(marks(rig.agentTun.takeDelivered())).toEqual([mark + 100]);
}
