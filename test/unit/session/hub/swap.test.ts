import { describe, expect, test } from 'bun:test';
import { InvariantError } from '../../../../session/assert.ts';
import { encodeFrame } from '../../../../session/wire/encode.ts';
import { attached, doubtful, Process } from './process.ts';
import { Rig } from './rig.ts';

describe('an unknown outcome', () => {
  test('until it is unknown data stays on the old binding; while it is, there is none', () => {
    const { rig } = doubtful();
    expect(rig.route?.transportId).toBe(1);
    rig.release('unknown');
    expect([rig.route, rig.seat.accept]).toEqual([null, []]);
    expect(rig.reports()).toEqual(['alarm store_unavailable']);
  });

  test('◆ the identical swap is repeated, at growing pauses up to five seconds', () => {
    const { rig, swap } = doubtful();
    rig.release('unknown');
    const pausesMs: number[] = [];
    for (let i = 0; i < 8; i++) {
      const fromMs = rig.nowMs;
      while (rig.held.length === 0) rig.run(10);
      pausesMs.push(rig.nowMs - fromMs);
      expect(rig.held[0]).toEqual(swap);
      rig.release('unknown');
    }
    expect(pausesMs).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  });

  test('◆ it was written after all: the comparison fails on our own claim, which is a commit', () => {
    const { rig, swap } = doubtful();
    rig.write(swap);
    rig.release('unknown');
    rig.run(100);
    rig.release();
    expect(rig.frame('reattached').claim.transportId).toBe(2);
    expect(rig.route?.transportId).toBe(2);
    expect(rig.reports()).toEqual(['claim claim_committed', 'switch switch_committed']);
  });

  test('◆ it was not written: the repeat writes it', () => {
    const { rig } = doubtful();
    rig.release('unknown');
    rig.run(100);
    rig.release();
    expect(rig.frame('reattached').claim.transportId).toBe(2);
    expect(rig.record?.transportId).toBe(2);
  });

  test('◆ the claim in doubt is not answered, another one is told store_unavailable', () => {
    const { rig, device, frame } = doubtful();
    rig.release('unknown');
    device.send(frame, 2);
    expect(rig.effects).toEqual([]);
    device.move(3);
    expect(rig.frame('reject')).toMatchObject({
      reasonCode: 'store_unavailable',
      isFatal: false,
      retryAfterMs: 1_000,
    });
  });

  test('no PROBE is answered while the binding is in doubt, and nothing heard brings data back', () => {
    const { rig, device } = doubtful();
    rig.release('unknown');
    device.probe(1);
    device.data(1);
    expect([rig.sent('probeAck'), rig.route]).toEqual([[], null]);
  });

  test('◆ I7: what was sent under a higher cap is repeated under a lower one, and committed', () => {
    const { rig, device } = attached();
    for (const transportId of [2, 1, 2]) device.move(transportId);
    rig.store = 'hold';
    device.move(3);
    rig.release('unknown');
    rig.config = { ...rig.config, limits: { ...rig.config.limits, maxSwitchesPerMinute: 3 } };
    rig.run(100);
    rig.release();
    expect(rig.frame('reattached').claim.transportId).toBe(3);
    expect(rig.record?.switchedAtMs.length).toBe(4);
    device.move(2);
    expect(rig.refusal()).toBe('switch_rate_limited');
  });

  test('an outcome of another swap is ignored', () => {
    const { rig } = doubtful();
    rig.feed({ kind: 'swapped', swapId: 999, outcome: 'committed', current: null });
    expect(rig.record?.transportId).toBe(1);
    expect(rig.seat.swap).not.toBeNull();
  });
});

describe('a comparison that fails', () => {
  test('on a record that an operator changed: the claim is judged again on that one', () => {
    const { rig, device } = attached();
    rig.store = 'hold';
    device.move(2);
    rig.record = { ...rig.record!, revision: 7, linkName: 'renamed' };
    rig.release();
    const [again] = rig.held;
    expect(again).toMatchObject({ expectedRevision: 7, record: { revision: 8, transportId: 2 } });
    rig.release();
    rig.frame('reattached');
  });

  test('on a record that was ended: the claim meets invalid_state', () => {
    const { rig, device } = attached();
    rig.store = 'hold';
    device.move(2);
    rig.record = {
      ...rig.record!,
      revision: 7,
      terminated: 'operator_terminated',
      stateVersion: 9,
    };
    rig.release();
    expect(rig.refusal()).toBe('invalid_state');
    expect([rig.seat.state, rig.route]).toEqual(['TERMINATED', null]);
    expect(rig.reports('transition')).toEqual([
      'transition operator_terminated ATTACHED→TERMINATED',
    ]);
  });

  test('◆ on a record of another owner: fenced, nothing is forwarded or claimed any more', () => {
    const { rig, device } = attached();
    rig.store = 'hold';
    device.move(2);
    rig.record = { ...rig.record!, revision: 7, owner: 'hub-b', ownerEpoch: 2 };
    rig.release();
    expect(rig.frame('reject')).toMatchObject({ reasonCode: 'ownership_conflict', isFatal: false });
    expect([rig.route, rig.seat.accept]).toEqual([null, []]);
    expect(rig.reports('alarm')).toEqual(['alarm ownership_conflict']);
    device.probe(1);
    expect(rig.frame('probeAck')).toMatchObject({
      view: 'standby',
      stateVersion: 0,
      transportId: 0,
    });
    device.move(1);
    expect(rig.refusal()).toBe('ownership_conflict');
    expect(rig.held).toEqual([]);
    expect(rig.run(120_000).filter((effect) => effect.kind === 'swap')).toEqual([]);
  });
});

describe('one claim at a time', () => {
  test('a claim that comes while another is with the store is judged after it', () => {
    const { rig, device } = attached();
    rig.store = 'hold';
    device.move(2);
    device.move(3);
    expect(rig.held.length).toBe(1);
    rig.release();
    expect(rig.frame('reattached').claim.transportId).toBe(2);
    rig.release();
    expect(rig.frame('reattached').claim.transportId).toBe(3);
  });

  test('of several that wait the newest is judged', () => {
    const { rig, device } = attached();
    rig.store = 'hold';
    device.move(2);
    device.move(3);
    device.move(1);
    rig.release();
    expect(rig.held[0]?.record.transportId).toBe(1);
  });
});

test('time does not run backwards', () => {
  const { rig } = attached();
  rig.nowMs -= 1;
  expect(() => rig.feed({ kind: 'tick' })).toThrow(InvariantError);
});

test('the same events give the same bytes', () => {
  const run = () => {
    const rig = new Rig();
    const device = new Process(rig).open(1);
    device.move(2);
    return encodeFrame(rig.frame('reattached'));
  };
  expect(run()).toEqual(run());
});
