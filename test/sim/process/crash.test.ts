/**
 * Goal: whichever call into the HAL is the last one of a process, the next process comes back to a session
 * that carries data, and no record or version goes back.
 * Method: every boundary of an attach with a little data, before and after each call, one run for each;
 * SLICE=1 takes every seventh.
 */
import { expect, test } from 'bun:test';
import type { Fuse } from './fuse.ts';
import { fastPrimitives } from './primitives.ts';
import { DEVICE_INNER, HUB_INNER, packet, Rig } from './rig.ts';
import type { SimProcess } from './simProcess.ts';

const STRIDE = process.env['SLICE'] === '1' ? 7 : 1;
/** Who died with the first answer in memory opens a new session, and waits until the hub misses the old one: 105 s. */
const BACK_MAX_MS = 180_000;

interface Victim {
  readonly process: SimProcess;
  readonly fuse: Fuse;
}

const agentOf = ({ agent, agentFuse }: Rig): Victim => ({ process: agent, fuse: agentFuse });
const hubOf = ({ hub, hubFuse }: Rig): Victim => ({ process: hub, fuse: hubFuse });

/** From nothing to data both ways. */
function attach(rig: Rig): void {
  rig.boot();
  rig.runUntil(() => rig.isAttached, 3_000);
  rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, 1));
  rig.fromHub(packet(HUB_INNER, DEVICE_INNER, 2));
  rig.run(2_000);
}

function boundaries(of: (rig: Rig) => Victim): number {
  const rig = new Rig(fastPrimitives);
  of(rig).fuse.arm(null);
  attach(rig);
  expect(rig.isAttached).toBe(true);
  return of(rig).fuse.passed;
}

/** Die at boundary `at`; null where the session came back, else what is wrong. */
function dieAt(at: number, of: (rig: Rig) => Victim): string | null {
  const rig = new Rig(fastPrimitives);
  const { process, fuse } = of(rig);
  fuse.arm(at);
  attach(rig);
  if (!fuse.isBlown) return 'the boundary was not reached';
  if (process.isRunning) return 'the power cut was swallowed';
  const versionBefore = rig.records.read(rig.deviceKey)?.stateVersion ?? 0;
  fuse.arm(null);
  process.boot();
  if (!rig.runUntil(() => rig.isAttached, BACK_MAX_MS)) return 'it did not come back';
  if (rig.violations.length > 0) return rig.violations.join('; ');
  if (rig.records.read(rig.deviceKey)!.stateVersion < versionBefore) return 'the version went back';
  rig.hubTun.takeDelivered();
  rig.agentTun.takeDelivered();
  rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, 3));
  rig.fromHub(packet(HUB_INNER, DEVICE_INNER, 4));
  rig.run(200);
  const up = rig.hubTun.takeDelivered().map((bytes) => bytes[20]);
  const down = rig.agentTun.takeDelivered().map((bytes) => bytes[20]);
  return up.join() === '3' && down.join() === '4' ? null : `data: up ${up}, down ${down}`;
}

for (const [name, of] of [
  ['agent', agentOf],
  ['hub', hubOf],
] as const) {
  test(`the ${name} dies at each boundary of an attach and comes back`, () => {
    const count = boundaries(of);
    // Handshake, claim, flash or store, and the questions that follow.
    expect(count).toBeGreaterThan(30);
    const wrong: string[] = [];
    for (let at = 1; at <= count; at += STRIDE) {
      const problem = dieAt(at, of);
      if (problem !== null) wrong.push(`boundary ${at} of ${count}: ${problem}`);
    }
    expect(wrong).toEqual([]);
  }, 120_000);
}
