import { expect, test } from 'bun:test';
import { TOO_BIG_BYTES_MAX, writeTooBig } from '../../../../session/packet/tooBig.ts';
import { Random } from '../../../sim/random.ts';
import { steadyPacket } from './traffic.ts';
import { encodeMarked, encodeOpen, encodeWhole, type Packet, slowSum } from './twin.ts';

function answer(
  sent: readonly number[],
  mtuBytes: number,
  from: readonly number[] | null = null,
): number[] {
  const bytes = Uint8Array.from([7, ...sent]);
  const target = new Uint8Array(new ArrayBuffer(5 + TOO_BIG_BYTES_MAX + 5)).fill(0xa5);
  const source = from === null ? null : Uint8Array.from(from);
  const count = writeTooBig(bytes, 1, sent.length, mtuBytes, source, target, 5);
  expect(target.subarray(0, 5).every((byte) => byte === 0xa5)).toBe(true);
  expect(target.subarray(5 + count).every((byte) => byte === 0xa5)).toBe(true);
  expect([...bytes]).toEqual([7, ...sent]);
  return [...target.subarray(5, 5 + count)];
}

const large4 = (payloadBytes = 1400): Packet => ({
  ...steadyPacket(4, 6, payloadBytes),
  dontFragment: true,
});
const large6 = (payloadBytes = 1400): Packet => steadyPacket(6, 6, payloadBytes);

test('IPv4: fragmentation needed, with the MTU and as much of the packet as 576 bytes hold', () => {
  const packet = large4();
  for (const from of [null, [192, 0, 2, 1]]) {
    const icmp = answer(encodeMarked(packet), 1300, from);
    expect(icmp.length).toBe(576);
    expect(icmp.slice(0, 4)).toEqual([0x45, 0, 576 >> 8, 576 & 255]);
    expect(icmp.slice(4, 10)).toEqual([0, 0, 0x40, 0, 64, 1]);
    expect(icmp.slice(12, 16)).toEqual(from ?? [...packet.target]);
    expect(icmp.slice(16, 20)).toEqual([...packet.source]);
    expect(slowSum(icmp.slice(0, 20))).toBe(65535);
    expect(icmp.slice(20, 22)).toEqual([3, 4]);
    expect(icmp.slice(24, 28)).toEqual([0, 0, 1300 >> 8, 1300 & 255]);
    expect(slowSum(icmp.slice(20))).toBe(65535);
    expect(icmp.slice(28)).toEqual(encodeOpen(packet).slice(0, 548));
  }
});

test('IPv6: packet too big, with the MTU and as much of the packet as 1,280 bytes hold', () => {
  const packet = large6();
  for (const from of [null, [0xfd, ...Array<number>(14).fill(0), 99]]) {
    const icmp = answer(encodeMarked(packet), 1300, from);
    expect(icmp.length).toBe(1280);
    expect(icmp.slice(0, 8)).toEqual([0x60, 0, 0, 0, 1240 >> 8, 1240 & 255, 58, 64]);
    expect(icmp.slice(8, 24)).toEqual(from ?? [...packet.target]);
    expect(icmp.slice(24, 40)).toEqual([...packet.source]);
    expect(icmp.slice(40, 42)).toEqual([2, 0]);
    expect(icmp.slice(44, 48)).toEqual([0, 0, 1300 >> 8, 1300 & 255]);
    const pseudo = [...icmp.slice(8, 40), 0, 0, 1240 >> 8, 1240 & 255, 0, 0, 0, 58];
    expect(slowSum([...pseudo, ...icmp.slice(40)])).toBe(65535);
    expect(icmp.slice(48)).toEqual(encodeOpen(packet).slice(0, 1232));
  }
});

test('both sides of what is quoted', () => {
  for (const [encode, most, headers] of [
    [(bytes: number) => encodeWhole(large4(bytes - 52)), 548, 28],
    [(bytes: number) => encodeWhole(large6(bytes - 72)), 1232, 48],
  ] as const) {
    for (const bytes of [most - 1, most, most + 1]) {
      const sent = encode(bytes);
      expect(sent.length).toBe(bytes);
      expect(answer(sent, 1400).slice(headers)).toEqual(sent.slice(0, most));
    }
  }
});

test('no MTU is told that nobody may have', () => {
  const mtu4 = (mtuBytes: number) => answer(encodeWhole(large4()), mtuBytes).slice(26, 28);
  expect(mtu4(69)).toEqual([0, 69]);
  expect(mtu4(67)).toEqual([0, 68]);
  const mtu6 = (mtuBytes: number) => answer(encodeWhole(large6()), mtuBytes).slice(46, 48);
  expect(mtu6(1281)).toEqual([5, 1]);
  expect(mtu6(1279)).toEqual([5, 0]);
});

function changed(packet: Packet, at: number, ...values: number[]): number[] {
  const bytes = encodeWhole(packet);
  bytes.splice(at, values.length, ...values);
  return bytes;
}

test('IPv4 packets that get no answer, and their neighbours that do', () => {
  const answered = (bytes: number[]) => answer(bytes, 1300).length > 0;
  expect(answered(changed(large4(), 6, 0x00, 0))).toBe(false); // may be fragmented
  expect(answered(changed(large4(), 6, 0x60, 0))).toBe(true); // the first fragment
  expect(answered(changed(large4(), 6, 0x40, 1))).toBe(false); // a later one
  for (const source of [0, 127, 224, 239, 240, 255]) {
    expect([source, answered(changed(large4(), 12, source))]).toEqual([source, false]);
  }
  for (const source of [1, 126, 128, 223]) {
    expect([source, answered(changed(large4(), 12, source))]).toEqual([source, true]);
  }
  expect(answered(changed(large4(), 16, 224))).toBe(false);
  expect(answered(changed(large4(), 16, 223))).toBe(true);
  const types = Array.from({ length: 20 }, (_, type) => type).filter((type) => {
    const icmp = changed(large4(), 9, 1);
    icmp[20] = type;
    return !answered(icmp);
  });
  expect(types).toEqual([3, 4, 5, 11, 12]);
});

test('IPv6 packets that get no answer, and their neighbours that do', () => {
  const answered = (bytes: number[], from: number[] | null = null) =>
    answer(bytes, 1300, from).length > 0;
  expect(answered(changed(large6(), 8, 0xff))).toBe(false);
  expect(answered(changed(large6(), 8, ...Array<number>(16).fill(0)))).toBe(false);
  expect(answered(changed(large6(), 8, ...Array<number>(15).fill(0), 1))).toBe(false);
  expect(answered(changed(large6(), 8, ...Array<number>(15).fill(0), 2))).toBe(true);
  // To multicast, but never from it.
  expect(answered(changed(large6(), 24, 0xff))).toBe(false);
  expect(answered(changed(large6(), 24, 0xff), Array<number>(16).fill(1))).toBe(true);

  for (const extension of [0, 43, 60]) {
    for (const [type, expected] of [
      [1, false],
      [127, false],
      [128, true],
      [137, false],
    ] as const) {
      const direct = changed(large6(), 6, 58);
      direct[40] = type;
      expect([type, answered(direct)]).toEqual([type, expected]);
      const behind = changed(large6(), 6, extension);
      behind.splice(40, 2, 58, 1);
      behind[56] = type;
      expect([extension, type, answered(behind)]).toEqual([extension, type, expected]);
    }
  }
  const fragment = changed(large6(), 6, 44);
  fragment.splice(40, 4, 6, 0, 0, 1);
  expect(answered(fragment)).toBe(true);
  fragment.splice(42, 2, 0, 8);
  expect(answered(fragment)).toBe(false);
});

test('any bytes are safe', () => {
  const random = new Random(9);
  for (let round = 0; round < 3000; round++) {
    const bytes = [...random.bytes(random.below(120))];
    if (bytes.length > 0) bytes[0] = [0x45, 0x60, 0xc5, 0xe0, 0x4f][round % 5]!;
    if (bytes.length > 6 && round % 2 === 0) {
      bytes.splice(2, 4, 0, bytes.length, 0, Math.max(0, bytes.length - 40));
      bytes[6] = [0, 43, 44, 60, 58, 0x40][round % 6]!;
    }
    expect(answer(bytes, 1300).length).toBeLessThanOrEqual(28 + 548);
  }
});
