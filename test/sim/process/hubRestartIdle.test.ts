/**
 * Goal: a hub that restarts while a metered device is idle is known to the device by its next keepalive, whichever policy
 * they have; its session goes on, if that keepalive comes within the recovery window of the hub.
 * Method: one agent and one hub under each shipped profile, every link metered, nothing sent; then the hub dies and is started
 * again, at several moments between two keepalives.
 */
import { describe, expect, test } from 'bun:test';
import { PROFILE_NAMES, type ProfileName } from '../../../policies/profiles.ts';
import type { Policy } from '../../../policies/schema.ts';
import { ended, expectBothWays, idle, metered, sessionOf } from './idleMetered.ts';
import type { Rig } from './rig.ts';

const DOWN_MS = 2_000;
/** From the keepalive to the binding, at a round trip of 20 ms: a question and its repeat in vain, a handshake; with a standby a death and a claim. */
const FOUND_MS = 2_400;
/** One that loses its session opens the next a second later, and what is asked once more. */
const REOPENED_MS = 3_500;

const binding = (rig: Rig) =>
  rig.agent.device!.transports.find(
    ({ transportId }) => transportId === rig.agent.device!.activeId,
  );

/** From its last question on, so that the next is as far away as it can be. */
function longIdle(name: ProfileName, hub: Policy | null, hasStandby: boolean): Rig {
  const rig = idle(name, hub, hasStandby);
  rig.run(binding(rig)!.probeAtMs! - rig.world.nowMs + 1_000);
  return rig;
}

/** The hub is back `leftMs` before the next keepalive but one is sent. */
function restart(rig: Rig, leftMs: number): void {
  const { keepaliveAtMs } = binding(rig)!;
  const backAtMs = keepaliveAtMs! + rig.devicePolicy!.liveness.meteredKeepaliveMs - leftMs;
  rig.run(backAtMs - DOWN_MS - rig.world.nowMs);
  rig.hub.crash();
  rig.run(DOWN_MS);
  rig.hub.boot();
}

for (const name of PROFILE_NAMES) {
  describe(name, () => {
    const policy = metered(name);
    const { meteredKeepaliveMs } = policy.liveness;
    // Just behind a keepalive that met a dead hub, in the middle, and just before one.
    const lefts = [meteredKeepaliveMs - 100, meteredKeepaliveMs / 2, 100];

    for (const hasStandby of [false, true]) {
      const where = hasStandby ? 'a standby' : 'the only link';
      for (const leftMs of lefts) {
        const isInTime = leftMs + FOUND_MS <= policy.session.recoveryWindowMs;
        const what = isInTime ? 'the session goes on' : 'beyond the window: there is another one';

        test(`${where}, ${leftMs} ms before a keepalive: ${what}`, () => {
          const rig = longIdle(name, policy, hasStandby);
          const before = sessionOf(rig);
          restart(rig, leftMs);
          expect(rig.isAttached).toBe(false);
          const withinMs = leftMs + (isInTime ? FOUND_MS : REOPENED_MS);
          expect(rig.runUntil(() => rig.isAttached, withinMs)).toBe(true);
          expect([sessionOf(rig) === before, rig.violations]).toEqual([isInTime, []]);
          if (isInTime) expect(ended(rig)).toEqual([]);
          expectBothWays(rig);
        });
      }
    }

    test('a hub with the default policy: the session goes on as well', () => {
      const rig = longIdle(name, null, false);
      const before = sessionOf(rig);
      restart(rig, lefts[0]!);
      expect(rig.runUntil(() => rig.isAttached, lefts[0]! + FOUND_MS)).toBe(true);
      expect([sessionOf(rig), ended(rig), rig.violations]).toEqual([before, [], []]);
      expectBothWays(rig);
    });
  });
}

test('a hub that knows the channel says nothing, nor does one that waits for nobody', () => {
  const rig = longIdle('metered-lte', null, false);
  const seen: number[] = [];
  rig.onDatagram = ({ bytes }) => seen.push(bytes[0]!);
  rig.run(120_000);
  expect(seen).not.toContain(19);
  restart(rig, 100);
  rig.run(30_000);
  expect([rig.isAttached, seen.includes(19)]).toEqual([true, true]);
  seen.length = 0;
  rig.run(120_000);
  expect(seen).not.toContain(19);
});
