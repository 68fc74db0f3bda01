import { describe, expect, test } from 'bun:test';
import { nodeCiphers } from '../../../../hal/linux/ciphers.ts';
import { bytesToHex } from '../../../../session/bytes.ts';
import type { CipherSuite, Ciphers } from '../../../../session/channel/aead.ts';
import { OPEN_CODE, openError } from '../../../../session/channel/openCode.ts';
import { PlainKeypair } from '../../../../session/channel/plainKeypair.ts';
import { SessionKeypair, TRANSPORTS_MAX } from '../../../../session/channel/sessionKeypair.ts';
import { memoryOf, plainMemory } from '../../../../session/memory.ts';
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
  const datagram = new Uint8Array(packet.length + 32);
  const from = memoryOf(packet.slice());
  const total = keypair.sealData(transportId, from, 0, packet.length, memoryOf(datagram), 0);
  expect(total).toBe(datagram.length);
  return datagram;
}

const target = new Uint8Array(2000);
const open = (keypair: SessionKeypair, datagram: Uint8Array) =>
  keypair.openData(memoryOf(datagram.slice()), 0, datagram.length, memoryOf(target), 0);
const isAuthentic = (keypair: SessionKeypair, datagram: Uint8Array) =>
  keypair.isAuthentic(memoryOf(datagram.slice()), 0, datagram.length, memoryOf(target), 0);
const openName = (keypair: SessionKeypair, datagram: Uint8Array) =>
  openError(open(keypair, datagram));

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
          expect(open(to, datagram)).toBe(bytes);
          expect(target.slice(0, bytes)).toEqual(packet);
          expect([to.openedTransportId, to.openedCounter]).toEqual([7, from.sentCounter]);
        }
      }
    });

    test('a packet may be sealed where it lies', () => {
      const { device, hub, random } = withData(2, suite);
      const packet = random.bytes(100);
      const memory = plainMemory(132);
      memory.bytes.set(packet, 16);
      expect(device.sealData(1, memory, 16, 100, memory, 0)).toBe(132);
      expect(hub.openData(memory, 0, 132, memory, 16)).toBe(100);
      expect(memory.bytes.slice(16, 116)).toEqual(packet);
    });

    test('packets are named by offsets, and nothing around them is read or written', () => {
      const { device, hub, random } = withData(20, suite);
      const packet = random.bytes(70);
      const [from, sealed, to] = [plainMemory(300), plainMemory(300), plainMemory(300)];
      for (const memory of [from, sealed, to]) memory.bytes.fill(9);
      from.bytes.set(packet, 33);
      expect(device.sealData(3, from, 33, 70, sealed, 51)).toBe(102);
      expect(hub.isAuthentic(sealed, 51, 102, to, 0)).toBe(true);
      expect(hub.openData(sealed, 50, 102, to, 117)).toBe(OPEN_CODE.typeWrong);
      expect(hub.openData(sealed, 51, 101, to, 117)).toBe(OPEN_CODE.authenticationFailed);
      to.bytes.fill(9);
      expect(hub.openData(sealed, 51, 102, to, 117)).toBe(70);
      expect([hub.openedTransportId, hub.openedCounter]).toEqual([3, 0]);
      expect(to.bytes.slice(117, 187)).toEqual(packet);
      const around = [...sealed.bytes.slice(0, 51), ...sealed.bytes.slice(153)];
      around.push(...to.bytes.slice(0, 117), ...to.bytes.slice(187));
      expect(around.every((byte) => byte === 9)).toBe(true);
    });

    test('every bit of the header is authenticated, the transport id included', () => {
      const { device, hub } = withData(3, suite);
      const datagram = seal(device, new Uint8Array(20), 5);
      for (let bit = 0; bit < 128; bit++) {
        const bad = datagram.slice();
        bad[bit >>> 3] = (bad[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
        expect(open(hub, bad)).toBeLessThan(0);
      }
      const moved = datagram.slice();
      moved[2] = 6;
      expect(openName(hub, moved)).toBe('authenticationFailed');
      expect(open(hub, datagram)).toBe(20);
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
  expect(open(hub, datagram)).toBe(1);
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
  expect([open(hub, b), hub.openedIsNewest, hub.openedCounter]).toEqual([1, true, 1]);
  expect([open(hub, a), hub.openedIsNewest, hub.openedCounter]).toEqual([1, false, 0]);
  expect(openName(hub, a)).toBe('duplicate');
  expect(isAuthentic(hub, a)).toBe(true);
  const forged = a.slice();
  forged[20] = (forged[20] ?? 0) ^ 1;
  expect(isAuthentic(hub, forged)).toBe(false);
  expect(hub.received().counterMax).toBe(1);
  expect(hub.received().bitmap[0]).toBe(0b11);
});

test('a forged counter does not move the window', () => {
  const { device, hub } = withData(7);
  const forged = seal(device, new Uint8Array(10));
  writeSessionHeader(forged, 16, 1, hub.localIndex, 2 ** 40);
  expect(openName(hub, forged)).toBe('authenticationFailed');
  expect(hub.received().counterMax).toBe(-1);
  expect(open(hub, seal(device, new Uint8Array(10)))).toBe(10);
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
  const full = device.sealData(1, plainMemory(1), 0, 1, plainMemory(33), 0);
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
    // Read it may be, if it is the peer's; that counts for nothing.
    expect([...hub.readControl(a)!, hub.openControl(a).ok]).toEqual([1, false]);
    a[a.length - 1]! ^= 1;
    expect(hub.readControl(a)).toBeNull();
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
    expect(open(hub, random.damaged(data))).toBeLessThan(0);
    expect(hub.openControl(random.damaged(frame)).ok).toBe(false);
  }
  expect(open(hub, data)).toBe(60);
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

test('a packet outside its memory, or one that overlaps its datagram, is our own mistake', () => {
  const { device, hub } = withData(19);
  const [memory, other] = [plainMemory(400), plainMemory(40)];
  const seal = (at: number, bytes: number, targetAt: number, target = memory) =>
    device.sealData(1, memory, at, bytes, target, targetAt);
  expect(() => seal(301, 100, 0)).toThrow('source holds');
  expect(() => seal(-1, 100, 200)).toThrow('source holds');
  expect(() => seal(0, 9, 0, other)).toThrow('target holds');
  for (const targetAt of [0, 83, 85, 100, 199]) {
    expect(() => seal(100, 100, targetAt)).toThrow('lie apart');
  }
  expect(device.sentCounter).toBe(-1);
  expect(seal(100, 100, 84)).toBe(132);
  expect(() => hub.openData(memory, 84, 132, memory, 99)).toThrow('lie apart');
  expect(() => hub.openData(memory, 84, 132, other, 0)).toThrow('target holds');
  expect(hub.openData(memory, 84, 132, memory, 216)).toBe(100);
});

test('of control messages the newest four of a transport were sent lately, and no others', () => {
  const { device } = withData(23);
  const lately = (transportId: number) =>
    [-1, 0, 1, 2, 3, 4, 5, 6, 7, 2 ** 53 - 1].filter((counter) =>
      device.hasLatelySent(transportId, counter),
    );
  expect(lately(1)).toEqual([]);
  for (let sent = 0; sent < 2; sent++) device.sealControl(1, new Uint8Array(0));
  expect([lately(1), lately(2)]).toEqual([[0, 1], []]);
  for (let sent = 2; sent < 7; sent++) device.sealControl(1, new Uint8Array(0));
  device.sealControl(2, new Uint8Array(0));
  seal(device, new Uint8Array(9), 1); // data has a counter of its own
  expect([lately(1), lately(2)]).toEqual([[3, 4, 5, 6], [0]]);
});

test('a closed keypair seals nothing, opens nothing and has closed each of its keys', () => {
  const { device, hub } = withData(21);
  const [data, frame] = [seal(device, new Uint8Array(9)), device.sealControl(1, Uint8Array.of(1))];
  hub.close();
  hub.close();
  expect(openName(hub, data)).toBe('dataNotEnabled');
  expect(isAuthentic(hub, data)).toBe(false);
  expect(hub.openControl(frame)).toEqual({ ok: false, code: 'dataNotEnabled' });
  const sealed = hub.sealData(1, plainMemory(1), 0, 1, plainMemory(33), 0);
  expect([sealed, hub.sentCounter]).toEqual([OPEN_CODE.dataNotEnabled, -1]);
  expect(() => hub.sealControl(1, Uint8Array.of(1))).toThrow('closed');
  expect(() => hub.enableData('aes-256-gcm')).toThrow('closed');
});

/** Ciphers that note which keys were made and which were closed, by the secret they were made of. */
function watched() {
  const [made, closed] = [[] as string[], [] as string[]];
  const secrets: Uint8Array[] = [];
  const note = <K extends { close(): void }>(key: K, secret: Uint8Array): K => {
    const name = bytesToHex(secret);
    made.push(name);
    secrets.push(secret);
    const close = key.close.bind(key);
    key.close = () => {
      closed.push(name);
      close();
    };
    return key;
  };
  const ciphers: Ciphers = {
    newKey: (suite, key) => note(nodeCiphers.newKey(suite, key), key),
    newDataKey: (suite, key, use) => note(nodeCiphers.newDataKey(suite, key, use), key),
  };
  return { ciphers, made, closed, secrets };
}

test('closing a keypair closes every key it made, and its own copies of data keys are wiped', () => {
  const made = handshake(newEnds(22));
  const watch = watched();
  const origin = {
    secrets: made.device,
    ciphers: watch.ciphers,
    localIndex: 1,
    remoteIndex: 2,
    isInitiator: true,
    createdAtMs: 0,
  };
  const session = new SessionKeypair(origin);
  session.enableData('aes-256-gcm');
  expect(watch.made.length).toBe(4);
  expect(watch.secrets.slice(2).every((secret) => secret.every((byte) => byte === 0))).toBe(true);
  session.close();
  expect([...watch.closed].sort()).toEqual([...watch.made].sort());

  const plain = watched();
  new PlainKeypair({ ...origin, ciphers: plain.ciphers }, 1420).close();
  expect(plain.closed).toEqual(plain.made);
  expect(plain.made.length).toBe(2);
});
