import { expect, test } from 'bun:test';
import {
  addRange,
  completeChecksum,
  completeChecksumFrom,
  fold,
  updated,
  writeHeaderChecksum4,
} from '../../../../session/packet/checksum.ts';
import { Random } from '../../../sim/random.ts';
import { randomPacket, steadyPacket } from './traffic.ts';
import { encodeMarked, encodeOpen, encodeWhole, slowSum } from './twin.ts';

const isSlice = process.env['SLICE'] === '1';

/** Computed by others: RFC 1071 §3, RFC 1624 §4, and an IPv4 header as in the literature. */
test('published sums', () => {
  const rfc1071 = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
  expect(addRange(0, rfc1071, 0, 8)).toBe(0x2ddf0);
  expect(fold(0x2ddf0)).toBe(0xddf2);
  // RFC 1624 §4: 0xdd2f, with a word going from 0x5555 to 0x3285, becomes zero and not 0xffff.
  expect(updated(0xdd2f, 0x5555, 0x3285)).toBe(0);
  const header = Uint8Array.from(Buffer.from('450000730000400040110000c0a80001c0a800c7', 'hex'));
  writeHeaderChecksum4(header, 0);
  expect([header[10], header[11]]).toEqual([0xb8, 0x61]);
});

test('sums of any range, at any place, in views that begin anywhere', () => {
  const random = new Random(5);
  for (let round = 0; round < 2000; round++) {
    const bytes = new Uint8Array(new ArrayBuffer(1700), random.below(8), 1650);
    bytes.set(random.bytes(1650));
    if (round % 3 === 0) bytes.fill(round % 2 === 0 ? 255 : 0);
    const at = random.below(64);
    const count = random.below(round % 2 === 0 ? 160 : 1580);
    const slow = slowSum([...bytes.subarray(at, at + count)]);
    // 0 and 0xffff are the same number in this arithmetic; only all zeros sum up to 0.
    expect([at, count, fold(addRange(0, bytes, at, count))]).toEqual([at, count, slow]);
  }
});

test('64 KiB of ones do not overflow', () => {
  const bytes = new Uint8Array(new ArrayBuffer(65_600)).fill(255);
  expect(fold(addRange(0xffff, bytes, 1, 65_575))).toBe(
    slowSum([0xff, 0xff, ...bytes.subarray(1, 65_576)]),
  );
});

test('views of several buffers are not mixed up', () => {
  const ones = new Uint8Array(new ArrayBuffer(128)).fill(1);
  const twos = new Uint8Array(new ArrayBuffer(128)).fill(2);
  for (const [bytes, word] of [
    [ones, 0x0101],
    [twos, 0x0202],
    [ones, 0x0101],
  ] as const) {
    expect(fold(addRange(0, bytes, 0, 128))).toBe(64 * word);
  }
});

test('a changed word changes the checksum as summing again does', () => {
  const random = new Random(6);
  for (let round = 0; round < 2000; round++) {
    const bytes = [...random.bytes(20)];
    const before = 65535 - slowSum(bytes);
    const [old, next] = [random.below(65536), random.chance(20) ? 0 : random.below(65536)];
    const with_ = (value: number) => [...bytes, value >> 8, value & 255];
    expect(updated(65535 - slowSum(with_(old)), old, next)).toBe(65535 - slowSum(with_(next)));
    expect(updated(before, 0x1234, 0x1234)).toBe(before);
  }
});

test('open checksums are completed as the twin computes them', () => {
  const random = new Random(7);
  for (let round = 0; round < (isSlice ? 100 : 400); round++) {
    const packet = randomPacket(random, random.below(1500));
    const open = encodeOpen(packet);
    const isTcp = packet.protocol === 6;
    const shift = random.below(5);
    const bytes = new Uint8Array(new ArrayBuffer(open.length + 8));
    bytes.set(open, shift);
    expect(completeChecksum(bytes, shift, open.length)).toBe(true);
    expect([...bytes.subarray(shift, shift + open.length)]).toEqual(encodeWhole(packet));

    bytes.set(encodeMarked(packet), shift);
    expect(completeChecksum(bytes, shift, open.length)).toBe(true);
    expect([...bytes.subarray(shift, shift + open.length)]).toEqual(encodeWhole(packet));

    bytes.set(open, shift);
    const start = packet.version === 4 ? 20 : 40;
    expect(completeChecksumFrom(bytes, shift, open.length, start, isTcp ? 16 : 6)).toBe(true);
    expect([...bytes.subarray(shift, shift + open.length)]).toEqual(encodeWhole(packet));
  }
});

test('what has no TCP or UDP directly behind its header is not completed', () => {
  const open = encodeOpen(steadyPacket(4, 6, 10));
  for (const [at, value] of [
    [9, 1],
    [6, 0x20],
    [7, 1],
    [32, 0x40],
    [32, 0xf0],
  ] as const) {
    const bytes = Uint8Array.from(open);
    bytes[at] = value;
    const before = [...bytes];
    expect([at, completeChecksum(bytes, 0, bytes.length)]).toEqual([at, false]);
    expect([...bytes]).toEqual(before);
  }
});

test('a field may end with the packet, and not behind it', () => {
  const bytes = new Uint8Array(24).fill(9);
  expect(completeChecksumFrom(bytes, 0, 20, 2, 16)).toBe(true);
  expect(completeChecksumFrom(bytes, 0, 20, 2, 17)).toBe(false);
  expect([...bytes.subarray(20)]).toEqual([9, 9, 9, 9]);
});
