/**
 * Goal: what a cut swallows comes out of the tunnel all the same, once, before what was sent after it.
 * Method: one agent and one hub; packets go into both ends while a link is cut, and are counted where they come out.
 */
import { expect, test } from 'bun:test';
import { fastPrimitives } from './primitives.ts';
import { DEVICE_INNER, HUB_INNER, packet, Rig } from './rig.ts';

const START_MS = 30_000;
const GAP_MS = 5;

function attached(): Rig {
  const rig = new Rig(fastPrimitives);
  rig.boot();
  expect(rig.runUntil(() => rig.isAttached, START_MS)).toBe(true);
  rig.run(2_000);
  return rig;
}

const marks = (packets: readonly Uint8Array[]) => packets.map((one) => one[20]!);

/** Packets with the marks 0…`count` − 1 at both ends, one each every 5 ms; `cutAt` happens before that one. */
function flow(rig: Rig, count: number, cutAt: number, cut: () => void): void {
  for (let mark = 0; mark < count; mark++) {
    if (mark === cutAt) cut();
    rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, mark));
    rig.fromHub(packet(HUB_INNER, DEVICE_INNER, mark));
    rig.run(GAP_MS);
  }
}

for (const kind of ['carrier', 'silent'] as const) {
  test(`${kind}: nothing is lost, nothing comes twice, and older goes first`, () => {
    const rig = attached();
    flow(rig, 240, 20, () => {
      if (kind === 'carrier') rig.setCarrier('eth0', false);
      else rig.silence('eth0', true);
    });
    rig.run(2_000);
    expect(rig.agent.device?.activeId).toBe(2);
    const all = Array.from({ length: 240 }, (_, mark) => mark);
    const up = marks(rig.hubTun.takeDelivered());
    const down = marks(rig.agentTun.takeDelivered());
    expect(up).toEqual(all);
    expect(down).toEqual(all);
    expect(rig.violations).toEqual([]);
  });
}
