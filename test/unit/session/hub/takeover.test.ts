/**
 * Goal: a record changes hands only when nobody serves under the old owner and epoch, and each hub that lost
 * it serves nothing.
 * Method: the seat of hub-a, with the records and the store's answers that another hub would cause.
 */
import { describe, expect, test } from 'bun:test';
import type { SessionRecord } from '../../../../session/hub/record.ts';
import { newSeat, nextDeadline } from '../../../../session/hub/seat.ts';
import { NOBODY } from '../../../../session/hub/takeover.ts';
import { attached, type Process } from './process.ts';
import type { Rig } from './rig.ts';

/** hub-a shares the store, holds a lease, and serves the device on transport 1. */
function shared(): { rig: Rig; device: Process } {
  const { rig, device } = attached();
  rig.config = { ...rig.config, isLeased: true };
  return { rig, device };
}

/** hub-a comes up with a record that hub-b owns. */
function foreign(change: Partial<SessionRecord> = {}) {
  const { rig, device } = shared();
  rig.record = { ...rig.record!, owner: 'hub-b', ownerEpoch: 4, revision: 9, ...change };
  rig.seat = newSeat(rig.record, rig.nowMs, rig.config);
  rig.feed({ kind: 'lease', isValid: true });
  device.shake(2);
  return { rig, device };
}

const asked = (rig: Rig) =>
  rig.effects.filter(({ kind }) => kind === 'askOwner' || kind === 'askRelease');

describe('a hub that shares the store', () => {
  test('serves nothing before it was told of its lease', () => {
    const { rig, device } = foreign();
    rig.record = { ...rig.record!, owner: 'hub-a' };
    rig.seat = newSeat(rig.record, rig.nowMs, rig.config);
    expect(nextDeadline(rig.seat)).toBeNull();
    device.shake(2);
    device.move(2);
    device.probe(2);
    expect(rig.effects).toEqual([]);
    rig.feed({ kind: 'lease', isValid: true });
    expect(rig.record).toMatchObject({ owner: 'hub-a', ownerEpoch: 5 });
  });

  test('asks about the owner of a record when a claim comes, and at most twice a second', () => {
    const { rig, device } = foreign();
    expect(nextDeadline(rig.seat)).toBeNull();
    device.probe(2);
    expect(rig.frame('probeAck').view).toBe('standby');
    device.move(2);
    expect(rig.effects).toEqual([{ kind: 'askOwner', owner: 'hub-b', ownerEpoch: 4 }]);
    rig.nowMs += 499;
    device.move(2);
    expect(rig.effects).toEqual([]);
    rig.nowMs += 1;
    device.move(2);
    expect(asked(rig).length).toBe(1);
  });

  test('takes over from an owner whose lease has ended, and answers the claim that waited', () => {
    const { rig, device } = foreign();
    device.move(2);
    rig.feed({ kind: 'owner', current: rig.record, isEnded: true });
    expect(rig.record).toMatchObject({ owner: 'hub-a', ownerEpoch: 5, transportId: 2 });
    expect(rig.frame('reattached').ownerEpoch).toBe(5);
    expect(rig.route?.transportId).toBe(2);
  });

  test('a recovery that began on a clock ahead of ours lasted no time, never less', () => {
    for (const [began, lastedMs] of [
      [2_500, 0],
      [-2_500, 2_500],
    ] as const) {
      const sinceMs = shared().rig.nowMs + began;
      const times = { recoveringSinceMs: sinceMs, transportlessSinceMs: sinceMs };
      const { rig, device } = foreign(times);
      device.move(2);
      rig.feed({ kind: 'owner', current: rig.record, isEnded: true });
      const lasted = rig.events.flatMap(({ detail }) => detail['recoveryMs'] ?? []);
      expect(lasted).toEqual([lastedMs]);
    }
  });

  test('◆ a verdict about one epoch does not reach the next', () => {
    const { rig, device } = foreign();
    device.move(2);
    rig.store = 'hold';
    rig.feed({ kind: 'owner', current: rig.record, isEnded: true });
    // hub-b came back, and its own epoch was faster.
    rig.record = { ...rig.record!, ownerEpoch: 5, revision: 10 };
    rig.release();
    expect([rig.seat.isOwner, rig.held]).toEqual([false, []]);
    expect(rig.record.owner).toBe('hub-b');
    rig.nowMs += 500;
    device.move(2);
    expect(rig.effects).toEqual([{ kind: 'askOwner', owner: 'hub-b', ownerEpoch: 5 }]);
  });

  test('an answer older than what is known is ignored', () => {
    const { rig, device } = foreign();
    device.move(2);
    const old = { ...rig.record!, revision: 8, owner: 'hub-c', ownerEpoch: 3 };
    rig.feed({ kind: 'owner', current: old, isEnded: true });
    rig.feed({ kind: 'owner', current: null, isEnded: false });
    expect(rig.seat.record?.owner).toBe('hub-b');
    expect(rig.seat.isOwner).toBe(false);
  });

  test('asks a living owner to release, for a claim that it would accept', () => {
    const { rig, device } = foreign();
    device.move(2);
    rig.feed({ kind: 'owner', current: rig.record, isEnded: false });
    expect(rig.effects).toEqual([
      { kind: 'askRelease', owner: 'hub-b', ownerEpoch: 4, isMemory: true },
    ]);
    rig.record = { ...rig.record!, revision: 10, owner: NOBODY };
    rig.feed({ kind: 'owner', current: rig.record, isEnded: false });
    expect(rig.record).toMatchObject({ owner: 'hub-a', ownerEpoch: 5, transportId: 2 });
    rig.frame('reattached');
  });

  test('◆ a stranger moves no session: its claim is refused and the owner is not asked', () => {
    const { rig, device } = foreign({ createdAtMs: 0 });
    const copy = device.copy('c');
    copy.secret = new Uint8Array(32).fill(7);
    copy.shake(2);
    copy.send(copy.attachFrame(copy.claim(2)), 2);
    expect(asked(rig).length).toBe(1);
    rig.feed({ kind: 'owner', current: rig.record, isEnded: false });
    expect(rig.refusal()).toBe('identity_conflict');
    expect(asked(rig)).toEqual([]);
  });

  test('what the owner does with the session is not its to bound', () => {
    const { rig, device } = foreign();
    rig.run(120_000);
    rig.record = { ...rig.record!, revision: 12, recoveringSinceMs: rig.nowMs - 1_000 };
    device.move(2);
    rig.feed({ kind: 'owner', current: rig.record, isEnded: true });
    expect(rig.record).toMatchObject({ owner: 'hub-a', terminated: null, transportId: 2 });
  });
});

describe('◆ a hub that knows of no session', () => {
  function unaware() {
    const { rig, device } = shared();
    rig.seat = newSeat(null, rig.nowMs, rig.config);
    rig.feed({ kind: 'lease', isValid: true });
    device.shake(2);
    device.move(2);
    return { rig, device };
  }

  test('reads again before it says so: another hub may have opened it', () => {
    const { rig } = unaware();
    expect(rig.effects).toEqual([{ kind: 'askOwner', owner: NOBODY, ownerEpoch: 0 }]);
    rig.record = { ...rig.record!, owner: 'hub-b', ownerEpoch: 4 };
    rig.feed({ kind: 'owner', current: rig.record, isEnded: true });
    expect(rig.frame('reattached').ownerEpoch).toBe(5);
  });

  test('and says so for the claim that waited, if the store has none', () => {
    const { rig } = unaware();
    rig.record = null;
    rig.feed({ kind: 'owner', current: null, isEnded: false });
    expect(rig.refusal()).toBe('unknown_session');
  });
});

describe('the owner, asked to release', () => {
  test('stops at once, writes that it did, and serves nothing after', () => {
    const { rig, device } = shared();
    rig.store = 'hold';
    rig.feed({ kind: 'release', ownerEpoch: 1, isMemory: true });
    expect([rig.route, rig.seat.accept]).toEqual([null, []]);
    rig.release();
    expect(rig.held).toEqual([]);
    rig.write({ ...rig.record!, kind: 'swap', swapId: 0 } as never);
    device.probe(1);
    expect(rig.frame('probeAck').view).toBe('standby');
    device.rotate(1);
    expect(rig.sent('rotated')).toEqual([]);
    expect(rig.run(120_000)).toEqual([]);
  });

  test('◆ of an epoch that it does not know: looks, for a former self may have written it', () => {
    const { rig } = foreign();
    rig.feed({ kind: 'release', ownerEpoch: 5, isMemory: true });
    expect(asked(rig)).toEqual([{ kind: 'askOwner', owner: 'hub-b', ownerEpoch: 4 }]);
    rig.record = { ...rig.record!, revision: 10, owner: 'hub-a', ownerEpoch: 5 };
    rig.feed({ kind: 'owner', current: rig.record, isEnded: false });
    expect(rig.record).toMatchObject({ owner: 'hub-a', ownerEpoch: 6 });
    rig.feed({ kind: 'release', ownerEpoch: 6, isMemory: true });
    expect(rig.record?.owner).toBe(NOBODY);
  });

  test('takes the session back when its device claims here again', () => {
    const { rig, device } = shared();
    rig.feed({ kind: 'release', ownerEpoch: 1, isMemory: true });
    expect(rig.record).toMatchObject({ owner: NOBODY, ownerEpoch: 1 });
    device.move(2);
    expect(rig.record).toMatchObject({ owner: 'hub-a', ownerEpoch: 2, transportId: 2 });
  });

  test('◆ for a claim that shows a flash secret only: not while it hears the device itself', () => {
    const { rig, device } = shared();
    rig.nowMs += 1_999;
    rig.feed({ kind: 'release', ownerEpoch: 1, isMemory: false });
    expect(rig.record?.owner).toBe('hub-a');
    device.data(1);
    rig.nowMs += 2_000;
    rig.feed({ kind: 'release', ownerEpoch: 1, isMemory: false });
    expect(rig.record?.owner).toBe(NOBODY);
  });

  test('of another epoch, or busy with the store: goes on', () => {
    const { rig, device } = shared();
    rig.feed({ kind: 'release', ownerEpoch: 2, isMemory: true });
    expect(rig.route).not.toBeNull();
    rig.store = 'hold';
    device.move(2);
    rig.feed({ kind: 'release', ownerEpoch: 1, isMemory: true });
    rig.release();
    expect(rig.record).toMatchObject({ owner: 'hub-a', transportId: 2 });
  });
});

describe('◆ a lease that comes back', () => {
  test('does not reach over the hub that took the record meanwhile', () => {
    const { rig } = shared();
    rig.feed({ kind: 'lease', isValid: false });
    rig.record = { ...rig.record!, revision: 9, owner: 'hub-b', ownerEpoch: 2 };
    rig.feed({ kind: 'lease', isValid: true });
    expect(rig.record).toMatchObject({ owner: 'hub-b', ownerEpoch: 2 });
    expect([rig.seat.isOwner, rig.route]).toEqual([false, null]);
    expect(rig.run(60_000)).toEqual([]);
  });

  test('does not make an epoch count that was asked for before it ended', () => {
    const { rig } = shared();
    rig.feed({ kind: 'lease', isValid: false });
    rig.store = 'hold';
    rig.feed({ kind: 'lease', isValid: true });
    rig.feed({ kind: 'lease', isValid: false });
    rig.feed({ kind: 'lease', isValid: true });
    rig.release();
    // Written, but not served: another hub may have seen epoch 2 without a lease behind it.
    expect(rig.record?.ownerEpoch).toBe(2);
    expect(rig.route).toBeNull();
    rig.release();
    expect(rig.record?.ownerEpoch).toBe(3);
    expect(rig.route?.transportId).toBe(1);
  });

  test('nor a first session’s commit', () => {
    const { rig, device } = shared();
    rig.record = null;
    rig.route = null;
    rig.seat = newSeat(null, rig.nowMs, rig.config);
    rig.feed({ kind: 'lease', isValid: true });
    rig.store = 'hold';
    device.shake(1);
    const open = device.attachFrame(device.claim(1), { isNew: true, proof: null });
    device.send(open, 1);
    rig.feed({ kind: 'owner', current: null, isEnded: false });
    rig.feed({ kind: 'lease', isValid: false });
    rig.feed({ kind: 'lease', isValid: true });
    rig.release();
    expect([rig.route, rig.sent('attached')]).toEqual([null, []]);
    rig.release();
    expect(rig.record).toMatchObject({ ownerEpoch: 2 });
    device.send(open, 1);
    expect(rig.frame('attached').ownerEpoch).toBe(2);
  });
});

test('◆ an epoch that a former self may have written is not taken for our own', () => {
  const { rig } = shared();
  rig.feed({ kind: 'lease', isValid: false });
  rig.store = 'hold';
  rig.feed({ kind: 'lease', isValid: true });
  rig.write(rig.held[0]!);
  rig.release();
  expect(rig.record?.ownerEpoch).toBe(2);
  expect(rig.seat.isOwner).toBe(false);
  rig.release();
  expect(rig.record?.ownerEpoch).toBe(3);
  expect(rig.seat.isOwner).toBe(true);
});

test('◆ a claim that a former self committed is answered with the keys on record', () => {
  const { rig, device } = shared();
  rig.store = 'hold';
  device.shake(2);
  const frame = device.attachFrame(device.claim(2));
  device.send(frame, 2);
  rig.run(1_500);
  const [swap] = rig.held;
  const former = { ...swap!.record, memoryKey: new Uint8Array(32).fill(9) };
  rig.record = former;
  rig.release();
  expect(rig.frame('attached').memoryKey).toEqual(former.memoryKey);
});

test('◆ a bound that was met before another hub saved the session ends nothing', () => {
  const { rig } = shared();
  rig.run(5_000);
  rig.store = 'hold';
  rig.run(40_000);
  while (rig.held.length > 0 && rig.seat.ending === null) {
    rig.release();
    rig.run(40_000);
  }
  expect(rig.seat.ending?.reasonCode).toBe('recovery_window_exceeded');
  rig.feed({ kind: 'lease', isValid: false });
  const claim = { ...rig.record!.claim, stateVersion: 20, nonce: 'n'.repeat(16) };
  rig.record = {
    ...rig.record!,
    revision: 90,
    owner: NOBODY,
    ownerEpoch: 7,
    claim,
    stateVersion: 20,
    recoveringSinceMs: null,
    transportlessSinceMs: null,
  };
  rig.release();
  expect(rig.seat.ending).toBeNull();
});
