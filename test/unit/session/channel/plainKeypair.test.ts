import { expect, test } from 'bun:test';
import { OPEN_CODE, openError } from '../../../../session/channel/openCode.ts';
import { innerBytes, paddedBytes } from '../../../../session/channel/padding.ts';
import { PlainKeypair } from '../../../../session/channel/plainKeypair.ts';
import { memoryOf, plainMemory } from '../../../../session/memory.ts';
import { counterOf, writePlainHeader } from '../../../../session/wire/transport.ts';
import { ciphers, handshake, newEnds } from './twoEnds.ts';

const MTU_BYTES = 1420;
const target = new Uint8Array(2000);

function newKeypairs(
  seed: number,
  limits?: { rekeyAfterPackets: number; rejectAfterPackets: number },
) {
  const ends = newEnds(seed);
  const made = handshake(ends);
  const device = new PlainKeypair(
    {
      secrets: made.device,
      ciphers,
      localIndex: made.deviceIndex,
      remoteIndex: made.hubIndex,
      isInitiator: true,
      createdAtMs: 0,
    },
    MTU_BYTES,
    limits,
  );
  const hub = new PlainKeypair(
    {
      secrets: made.hub,
      ciphers,
      localIndex: made.hubIndex,
      remoteIndex: made.deviceIndex,
      isInitiator: false,
      createdAtMs: 0,
    },
    MTU_BYTES,
  );
  return { device, hub, random: ends.random };
}

function seal(keypair: PlainKeypair, packet: Uint8Array): Uint8Array {
  const datagram = new Uint8Array(keypair.sealedBytes(packet.length));
  const from = memoryOf(packet.slice());
  expect(keypair.sealData(from, 0, packet.length, memoryOf(datagram), 0)).toBe(datagram.length);
  return datagram;
}

const open = (keypair: PlainKeypair, datagram: Uint8Array) =>
  keypair.openData(memoryOf(datagram.slice()), 0, datagram.length, memoryOf(target), 0);

test('packets arrive padded with zeros to 16 bytes, both ways; an empty one is a keepalive', () => {
  const { device, hub, random } = newKeypairs(1);
  for (const bytes of [0, 1, 16, 17, 100, 1419, 1420]) {
    const packet = random.bytes(bytes);
    for (const [from, to] of [
      [device, hub],
      [hub, device],
    ] as const) {
      const datagram = seal(from, packet);
      expect((datagram.length - 32) % 16 === 0 || bytes > 1408).toBe(true);
      const opened = open(to, datagram);
      expect(opened).toBe(paddedBytes(bytes, MTU_BYTES));
      expect(target.slice(0, bytes)).toEqual(packet);
      expect(target.slice(bytes, opened).every((byte) => byte === 0)).toBe(true);
    }
  }
});

test('padding follows an MTU that becomes smaller under a living keypair', () => {
  const { device } = newKeypairs(1);
  expect(device.sealedBytes(1_340)).toBe(16 + 1_344 + 16);
  device.mtuBytes = 1_340;
  expect(device.sealedBytes(1_340)).toBe(16 + 1_340 + 16);
  expect(seal(device, new Uint8Array(1_340)).length).toBe(1_372);
});

test('padding never passes the MTU and never cuts a packet', () => {
  const lengths = [0, 1, 16, 1408, 1409, 1420, 1421].map((bytes) => paddedBytes(bytes, 1420));
  expect(lengths).toEqual([0, 16, 16, 1408, 1420, 1420, 1421]);
});

test('a packet may be sealed where it lies', () => {
  const { device, hub, random } = newKeypairs(2);
  const packet = random.bytes(50);
  const memory = plainMemory(200);
  memory.bytes.fill(7);
  memory.bytes.set(packet, 26);
  const total = device.sealData(memory, 26, 50, memory, 10);
  expect(total).toBe(16 + 64 + 16);
  expect(memory.bytes[9]).toBe(7);
  expect(memory.bytes[106]).toBe(7);
  expect(hub.openData(memory, 10, total, memoryOf(target), 0)).toBe(64);
  expect(target.slice(0, 64)).toEqual(Uint8Array.from([...packet, ...new Array(14).fill(0)]));
});

test('replays, foreign indices and other types are refused by name', () => {
  const { device, hub } = newKeypairs(3);
  const datagram = seal(device, Uint8Array.of(1));
  const name = (bytes: Uint8Array) => openError(open(hub, bytes));
  expect(name(datagram)).toBeNull();
  expect([hub.openedIsNewest, hub.openedCounter]).toEqual([true, 0]);
  expect(name(datagram)).toBe('duplicate');
  expect(name(datagram.subarray(0, 31))).toBe('tooShort');
  const session = datagram.slice();
  session.set([16, 1, 1, 0]);
  expect(name(session)).toBe('typeWrong');
  const reserved = datagram.slice();
  reserved[3] = 1;
  expect(name(reserved)).toBe('typeWrong');
  const foreign = datagram.slice();
  foreign[4] = (foreign[4] ?? 0) ^ 1;
  expect(name(foreign)).toBe('wrongReceiver');
  const huge = datagram.slice();
  huge[15] = 1;
  expect(name(huge)).toBe('counterTooLarge');
  const next = seal(device, Uint8Array.of(1));
  writePlainHeader(next, hub.localIndex, 9);
  expect(name(next)).toBe('authenticationFailed');
});

test('each packet has the next counter, and the limit is the end', () => {
  const { device } = newKeypairs(4, { rekeyAfterPackets: 2, rejectAfterPackets: 3 });
  const counters = [0, 1, 2].map(() => counterOf(seal(device, new Uint8Array(1))));
  expect(counters).toEqual([0, 1, 2]);
  expect(device.needsRekey).toBe(true);
  expect(device.sealData(plainMemory(1), 0, 1, plainMemory(100), 0)).toBe(
    OPEN_CODE.counterExhausted,
  );
});

test('no bytes make openData throw, and none that were damaged pass', () => {
  const { device, hub, random } = newKeypairs(5);
  const datagram = seal(device, random.bytes(60));
  for (let i = 0; i < 3000; i++) {
    expect(open(hub, random.damaged(datagram))).toBeLessThan(0);
  }
  expect(open(hub, datagram)).toBe(64);
});

test('the inner packet ends where its IP header says', () => {
  const v4 = new Uint8Array(64);
  v4.set([0x45, 0, 0, 33]);
  expect(innerBytes(v4, 0, 48)).toBe(33);
  expect(innerBytes(v4, 0, 32)).toBe(-1);
  v4[3] = 19;
  expect(innerBytes(v4, 0, 48)).toBe(-1);
  const v6 = new Uint8Array(64);
  v6.set([0x60, 0, 0, 0, 0, 8]);
  expect(innerBytes(v6, 0, 48)).toBe(48);
  expect(innerBytes(v6, 0, 47)).toBe(-1);
  expect(innerBytes(new Uint8Array(64), 0, 64)).toBe(-1);
  expect(innerBytes(new Uint8Array(0), 0, 0)).toBe(-1);
});

test('packets are named by offsets, also where they are opened', () => {
  const { device, hub, random } = newKeypairs(6);
  const packet = random.bytes(21);
  const [from, memory] = [plainMemory(100), plainMemory(300)];
  from.bytes.set(packet, 70);
  expect(device.sealData(from, 70, 21, memory, 40)).toBe(64);
  expect(() => hub.openData(memory, 40, 64, memory, 60)).toThrow('lie apart');
  expect(hub.openData(memory, 40, 64, memory, 56)).toBe(32);
  expect(memory.bytes.slice(56, 88)).toEqual(
    Uint8Array.from([...packet, ...new Array(11).fill(0)]),
  );
});

test('a closed keypair seals and opens nothing', () => {
  const { device, hub } = newKeypairs(7);
  const datagram = seal(device, Uint8Array.of(1));
  hub.close();
  hub.close();
  expect(openError(open(hub, datagram))).toBe('dataNotEnabled');
  const sealed = hub.sealData(plainMemory(1), 0, 1, plainMemory(48), 0);
  expect([sealed, hub.sentCounter]).toEqual([OPEN_CODE.dataNotEnabled, -1]);
});
