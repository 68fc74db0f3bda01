import { describe, expect, test } from 'bun:test';
import { status } from '../../../../session/hub/seat.ts';
import { attached } from './process.ts';

describe('silence', () => {
  test('at the limit the view is RECOVERING: no route, hub_seq + 1, the record says since when', () => {
    const { rig } = attached();
    rig.run(4_999);
    expect([rig.seat.state, rig.seat.hubSeq]).toEqual(['ATTACHED', 1]);
    rig.run(1);
    expect([rig.seat.state, rig.seat.hubSeq]).toEqual(['RECOVERING', 2]);
    expect(rig.reports()).toEqual(['transition hub_silence ATTACHED→RECOVERING']);
    expect([rig.route, rig.seat.accept]).toEqual([null, []]);
    expect(rig.record).toMatchObject({
      recoveringSinceMs: 1_005_000,
      transportlessSinceMs: 1_005_000,
      hubSeq: 2,
      stateVersion: 1,
    });
  });

  test('a device that RECOVERS is not refused because the hub noticed first', () => {
    const { rig, device } = attached();
    rig.run(6_000);
    device.move(2);
    expect(rig.frame('reattached').hubSeq).toBe(3);
    expect(rig.reports('transition')).toEqual(['transition reattach_accepted RECOVERING→ATTACHED']);
  });

  test('◆ heard again on the binding, the view carries again without a claim', () => {
    const { rig, device } = attached();
    rig.run(6_000);
    device.data(1);
    expect(rig.reports()).toEqual(['transition device_heard_again RECOVERING→ATTACHED']);
    expect([rig.seat.hubSeq, rig.route?.transportId]).toEqual([3, 1]);
    expect(rig.record).toMatchObject({ recoveringSinceMs: null, hubSeq: 3, stateVersion: 1 });
  });

  test('◆ a repeat of the committed claim brings it back as well', () => {
    const { rig, device } = attached();
    device.probe(2);
    const { token } = rig.frame('probeAck');
    const frame = device.reattachFrame(device.claim(2), { token });
    device.send(frame, 2);
    rig.run(6_000);
    expect(rig.route).toBeNull();
    device.send(frame, 2);
    expect(rig.route?.transportId).toBe(2);
  });

  test('what is old, on another transport, on another channel or a refused claim does not', () => {
    const { rig, device } = attached();
    rig.run(6_000);
    device.data(1, undefined, false);
    device.data(2);
    device.probe(2);
    device.move(1, { proof: new Uint8Array(32) });
    const stranger = device.copy('1');
    stranger.shake(1);
    stranger.data(1);
    stranger.probe(1);
    expect(rig.seat.state).toBe('RECOVERING');
  });
});

describe('PROBE', () => {
  test('◆ the answer names recorded version, binding and view', () => {
    const { rig, device } = attached();
    device.move(2);
    device.probe(1);
    expect(rig.frame('probeAck')).toMatchObject({
      probeId: 7,
      view: 'carrying',
      transportId: 2,
      stateVersion: 2,
    });
    rig.run(6_000);
    device.probe(1);
    expect(rig.frame('probeAck').view).toBe('recovering');
  });

  test('a channel that proved nothing learns its token and no more', () => {
    const { rig, device } = attached();
    const copy = device.copy('1');
    copy.shake(2);
    copy.probe(2);
    const ack = rig.frame('probeAck');
    expect(ack).toMatchObject({ view: 'unattached', transportId: 0, stateVersion: 0 });
    expect(ack.token.length).toBe(8);
  });
});

describe('switching', () => {
  test('the previous transport is accepted for resend.max_age_ms, data goes to the new one only', () => {
    const { rig, device } = attached();
    device.probe(2);
    device.move(2, { token: rig.frame('probeAck').token });
    const kinds = rig.effects.flatMap((effect) =>
      effect.kind === 'send' ? effect.frame.type : effect.kind === 'report' ? [] : effect.kind,
    );
    expect(kinds).toEqual(['swap', 'reattached', 'accept', 'exchange', 'route']);
    expect(rig.reports()).toEqual(['claim claim_committed', 'switch switch_committed']);
    expect(rig.seat.accept.map(({ transportId, untilMs }) => [transportId, untilMs])).toEqual([
      [2, null],
      [1, rig.nowMs + 2_000],
    ]);
    rig.run(2_000);
    device.data(2);
    expect(rig.seat.accept.map(({ transportId }) => transportId)).toEqual([2]);
  });

  test('status names what the control socket shows, and no secret', () => {
    const { rig, device } = attached();
    const shown = JSON.stringify(status(rig.seat, rig.config));
    expect(shown).toContain('"isCarrying":true');
    expect(shown).not.toContain(String(device.secret).slice(0, 20));
  });
});

describe('what REATTACHED says of the binding that was replaced', () => {
  test('how long before the claim it was heard, whatever the store takes', () => {
    const { rig, device } = attached();
    rig.nowMs += 40;
    device.data(1);
    rig.nowMs += 30;
    rig.store = 'hold';
    device.move(2);
    rig.nowMs += 500;
    rig.release();
    expect(rig.frame('reattached').heardMs).toBe(30);
  });

  test('nothing where it stays', () => {
    const { rig, device } = attached();
    rig.nowMs += 30;
    device.move(1);
    expect(rig.frame('reattached').heardMs).toBeNull();
  });

  test('nothing after the hub restarted: it heard no binding, however short it has been there', () => {
    const { rig, device } = attached();
    rig.restart(500);
    rig.nowMs += 30;
    device.shake(2);
    device.move(2);
    expect(rig.frame('reattached').heardMs).toBeNull();
  });

  test('a repeat is answered as the first time, though the old binding was heard in between', () => {
    const { rig, device } = attached();
    device.probe(2);
    const { token } = rig.frame('probeAck');
    rig.nowMs += 70;
    const frame = device.reattachFrame(device.claim(2), { token });
    device.send(frame, 2);
    expect(rig.frame('reattached').heardMs).toBe(70);
    rig.nowMs += 20;
    device.data(1);
    device.send(frame, 2);
    expect(rig.frame('reattached').heardMs).toBe(70);
  });
});
