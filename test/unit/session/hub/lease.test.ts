import { describe, expect, test } from 'bun:test';
import type { SessionRecord } from '../../../../session/hub/record.ts';
import { newSeat, nextDeadline } from '../../../../session/hub/seat.ts';
import { attached } from './process.ts';

describe('the lease', () => {
  test('◆ without it nothing is carried, answered or committed', () => {
    const { rig, device } = attached();
    rig.feed({ kind: 'lease', isValid: false });
    expect([rig.route, rig.seat.accept]).toEqual([null, []]);
    device.probe(1);
    device.move(2);
    expect(rig.effects).toEqual([]);
    rig.run(2_000);
    rig.feed({ kind: 'lease', isValid: true });
    // The device may long have given that claim up.
    expect(rig.record?.transportId).toBe(1);
  });

  test('back again, it is proven by a new epoch before data flows', () => {
    const { rig } = attached();
    rig.feed({ kind: 'lease', isValid: false });
    rig.store = 'hold';
    rig.feed({ kind: 'lease', isValid: true });
    expect(rig.route).toBeNull();
    expect(rig.held[0]?.record.ownerEpoch).toBe(2);
    rig.release();
    expect(rig.route?.transportId).toBe(1);
  });

  test('says nothing about a record of another hub: that is answered as standby', () => {
    const { rig, device } = attached();
    const record: SessionRecord = { ...rig.record!, owner: 'hub-b', ownerEpoch: 4 };
    rig.record = record;
    rig.seat = newSeat(record, rig.nowMs, rig.config);
    expect(nextDeadline(rig.seat)).toBeNull();
    device.shake(1);
    device.probe(1);
    expect(rig.frame('probeAck').view).toBe('standby');
    device.move(1);
    expect(rig.refusal()).toBe('ownership_conflict');
    rig.feed({ kind: 'lease', isValid: true });
    expect(rig.record).toMatchObject({ owner: 'hub-b', ownerEpoch: 4 });
    device.move(1);
    expect(rig.refusal()).toBe('ownership_conflict');
  });
});
