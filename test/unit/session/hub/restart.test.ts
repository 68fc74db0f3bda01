import { describe, expect, test } from 'bun:test';
import { newSeat, nextDeadline } from '../../../../session/hub/seat.ts';
import { attached, doubtful } from './process.ts';
import { LIMITS, type SwapEffect } from './rig.ts';

describe('a restarted hub', () => {
  test('◆ first raises the owner epoch; a swap of its former self then compares false', () => {
    const { rig, swap } = doubtful();
    const former: SwapEffect = swap;
    rig.restart();
    expect(rig.record).toMatchObject({ ownerEpoch: 2, owner: 'hub-a', transportId: 1 });
    expect(rig.write(former)).toBe(false);
  });

  test('◆ the former swap was faster: the epoch goes on top of what it wrote', () => {
    const { rig, swap } = doubtful();
    const seen = rig.record;
    rig.write(swap);
    const written = rig.record;
    rig.record = seen;
    rig.nowMs += 500;
    rig.seat = newSeat(seen, rig.nowMs, rig.config);
    rig.held = [];
    rig.record = written;
    rig.store = 'answer';
    rig.run(0);
    expect(rig.record).toMatchObject({ transportId: 2, stateVersion: 2, ownerEpoch: 2 });
    expect(rig.seat.isOwner).toBe(true);
  });

  test('◆ the epoch of a former self that died in its turn was faster: ours goes on top, and we serve', () => {
    const { rig, device } = attached();
    rig.store = 'hold';
    rig.seat = newSeat(rig.record, rig.nowMs, rig.config);
    rig.run(0);
    const [former] = rig.held as [SwapEffect];
    // It died with that under way; the next process read the record before it was written.
    rig.nowMs += 500;
    rig.seat = newSeat(rig.record, rig.nowMs, rig.config);
    rig.held = [];
    rig.run(0);
    expect(rig.write(former)).toBe(true);
    rig.store = 'answer';
    rig.release();
    expect(rig.record).toMatchObject({ owner: 'hub-a', ownerEpoch: 3 });
    expect([rig.seat.isOwner, rig.seat.isLeaseValid]).toEqual([true, true]);
    device.shake(1);
    device.move(1);
    expect(rig.frame('reattached').ownerEpoch).toBe(3);
  });

  test('says so, keeps the deadlines and is RECOVERING until the binding is heard', () => {
    const { rig } = attached();
    rig.restart(500);
    expect(rig.reports()).toEqual([
      'notice hub_restarted',
      'transition hub_restarted ATTACHED→RECOVERING',
    ]);
    expect(rig.record).toMatchObject({ recoveringSinceMs: 1_000_500, createdAtMs: 1_000_000 });
    expect(rig.route).toBeNull();
    rig.run(10_000);
    rig.restart(500);
    expect(rig.reports()).toEqual(['notice hub_restarted']);
    expect(rig.record).toMatchObject({ recoveringSinceMs: 1_000_500, ownerEpoch: 3 });
    rig.run(20_000);
    expect(rig.record?.terminated).toBe('recovery_window_exceeded');
  });

  test('I4: its hub_seq goes on above what was told and never written', () => {
    const { rig } = attached();
    rig.store = 'hold';
    rig.run(LIMITS.silenceMs + 1_000);
    const told = rig.events.at(-1);
    expect(told).toMatchObject({ event: 'transition', reasonCode: 'hub_silence' });
    expect(told?.hubSeq).toBeGreaterThan(rig.record?.hubSeq ?? 0);
    rig.store = 'answer';
    rig.held = [];
    rig.restart();
    const restarted = rig.events.find(({ reasonCode }) => reasonCode === 'hub_restarted');
    expect(restarted?.hubSeq).toBeGreaterThan(told?.hubSeq ?? 0);
  });

  test('I4: nor does it tell a number again when it dies before its epoch is written', () => {
    const { rig } = attached();
    const { record } = rig;
    let newestSeq = record?.hubSeq ?? 0;
    for (const afterMs of [500, 1, 1, 2_000, 20]) {
      const before = rig.events.length;
      rig.restart(afterMs);
      const told = rig.events.slice(before).map(({ hubSeq }) => hubSeq);
      expect(told).toHaveLength(2);
      expect(Math.min(...told)).toBeGreaterThanOrEqual(newestSeq);
      newestSeq = Math.max(...told);
      // The swap was asked for and never arrived.
      rig.record = record;
    }
  });

  test('its device rotates on a new channel, is heard there, and data flows', () => {
    const { rig, device } = attached();
    rig.restart();
    device.shake(1);
    device.rotate(1);
    rig.frame('rotated');
    expect(rig.reports('transition')).toEqual([
      'transition device_heard_again RECOVERING→ATTACHED',
    ]);
    expect(rig.route).toMatchObject({ channelId: 2, target: '192.0.2.1:4001' });
  });

  test('its device reattaches under the memory key on a new channel', () => {
    const { rig, device } = attached();
    rig.restart();
    device.shake(2);
    device.move(2);
    expect(rig.frame('reattached')).toMatchObject({ ownerEpoch: 2, renewed: null });
    expect(rig.reports('transition')).toEqual(['transition reattach_accepted RECOVERING→ATTACHED']);
  });

  test('answers a repeated claim with the same keys', () => {
    const { rig, device } = attached();
    const next = device.copy('1');
    next.shake(2);
    const claim = next.claim(2);
    next.send(next.attachFrame(claim), 2);
    rig.run(400);
    const first = rig.frame('attached');
    rig.restart();
    next.shake(2);
    next.send(next.attachFrame(claim), 2);
    const again = rig.frame('attached');
    expect([again.secret, again.memoryKey]).toEqual([first.secret, first.memoryKey]);
  });

  test('claims that come before its epoch is written wait for that', () => {
    const { rig, device } = attached();
    rig.nowMs += 500;
    rig.seat = newSeat(rig.record, rig.nowMs, rig.config);
    rig.store = 'hold';
    rig.run(0);
    device.shake(2);
    device.move(2);
    expect(rig.effects).toEqual([]);
    device.probe(1);
    expect(rig.sent('probeAck')).toEqual([]);
    rig.release();
    expect(rig.held[0]).toMatchObject({ record: { ownerEpoch: 2, transportId: 2 } });
  });

  test('a session that has ended stays ended', () => {
    const { rig, device } = attached();
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
    rig.restart();
    expect([rig.seat.state, nextDeadline(rig.seat)]).toEqual(['TERMINATED', null]);
    device.shake(1);
    device.move(1);
    expect(rig.refusal()).toBe('invalid_state');
  });
});
