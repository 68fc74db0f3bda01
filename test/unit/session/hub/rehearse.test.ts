/**
 * Goal: what is rehearsed is judged and answered as the real claim is, and nothing of it is left behind.
 */
import { describe, expect, test } from 'bun:test';
import { rehearse } from '../../../../session/hub/rehearse.ts';
import { attached } from './process.ts';

const rehearsed = ({ seat, config }: ReturnType<typeof attached>['rig']) =>
  rehearse(seat, config).map(({ type }) => type);

describe('a rehearsed claim', () => {
  test('is committed, and answered', () => {
    expect(rehearsed(attached().rig)).toEqual(['reattach', 'reattached']);
  });

  test('leaves the seat as it was, and the version that it named is good for the real one', () => {
    const { rig, device } = attached();
    const { record } = rig;
    const before = structuredClone(rig.seat);
    for (let times = 0; times < 100; times++) rehearsed(rig);
    expect(rig.seat).toEqual(before);
    expect(rig.record).toBe(record);
    device.move(2);
    expect(rig.sent('reattached')).toHaveLength(1);
    expect(rig.record?.transportId).toBe(2);
  });

  test('that policy would refuse is refused, as that one', () => {
    const { rig } = attached({ reattachPerMinute: 1 });
    expect(rehearsed(rig)).toEqual(['reattach', 'reject']);
    expect(rig.reports()).toEqual([]);
  });

  test('waits for nobody: none while the store is being asked, none without a session', () => {
    const { rig, device } = attached();
    rig.store = 'hold';
    device.move(2);
    expect(rehearsed(rig)).toEqual([]);
    rig.release();
    rig.store = 'answer';
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
    expect(rehearsed(rig)).toEqual([]);
  });
});
