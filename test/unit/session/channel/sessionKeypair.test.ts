import { describe, expect, test } from 'bun:test';
import { nodeCiphers } from '../../../../hal/linux/ciphers.ts';
import { bytesToHex } from '../../../../session/bytes.ts';
import type { CipherSuite } from '../../../../session/channel/aead.ts';
import { OPEN_CODE, openError } from '../../../../session/channel/openCode.ts';
import { SessionKeypair, TRANSPORTS_MAX } from '../../../../session/channel/sessionKeypair.ts';
import { writeSessionHeader } from '../../../../session/wire/transport.ts';
import { Seeded } from './seeded.ts';
import { handshake, must, newEnds } from './twoEnds.ts';

function newKeypairs(seed: number) {
  const ends = newEnds(seed);
  const made = handshake(ends);
  const [ciphers, createdAtMs] = [nodeCiphers, 0];
  const device = new SessionKeypair({
    secrets: made.device,
    ciphers,
    localIndex: made.deviceIndex,
    remoteIndex: made.hubIndex,
    isInitiator: true,
    createdAtMs,
  });
  const hub = new SessionKeypair({
    secrets: made.hub,
    ciphers,
    localIndex: made.hubIndex,
    remoteIndex: made.deviceIndex,
    isInitiator: false,
    createdAtMs,
  });
  return { device, hub, random: ends.random };
}

function withData(seed: number, suite: CipherSuite = 'aes-256-gcm') {
  const pair = newKeypairs(seed);
  pair.device.enableData(suite);
  pair.hub.enableData(suite);
  return pair;
}

function seal(keypair: SessionKeypair, packet: Uint8Array, transportId = 1): Uint8Array {
  const target = new Uint8Array(packet.length + 32);
  expect(keypair.sealData(transportId, packet, packet.length, target)).toBe(target.length);
  return target;
}

const target = new Uint8Array(2000);
const openName = (keypair: SessionKeypair, datagram: Uint8Array) =>
  openError(keypair.openData(datagram, target));

for (const suite of ['aes-256-gcm', 'chacha20-poly1305'] as const) {
  describe(`data under ${suite}`, () => {
    test('packets of any length arrive as they were, both ways, unpadded', () => {
      const { device, hub, random } = withData(1, suite);
      for (const bytes of [0, 1, 20, 1400]) {
        const packet = random.bytes(bytes);
        for (const [from, to] of [
          [device, hub],
          [hub, device],
        ] as const) {
          const datagram = seal(from, packet, 7);
          expect(datagram.length).toBe(32 + bytes);
          expect(to.openData(datagram, target)).toBe(bytes);
          expect(target.slice(0, bytes)).toEqual(packet);
          expect([to.openedTransportId, to.openedCounter]).toEqual([7, from.sentCounter]);
        }
      }
    });

    test('a packet may be sealed where it lies', () => {
      const { device, hub, random } = withData(2, suite);
      const packet = random.bytes(100);
      const buffer = new Uint8Array(132);
      buffer.set(packet, 16);
      expect(device.sealData(1, buffer.subarray(16), 100, buffer)).toBe(132);
      expect(hub.openData(buffer, buffer.subarray(16))).toBe(100);
      expect(buffer.slice(16, 116)).toEqual(packet);
    });

    test('every bit of the header is authenticated, the transport id included', () => {
      const { device, hub } = withData(3, suite);
      const datagram = seal(device, new Uint8Array(20), 5);
      for (let bit = 0; bit < 128; bit++) {
        const bad = datagram.slice();
        bad[bit >>> 3] = (bad[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
        expect(hub.openData(bad, target)).toBeLessThan(0);
      }
      const moved = datagram.slice();
      moved[2] = 6;
      expect(openName(hub, moved)).toBe('authenticationFailed');
      expect(hub.openData(datagram, target)).toBe(20);
    });
  });
}

test('no data before it is enabled, and one cipher for the life of a keypair', () => {
  const { device, hub } = newKeypairs(4);
  expect(() => seal(device, new Uint8Array(1))).toThrow('no data before ATTACHED');
  device.enableData('aes-256-gcm');
  const datagram = seal(device, new Uint8Array(1));
  expect(openName(hub, datagram)).toBe('dataNotEnabled');
  hub.enableData('aes-256-gcm');
  expect(hub.openData(datagram, target)).toBe(1);
  hub.enableData('aes-256-gcm');
  expect(openName(hub, datagram)).toBe('duplicate');
  expect(hub.suite).toBe('aes-256-gcm');
  expect(() => hub.enableData('chacha20-poly1305')).toThrow('one data cipher');
});

test('data is not accepted under the other cipher’s keys', () => {
  const { device, hub } = newKeypairs(5);
  device.enableData('aes-256-gcm');
  hub.enableData('chacha20-poly1305');
  expect(openName(hub, seal(device, new Uint8Array(64)))).toBe('authenticationFailed');
});

test('reordered data passes once, and a late packet is not the newest', () => {
  const { device, hub } = withData(6);
  const [a, b] = [seal(device, Uint8Array.of(1)), seal(device, Uint8Array.of(2))];
  expect([hub.openData(b, target), hub.openedIsNewest, hub.openedCounter]).toEqual([1, true, 1]);
  expect([hub.openData(a, target), hub.openedIsNewest, hub.openedCounter]).toEqual([1, false, 0]);
  expect(openName(hub, a)).toBe('duplicate');
  expect(hub.isAuthentic(a, target)).toBe(true);
  const forged = a.slice();
  forged[20] = (forged[20] ?? 0) ^ 1;
  expect(hub.isAuthentic(forged, target)).toBe(false);
  expect(hub.received().counterMax).toBe(1);
  expect(hub.received().bitmap[0]).toBe(0b11);
});

test('a forged counter does not move the window', () => {
  const { device, hub } = withData(7);
  const forged = seal(device, new Uint8Array(10));
  writeSessionHeader(forged, 16, 1, hub.localIndex, 2 ** 40);
  expect(openName(hub, forged)).toBe('authenticationFailed');
  expect(hub.received().counterMax).toBe(-1);
  expect(hub.openData(seal(device, new Uint8Array(10)), target)).toBe(10);
});

test('AES-256-GCM asks for a rekey at its limit and then seals nothing more', () => {
  const { device } = newKeypairs(8);
  device.enableData('aes-256-gcm', { rekeyAfterPackets: 3, rejectAfterPackets: 5 });
  const needs: boolean[] = [];
  for (let i = 0; i < 5; i++) {
    needs.push(device.needsRekey);
    seal(device, new Uint8Array(1));
  }
  expect(needs).toEqual([false, false, false, true, true]);
  const full = device.sealData(1, new Uint8Array(1), 1, new Uint8Array(33));
  expect([full, device.refusals.counterExhausted]).toEqual([OPEN_CODE.counterExhausted, 1]);
  expect(device.sentCounter).toBe(4);
});

describe('control', () => {
  test('frames arrive before data is enabled, both ways, with their transport id', () => {
    const { device, hub } = newKeypairs(9);
    const frame = Uint8Array.of(1, 2, 3);
    expect(must(hub.openControl(device.sealControl(3, frame)))).toEqual({
      transportId: 3,
      counter: 0,
      plaintext: frame,
      newest: true,
    });
    expect(must(device.openControl(hub.sealControl(3, new Uint8Array(0)))).plaintext.length).toBe(
      0,
    );
  });

  test('each transport id counts for itself: a flood on one makes nothing old on another', () => {
    const { device, hub } = newKeypairs(10);
    const standby = device.sealControl(2, Uint8Array.of(9));
    for (let i = 0; i < 9000; i++) device.sealControl(1, Uint8Array.of(1));
    must(hub.openControl(device.sealControl(1, Uint8Array.of(1))));
    expect(must(hub.openControl(standby))).toMatchObject({ transportId: 2, counter: 0 });
  });

  test('replays, reordering and counters are judged per transport id', () => {
    const { device, hub } = newKeypairs(11);
    const [a, b] = [
      device.sealControl(1, Uint8Array.of(1)),
      device.sealControl(1, Uint8Array.of(2)),
    ];
    expect(must(hub.openControl(b)).newest).toBe(true);
    expect(must(hub.openControl(a)).newest).toBe(false);
    expect(hub.openControl(a)).toEqual({ ok: false, code: 'duplicate' });
    expect(hub.refusals.duplicate).toBe(1);
  });

  test('a frame moved to another transport id is not authentic', () => {
    const { device, hub } = newKeypairs(12);
    const frame = device.sealControl(1, Uint8Array.of(1));
    frame[2] = 2;
    expect(hub.openControl(frame)).toEqual({ ok: false, code: 'authenticationFailed' });
  });

  test('data and control do not open as each other, nor back to their sender', () => {
    const { device, hub } = withData(13);
    const frame = device.sealControl(1, new Uint8Array(20));
    const data = seal(device, new Uint8Array(20));
    expect(openName(hub, frame)).toBe('typeWrong');
    expect(hub.openControl(data)).toMatchObject({ code: 'typeWrong' });
    frame[0] = 16;
    data[0] = 17;
    expect(openName(hub, frame)).toBe('authenticationFailed');
    expect(hub.openControl(data)).toMatchObject({ code: 'authenticationFailed' });
    expect(device.openControl(device.sealControl(1, data))).toMatchObject({
      code: 'wrongReceiver',
    });
  });

  test('32 transport ids are known, the 33rd is refused and counted', () => {
    const { device, hub } = newKeypairs(14);
    for (let id = 1; id <= TRANSPORTS_MAX; id++) {
      must(hub.openControl(device.sealControl(id, Uint8Array.of(id))));
      expect([id, hub.needsRekey]).toEqual([id, id >= 24]);
    }
    expect([hub.hasRoomFor(32), hub.hasRoomFor(33)]).toEqual([true, false]);
    expect(() => device.sealControl(33, new Uint8Array(1))).toThrow('32 transport ids');
    const alien = device.sealControl(1, new Uint8Array(1));
    alien[2] = 33;
    expect(hub.openControl(alien)).toEqual({ ok: false, code: 'tooManyTransports' });
    expect(hub.refusals.tooManyTransports).toBe(1);
    expect(hub.openControl(device.sealControl(32, new Uint8Array(1))).ok).toBe(true);
  });

  test('forged frames take no place among the transport ids', () => {
    const { device, hub } = newKeypairs(15);
    for (let id = 1; id <= 100; id++) {
      const frame = new Uint8Array(40);
      writeSessionHeader(frame, 17, id, hub.localIndex, 0);
      expect(hub.openControl(frame)).toMatchObject({ code: 'authenticationFailed' });
    }
    expect(hub.openControl(device.sealControl(200, new Uint8Array(1))).ok).toBe(true);
  });
});

test('no nonce is used twice under one key', () => {
  const { device } = newKeypairs(16);
  const seen = new Set<string>();
  const note = (message: Uint8Array) => {
    const header = bytesToHex(message.subarray(0, 16));
    expect(seen.has(header)).toBe(false);
    seen.add(header);
  };
  device.enableData('aes-256-gcm');
  const random = new Seeded(16);
  for (let i = 0; i < 600; i++) {
    if (random.below(2) === 0) note(seal(device, new Uint8Array(4), 1 + random.below(5)));
    else note(device.sealControl(1 + random.below(5), new Uint8Array(4)));
    device.enableData('aes-256-gcm');
  }
  expect(seen.size).toBe(600);
});

test('no bytes make a keypair throw, and none that were damaged pass', () => {
  const { device, hub, random } = withData(17);
  const [data, frame] = [seal(device, random.bytes(60)), device.sealControl(1, random.bytes(60))];
  for (let i = 0; i < 3000; i++) {
    expect(hub.openData(random.damaged(data), target)).toBeLessThan(0);
    expect(hub.openControl(random.damaged(frame)).ok).toBe(false);
  }
  expect(hub.openData(data, target)).toBe(60);
  expect(hub.openControl(frame).ok).toBe(true);
  const refused = Object.values(hub.refusals).reduce((sum, count) => sum + count, 0);
  expect(refused).toBe(6000);
});

test('only the first data counts for a keypair’s age', () => {
  const { device } = newKeypairs(18);
  expect(device.firstDataAtMs).toBeNull();
  device.noteData(500);
  device.noteData(900);
  expect(device.firstDataAtMs).toBe(500);
});
