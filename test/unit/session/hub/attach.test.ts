import { describe, expect, test } from 'bun:test';
import { encodeFrame } from '../../../../session/wire/encode.ts';
import type { DataCipher } from '../../../../session/wire/frames.ts';
import { attached, Process } from './process.ts';
import { Rig } from './rig.ts';

describe('opening a session', () => {
  test('the first ATTACH is committed, answered, then routed', () => {
    const rig = new Rig();
    const device = new Process(rig);
    device.open(1);
    const kinds = rig.effects.map((effect) =>
      effect.kind === 'send' ? effect.frame.type : effect.kind,
    );
    expect(kinds).toEqual(['swap', 'report', 'report', 'attached', 'accept', 'exchange', 'route']);
    expect(rig.reports()).toEqual([
      'transition attach_accepted BIRTH→ATTACHED',
      'claim claim_committed',
    ]);
    expect(rig.record).toMatchObject({
      revision: 1,
      stateVersion: 1,
      transportId: 1,
      ownerEpoch: 1,
      hubSeq: 1,
      terminated: null,
      cipher: 'aes-256-gcm',
      createdAtMs: rig.nowMs,
      switchedAtMs: [],
    });
    expect(rig.route).toEqual({
      channelId: 1,
      transportId: 1,
      target: '192.0.2.1:4001',
      candidate: null,
      cipher: 'aes-256-gcm',
      inner4: '10.77.0.5/32',
      inner6: null,
      mtuBytes: 1_440,
    });
    expect(rig.seat.accept).toEqual([
      { channelId: 1, transportId: 1, cipher: 'aes-256-gcm', untilMs: null },
    ]);
  });

  test('nothing is accepted or routed before the commit', () => {
    const rig = new Rig();
    rig.store = 'hold';
    new Process(rig).open(1);
    expect([rig.seat.accept, rig.route]).toEqual([[], null]);
    rig.release();
    expect(rig.route?.transportId).toBe(1);
  });

  test('the device’s order decides among what the hub accepts; ChaCha20-Poly1305 is the rest', () => {
    const [aes, chacha] = ['aes-256-gcm', 'chacha20-poly1305'] as const;
    const granted = (offered: readonly DataCipher[], accepted: readonly DataCipher[]) => {
      const rig = new Rig();
      rig.config = { ...rig.config, ciphers: accepted };
      new Process(rig).open(1, { ciphers: offered });
      return rig.frame('attached').cipher;
    };
    expect(granted([aes, chacha], [chacha, aes])).toBe(aes);
    expect(granted([chacha, aes], [aes, chacha])).toBe(chacha);
    expect(granted([aes, chacha], [chacha])).toBe(chacha);
    expect(granted([chacha, aes], [aes])).toBe(aes);
    expect(granted([chacha], [aes])).toBe(chacha);
    expect(granted([aes], [chacha])).toBe(chacha);
    expect(granted([aes], [aes])).toBe(aes);
  });

  test('the issued keys are all different, and differ from device to device', () => {
    const rig = new Rig();
    const other = new Rig();
    other.config = { ...other.config, device: 'b3RoZXI' };
    const keys = [new Process(rig).open(1), new Process(other).open(1)].flatMap((process) => [
      String(process.secret),
      String(process.memoryKey),
    ]);
    expect(new Set(keys).size).toBe(4);
  });
});

describe('lost answers', () => {
  test('a repeat of the committed claim gets the same answer, byte for byte', () => {
    const { rig, device } = attached();
    const frame = device.reattachFrame(device.claim(2));
    device.send(frame, 2);
    const first = encodeFrame(rig.frame('reattached'));
    const { record } = rig;
    rig.run(3_000);
    device.send(frame, 2);
    expect(encodeFrame(rig.frame('reattached'))).toEqual(first);
    expect(rig.record).toBe(record);
  });

  test('a repeated ATTACH gets the same keys, though its secret is the previous one by then', () => {
    const rig = new Rig();
    const device = attachedIn(rig);
    const next = device.copy('1');
    next.shake(1);
    const frame = next.attachFrame(next.claim(1));
    next.send(frame, 1);
    rig.run(400);
    const first = encodeFrame(rig.frame('attached'));
    next.send(frame, 1);
    expect(encodeFrame(rig.frame('attached'))).toEqual(first);
  });

  test('a repeat is exempt from rate and policy', () => {
    const { rig, device } = attached({ reattachPerMinute: 2 });
    const frame = device.reattachFrame(device.claim(2));
    for (let i = 0; i < 5; i++) {
      device.send(frame, 2);
      rig.frame('reattached');
    }
    rig.config = { ...rig.config, limits: { ...rig.config.limits, allowedLinkKinds: [] } };
    device.send(frame, 2);
    rig.frame('reattached');
  });

  test('a repeat needs proof all the same', () => {
    const { rig, device } = attached();
    const frame = device.reattachFrame(device.claim(2));
    device.send(frame, 2);
    device.send({ ...frame, proof: new Uint8Array(32) }, 2);
    expect(rig.refusal()).toBe('bad_proof');
  });

  test('a repeat on a new channel is answered there, and that channel carries on', () => {
    const { rig, device } = attached();
    const claim = device.claim(2);
    device.send(device.reattachFrame(claim), 2);
    device.shake(2);
    device.send(device.reattachFrame(claim), 2);
    expect(rig.sent('reattached')[0]?.channelId).toBe(2);
    expect(rig.route?.channelId).toBe(2);
  });

  test('a commit whose answer was lost does not keep out a new claim on another transport', () => {
    const { rig, device } = attached();
    device.move(2);
    device.move(3);
    expect(rig.frame('reattached').claim.transportId).toBe(3);
    expect(rig.record?.transportId).toBe(3);
  });

  test('a late copy of the earlier claim changes nothing', () => {
    const { rig, device } = attached();
    const early = device.reattachFrame(device.claim(2));
    device.send(early, 2);
    device.move(3);
    device.send(early, 2);
    expect(rig.refusal()).toBe('stale_state_version');
    expect(rig.record?.transportId).toBe(3);
  });

  test('an attach refused before is judged anew', () => {
    const { rig, device } = attached();
    const frame = device.reattachFrame(device.claim(2), { linkKind: 'usb' });
    device.send(frame, 2);
    expect(rig.refusal()).toBe('policy_denied');
    rig.config = { ...rig.config, limits: { ...rig.config.limits, allowedLinkKinds: ['usb'] } };
    device.send(frame, 2);
    rig.frame('reattached');
  });

  test('a device whose very first ATTACHED was lost gets in with another claim', () => {
    const rig = new Rig();
    const device = new Process(rig);
    device.shake(1);
    device.send(device.attachFrame(device.claim(1), { isNew: true }), 1);
    device.send(device.attachFrame(device.claim(2), { isNew: true }), 2);
    expect(rig.frame('attached').claim.transportId).toBe(2);
    expect(rig.record?.previousSessionId).toBeNull();
  });

  test('once its keys are in use, a session is not resumed without proof', () => {
    const { rig, device } = attached();
    device.move(1);
    const bare = device.copy('1');
    bare.secret = null;
    bare.shake(2);
    bare.send(bare.attachFrame(bare.claim(2)), 2);
    expect(rig.refusal()).toBe('bad_proof');
  });
});

function attachedIn(rig: Rig): Process {
  const device = new Process(rig).open(1);
  device.data(1);
  return device;
}

describe('a restarted agent', () => {
  test('resumes under a rotated secret; the one it showed stays valid, older ones do not', () => {
    const { rig, device } = attached();
    const [shown, issued] = [device.secret, rig.record?.memoryKey];
    const next = device.copy('1').resume(1);
    expect(rig.record?.previousSecret).toEqual(shown!);
    expect(rig.record?.secret).toEqual(next.secret!);
    expect(rig.record?.predecessorMemoryKey).toEqual(issued!);
    expect(rig.record?.createdAtMs).toBe(1_000_000);
  });

  test('its old channel is forgotten and nothing is held against it', () => {
    const { rig, device } = attached();
    device.copy('1').resume(1);
    expect(rig.dropped()).toEqual([{ channelId: 1, refuseForMs: 0 }]);
    expect(rig.seat.accept.map((source) => source.channelId)).toEqual([2]);
  });

  test('answers lost in a row still leaves the secret on flash valid', () => {
    const { rig, device } = attached();
    const next = device.copy('1');
    next.shake(2);
    next.send(next.attachFrame(next.claim(2)), 2);
    rig.run(400);
    for (const transportId of [3, 1, 2]) {
      next.send(next.attachFrame(next.claim(transportId)), transportId);
      expect(rig.frame('attached').claim.transportId).toBe(transportId);
    }
  });
});
