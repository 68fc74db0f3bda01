/**
 * Goal: a machine that was suspended wakes into its session, if it slept for less than the bounds of the session; and beyond
 * them into another one that names it.
 *
 * Method: one agent and one hub, time virtual. While the device sleeps its clock goes on (CLOCK_BOOTTIME), none of its code
 * runs, and nothing that is sent to it arrives: its radio sleeps as well. With `waits`, what was sent waits in its sockets,
 * as for a process that was stopped on a machine that was not.
 */
import { expect, test } from 'bun:test';
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { fastPrimitives } from './primitives.ts';
import { DEVICE_INNER, defaultPolicy, HUB_INNER, packet, Rig } from './rig.ts';

/** What of the session before is not under way any more, idle as it is. */
const CALM_MS = 12_000;
const GAP_MS = 5;
/** 10 ms each way: what is sent in the moment of waking is there. */
const AT_ONCE_MS = 20;
/** From waking to data both ways of another session: a handshake, a second of not knowing, a claim. */
const REOPENED_MS = 3_000;
/** 3 × 25 s of silence of an idle binding (docs/protocol.md, "Liveness"), and 30 s of recovery window behind it. */
const HUB_SILENCE_MS = 75_000;
const BOUND_MS = HUB_SILENCE_MS + 30_000;

const exchange = (rig: Rig) => {
  rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, 1));
  rig.fromHub(packet(HUB_INNER, DEVICE_INNER, 1));
  rig.run(GAP_MS);
};

function awake(isFlowing: boolean): Rig {
  const rig = new Rig(fastPrimitives);
  rig.boot();
  expect(rig.runUntil(() => rig.isAttached, 20_000)).toBe(true);
  rig.run(CALM_MS);
  for (let count = 0; isFlowing && count < 200; count += 1) exchange(rig);
  return rig;
}

function sleep(rig: Rig, sleptMs: number, isDeaf: boolean): void {
  const links = isDeaf ? ['eth0', 'wlan0'] : [];
  rig.suspend(rig.agent);
  for (const link of links) rig.silence(link, true);
  rig.run(sleptMs);
  for (const link of links) rig.silence(link, false);
  for (const tun of [rig.hubTun, rig.agentTun]) tun.takeDelivered();
  rig.resume(rig.agent);
}

/** How long it takes until packets of now have come out at both ends; at most `maxMs`. */
function untilBothWays(rig: Rig, maxMs: number): number {
  const missing = new Set([rig.hubTun, rig.agentTun]);
  let passedMs = 0;
  for (; missing.size > 0 && passedMs < maxMs; passedMs += GAP_MS) {
    exchange(rig);
    for (const tun of missing) if (tun.takeDelivered().length > 0) missing.delete(tun);
  }
  return missing.size > 0 ? Number.POSITIVE_INFINITY : passedMs;
}

for (const isFlowing of [false, true]) {
  for (const isDeaf of [true, false]) {
    const how = `${isFlowing ? 'amid a flow' : 'idle'}, ${isDeaf ? 'and nothing arrives' : 'and what arrives waits'}`;

    for (const sleptMs of [2_000, 20_000]) {
      test(`asleep for ${sleptMs} ms, ${how}: nobody says a word, and data flows at once`, () => {
        const rig = awake(isFlowing);
        const before = rig.agent.device?.sessionId;
        const seen = rig.audit.length;
        sleep(rig, sleptMs, isDeaf);
        expect(untilBothWays(rig, 1_000)).toBeLessThanOrEqual(AT_ONCE_MS);
        rig.run(3_000);
        const told = rig.audit.slice(seen).filter(({ event }) => event === 'transition');
        expect([rig.agent.device?.sessionId, told, rig.violations]).toEqual([before!, [], []]);
        expect(rig.isAttached).toBe(true);
      });
    }

    test(`asleep for longer than the hub is patient, ${how}: the hub hears it again, with the same session`, () => {
      const rig = awake(isFlowing);
      const before = rig.agent.device?.sessionId;
      const seen = rig.audit.length;
      sleep(rig, BOUND_MS - 10_000, isDeaf);
      expect(untilBothWays(rig, 3_000)).toBeLessThanOrEqual(REOPENED_MS);
      rig.run(3_000);
      const codes = rig.audit.slice(seen).map(({ reasonCode }) => reasonCode);
      expect(codes).toContain('hub_silence');
      expect(rig.audit.slice(seen).filter(({ to }) => to === 'TERMINATED')).toEqual([]);
      expect([rig.agent.device?.sessionId, rig.violations]).toEqual([before!, []]);
      expect(rig.isAttached).toBe(true);
    });

    for (const sleptMs of isFlowing ? [BOUND_MS + 5_000] : [BOUND_MS + 5_000, 600_000]) {
      test(`asleep for ${sleptMs} ms, ${how}: the hub has ended the session, and the next one names it`, () => {
        const rig = awake(isFlowing);
        const before = rig.agent.device!.sessionId;
        const seen = rig.audit.length;
        sleep(rig, sleptMs, isDeaf);
        const woken = rig.audit.length;
        expect(untilBothWays(rig, REOPENED_MS)).toBeLessThanOrEqual(REOPENED_MS);
        // At the hub when it was due, not when the device came back.
        const ends = rig.audit
          .slice(seen, woken)
          .filter(({ reasonCode }) => reasonCode === 'recovery_window_exceeded');
        expect(ends.map(({ to, sessionId }) => [to, sessionId])).toContainEqual([
          'TERMINATED',
          before,
        ]);
        const named = rig.audit
          .slice(seen)
          .filter(({ reasonCode }) => reasonCode === 'session_created')
          .map(({ detail }) => detail['previousSessionId'])
          .filter((previous) => previous !== undefined);
        expect(named).toEqual([before]);
        expect(rig.agent.device?.sessionId).not.toBe(before);
        expect([rig.isAttached, rig.violations]).toEqual([true, []]);
      });
    }
  }
}

const SESSION_TTL_MS = 120_000;

for (const [what, ttlMs, sleptMs] of [
  ['the age of its keys', 86_400_000, 200_000],
  ['the TTL of its session', SESSION_TTL_MS, SESSION_TTL_MS],
] as const) {
  test(`asleep past ${what}: nothing of what waited goes out under it, or is taken`, () => {
    const rig = new Rig(fastPrimitives);
    const policy = defaultPolicy();
    rig.devicePolicy = { ...policy, session: { ...policy.session, ttlMs } };
    rig.boot();
    expect(rig.runUntil(() => rig.isAttached, 20_000)).toBe(true);
    for (let count = 0; count < 20; count += 1) exchange(rig);
    rig.run(100);
    rig.suspend(rig.agent);
    rig.fromHub(packet(HUB_INNER, DEVICE_INNER, 1));
    rig.run(sleptMs);
    for (const tun of [rig.hubTun, rig.agentTun]) tun.takeDelivered();
    rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, 1));
    let sentData = 0;
    rig.onDatagram = ({ bytes }) => {
      if (bytes[0] === MESSAGE_TYPE.data) sentData += 1;
    };
    rig.resume(rig.agent);
    expect([sentData, rig.agentTun.takeDelivered().length, rig.violations]).toEqual([0, 0, []]);
  });
}
