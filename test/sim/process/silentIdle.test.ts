/**
 * Goal: no session is ended because its idle, metered binding fell silent before the device could know of it; and a standby
 * link that lives saves it, whichever policy the hub has.
 * Method: one agent and one hub under each shipped profile, every link metered, nothing sent; then the binding's link says
 * nothing and lets nothing through.
 */
import { describe, expect, test } from 'bun:test';
import { idleCost } from '../../../policies/budget.ts';
import { loadPolicy } from '../../../policies/load.ts';
import { PROFILE_NAMES } from '../../../policies/profiles.ts';
import { ended, expectBothWays, idle, metered, START_MS, sessionOf } from './idleMetered.ts';
import { fastPrimitives } from './primitives.ts';
import { Rig } from './rig.ts';

const KEEPALIVE_MS = 25_000;
/** From the verdict to the answer of a claim; a cold way takes up to a second. */
const CLAIM_MS = 3_000;

for (const name of PROFILE_NAMES) {
  describe(name, () => {
    const noticeMs = idleCost(metered(name), 4).meteredIdleSilenceMs;
    const { recoveryWindowMs } = metered(name).session;

    for (const [whose, hub] of [
      ['its own profile', metered(name)],
      ['the default', null],
    ] as const) {
      test(`hub with ${whose}, a standby lives: the session goes on over it`, () => {
        const rig = idle(name, hub, true);
        const before = sessionOf(rig);
        rig.silence('eth0', true);
        const isOver = () => rig.agent.status()?.binding?.split('→')[0] === 'wlan0';
        expect(rig.runUntil(() => isOver() && rig.isAttached, noticeMs + CLAIM_MS)).toBe(true);
        expect([sessionOf(rig), ended(rig), rig.violations]).toEqual([before, [], []]);
        expectBothWays(rig);
      });
    }

    for (const silentMs of [60_000, noticeMs - KEEPALIVE_MS]) {
      test(`the only link, silent for ${silentMs} ms: the hub has patience as long as the device cannot know`, () => {
        const rig = idle(name, metered(name), false);
        const before = sessionOf(rig);
        // From its last proof on, so that no question falls into the silence.
        const askedAtMs = () =>
          rig.agent.device!.transports.find(({ linkName }) => linkName === 'eth0')!.probeAtMs!;
        rig.run(askedAtMs() - rig.world.nowMs + 1_000);
        rig.silence('eth0', true);
        rig.run(silentMs);
        rig.silence('eth0', false);
        rig.run(KEEPALIVE_MS);
        expect([rig.isAttached, sessionOf(rig), ended(rig)]).toEqual([true, before, []]);
        expectBothWays(rig);
      });
    }

    test('the only link stays silent: the device gives it up first, and both end within their windows', () => {
      const rig = idle(name, metered(name), false);
      const fromMs = rig.world.nowMs;
      rig.silence('eth0', true);
      const state = () => rig.hub.seat(rig.deviceKey)?.state;
      expect(
        rig.runUntil(() => rig.agent.device?.state === 'RECOVERING', noticeMs + CLAIM_MS),
      ).toBe(true);
      expect(state()).toBe('ATTACHED');
      expect(rig.runUntil(() => state() === 'RECOVERING', noticeMs)).toBe(true);
      expect(rig.world.nowMs - fromMs).toBeLessThanOrEqual(noticeMs + 1_000);
      expect(rig.runUntil(() => state() === 'TERMINATED', recoveryWindowMs + 1_000)).toBe(true);
    });
  });
}

test('a binding that is asked more rarely than its hub waits by itself is not lost to a question over a standby', () => {
  const rig = new Rig(fastPrimitives);
  const rare = loadPolicy({ liveness: { heartbeat_idle_ms: 120_000 } });
  if (!rare.ok) throw new Error(JSON.stringify(rare.problems));
  rig.devicePolicy = rare.policy;
  rig.boot();
  expect(rig.runUntil(() => rig.isAttached, START_MS)).toBe(true);
  rig.run(60_000);
  const before = rig.audit.length;
  rig.run(600_000);
  const moves = rig.audit.slice(before).map(({ reasonCode, to }) => [reasonCode, to]);
  expect(moves.filter(([, to]) => to !== null)).toEqual([]);
  expectBothWays(rig);
});

test('a hub that ended the session meanwhile says so to the next keepalive, long before the device would ask', () => {
  const rig = idle('metered-lte', null, false);
  const before = sessionOf(rig);
  rig.silence('eth0', true);
  rig.run(5_000);
  rig.hub.terminate(rig.deviceKey, 'operator_terminated');
  rig.run(5_000);
  rig.silence('eth0', false);
  expect(rig.isAttached).toBe(false);
  expect(
    rig.runUntil(() => rig.isAttached && sessionOf(rig) !== before, KEEPALIVE_MS + CLAIM_MS),
  ).toBe(true);
});
