import { describe, expect, test } from 'bun:test';
import { attached, doubtful } from './process.ts';

describe('channels', () => {
  test('◆ a handshake alone displaces nothing', () => {
    const { rig, device } = attached();
    device.copy('1').shake(1);
    expect(rig.effects).toEqual([]);
    expect(rig.route?.channelId).toBe(1);
  });

  test('ROTATE moves the session to the new channel; the old one stays accepted until it is gone', () => {
    const { rig, device } = attached();
    device.shake(1);
    device.rotate(1);
    rig.frame('rotated');
    expect(rig.route?.channelId).toBe(2);
    expect(rig.seat.accept.map(({ channelId }) => channelId)).toEqual([1, 2]);
    device.rotate(1);
    rig.frame('rotated');
    expect(rig.reports()).toEqual([]);
    rig.feed({ kind: 'channelGone', channelId: 1 });
    expect(rig.seat.accept.map(({ channelId }) => channelId)).toEqual([2]);
  });

  test('◆ a claim repeated in the channel before, late, does not move the session back to it', () => {
    const { rig, device } = attached();
    const claim = device.claim(1);
    const before = { channelId: device.channelId, handshakeHash: device.handshakeHash };
    device.send(device.reattachFrame(claim, { purpose: 'stay' }), 1);
    device.shake(1);
    device.rotate(1);
    const after = { channelId: device.channelId, handshakeHash: device.handshakeHash };
    Object.assign(device, before);
    device.send(device.reattachFrame(claim, { purpose: 'stay' }), 1);
    // It is answered all the same: the device may not have heard of the new channel.
    expect(rig.sent('reattached').map(({ channelId }) => channelId)).toEqual([before.channelId]);
    expect(rig.route?.channelId).toBe(after.channelId);
    Object.assign(device, after);
    device.shake(1);
    device.send(device.reattachFrame(claim, { purpose: 'stay' }), 1);
    expect(rig.route?.channelId).toBe(device.channelId);
  });

  test('◆ a claim that is asked again in new keys before its commit is answered in these', () => {
    const { rig, device, frame } = doubtful();
    device.shake(1);
    device.rotate(1);
    const { channelId } = device;
    device.send(device.reattachFrame(frame.claim, { token: frame.token }), 2);
    rig.release();
    expect(rig.sent('reattached').map((sent) => sent.channelId)).toEqual([channelId]);
    expect(rig.route).toMatchObject({ channelId, transportId: 2 });
  });

  test('◆ … and not in keys that nobody has proven yet', () => {
    const { rig, device, frame } = doubtful();
    const before = device.channelId;
    device.copy('1').shake(2);
    device.channelId = rig.channels;
    device.send(frame, 2);
    rig.release();
    expect(rig.sent('reattached').map((sent) => sent.channelId)).toEqual([before]);
  });

  test('a device that rotates to and fro is one line a channel in the log: it cannot flush it', () => {
    const { rig, device } = attached();
    const first = { channelId: device.channelId, handshakeHash: device.handshakeHash };
    device.shake(1);
    const second = { channelId: device.channelId, handshakeHash: device.handshakeHash };
    for (let turn = 0; turn < 50; turn++) {
      Object.assign(device, turn % 2 === 0 ? second : first);
      device.rotate(1);
      expect(rig.route?.channelId).toBe(device.channelId);
    }
    const told = rig.events.filter(({ reasonCode }) => reasonCode === 'channel_rotated');
    expect(told).toHaveLength(1);
  });

  test('◆ ROTATE without the memory key moves nothing', () => {
    const { rig, device } = attached();
    const copy = device.copy('1');
    copy.shake(1);
    copy.rotate(1, device.secret!);
    expect([rig.sent('rotated'), rig.route?.channelId]).toEqual([[], 1]);
    expect(rig.reports()).toEqual(['refusal bad_proof']);
  });

  test('a ROTATE proof of one channel is worthless on another', () => {
    const { rig, device } = attached();
    device.shake(1);
    const hash = device.handshakeHash;
    device.shake(1);
    device.handshakeHash = hash;
    device.rotate(1);
    expect(rig.sent('rotated')).toEqual([]);
  });

  test('they are bounded; the oldest that proved nothing goes', () => {
    const { rig, device } = attached();
    const stranger = device.copy('1');
    for (let i = 0; i < 20; i++) stranger.shake(1);
    expect(rig.seat.channels.length).toBe(8);
    expect(rig.seat.channels[0]?.channelId).toBe(1);
    expect(rig.dropped()).toEqual([{ channelId: 14, refuseForMs: 0 }]);
    device.shake(1);
    device.rotate(1);
    stranger.shake(1);
    expect(rig.seat.channels.map(({ channelId }) => channelId).slice(0, 2)).toEqual([1, 17]);
  });

  test('when the channel in use is gone, another of the same process carries on', () => {
    const { rig, device } = attached();
    device.shake(1);
    device.rotate(1);
    rig.feed({ kind: 'channelGone', channelId: 2 });
    expect(rig.route?.channelId).toBe(1);
    rig.feed({ kind: 'channelGone', channelId: 1 });
    expect([rig.route, rig.seat.accept]).toEqual([null, []]);
  });

  test('frames of a kind that a device never sends are counted', () => {
    const { rig, device } = attached();
    device.send({ type: 'rotated', sessionId: device.sessionId }, 1);
    expect([rig.effects, rig.seat.counters['unknown_frame']]).toEqual([[], 1]);
  });
});
