import { describe, expect, test } from 'bun:test';
import { status } from '../../../../session/hub/seat.ts';
import { attached, Process } from './process.ts';
import { Rig } from './rig.ts';

const mtu = (mtuBytes: number) => ({ type: 'mtu', mtuBytes, noticeMs: null }) as const;

describe('the inner MTU of a device', () => {
  test('is that of the committed claim, and the route says so', () => {
    const { rig, device } = attached();
    expect([rig.seat.mtuBytes, rig.route?.mtuBytes]).toEqual([1_440, 1_440]);
    device.move(1, { mtuBytes: 1_340 });
    expect([rig.seat.mtuBytes, rig.route?.mtuBytes]).toEqual([1_340, 1_340]);
    expect(status(rig.seat, rig.config).mtuBytes).toBe(1_340);
  });

  test('a device that does not say has none, also behind one that did', () => {
    const rig = new Rig();
    const device = new Process(rig).open(1, { mtuBytes: null });
    expect(rig.route).toMatchObject({ transportId: 1, mtuBytes: null });
    device.move(1, { mtuBytes: 1_340 });
    device.move(1, { mtuBytes: null });
    expect(rig.route).toMatchObject({ transportId: 1, mtuBytes: null });
  });

  test('a refused claim says nothing', () => {
    const { rig, device } = attached();
    device.move(1, { mtuBytes: 600, proof: new Uint8Array(32) });
    expect([rig.refusal(), rig.seat.mtuBytes]).toEqual(['bad_proof', 1_440]);
  });

  test('MTU on the binding replaces it: a new route, the same frame as answer, nothing else', () => {
    const { rig, device } = attached();
    const { record } = rig;
    const effects = device.send(mtu(1_340), 1);
    expect(effects.map((effect) => effect.kind)).toEqual(['send', 'route']);
    expect(rig.frame('mtu')).toEqual(mtu(1_340));
    expect([rig.route?.mtuBytes, rig.record]).toEqual([1_340, record]);
    expect(device.send(mtu(1_340), 1).map((effect) => effect.kind)).toEqual(['send']);
  });

  test('one that is overtaken changes nothing, and the answer names what counts', () => {
    const { rig, device } = attached();
    device.send(mtu(1_340), 1);
    device.send(mtu(1_440), 1, { isNewest: false });
    expect([rig.frame('mtu'), rig.route?.mtuBytes]).toEqual([mtu(1_340), 1_340]);
  });

  test('on another transport, a stranger’s channel or an ended session it is not taken', () => {
    const { rig, device } = attached();
    device.send(mtu(1_340), 2);
    expect(rig.effects).toEqual([]);
    const stranger = device.copy('1');
    stranger.shake(1);
    stranger.send(mtu(1_340), 1);
    expect([rig.effects, rig.seat.mtuBytes]).toEqual([[], 1_440]);
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
    device.send(mtu(1_340), 1);
    expect([rig.effects, rig.seat.mtuBytes]).toEqual([[], 1_440]);
    expect(rig.seat.counters['mtu_ignored']).toBe(3);
  });

  test('an MTU frame counts as a sign of life of the binding', () => {
    const { rig, device } = attached();
    rig.run(6_000);
    expect(rig.seat.state).toBe('RECOVERING');
    device.send(mtu(1_340), 1);
    expect([rig.seat.state, rig.route?.mtuBytes]).toEqual(['ATTACHED', 1_340]);
  });

  test('a repeat of the claim does not bring back what MTU has replaced', () => {
    const { rig, device } = attached();
    const frame = device.reattachFrame(device.claim(1), { mtuBytes: 1_440 });
    device.send(frame, 1);
    device.send(mtu(1_340), 1);
    device.send(frame, 1);
    expect([rig.frame('reattached').claim, rig.route?.mtuBytes]).toEqual([frame.claim, 1_340]);
  });
});

describe('a restarted hub', () => {
  test('knows none until the device says it: by a repeat of the committed claim', () => {
    const { rig, device } = attached();
    const frame = device.reattachFrame(device.claim(1), { mtuBytes: 1_340 });
    device.send(frame, 1);
    rig.restart();
    expect(rig.seat.mtuBytes).toBeNull();
    device.shake(1);
    const { claim } = frame;
    device.send(device.reattachFrame(claim, { mtuBytes: 1_340 }), 1);
    expect([rig.frame('reattached').claim, rig.route?.mtuBytes]).toEqual([claim, 1_340]);
  });

  test('carries after ROTATE with its own MTU, and with the device’s after MTU', () => {
    const { rig, device } = attached();
    rig.restart();
    device.shake(1);
    device.rotate(1);
    expect(rig.route).toMatchObject({ transportId: 1, mtuBytes: null });
    device.send(mtu(1_340), 1, { isNewest: false });
    expect([rig.frame('mtu'), rig.route?.mtuBytes]).toEqual([mtu(1_340), 1_340]);
  });
});
