/** Goal: a packet that is too long is known by its length field, and many short ones in a row are none, in whatever pieces they come. */
import { expect, test } from 'bun:test';
import { PacketSizes } from '../../../../hal/mqtt/packetSizes.ts';

const MAX = 1_000;
/** A publish of so many bytes behind its length field. */
const packet = (bytes: number) => [
  0x30,
  ...(bytes < 0x80 ? [bytes] : [(bytes & 0x7f) | 0x80, bytes >> 7]),
  ...new Uint8Array(bytes),
];
const isOver = (bytes: readonly number[], pieceBytes: number) => {
  const sizes = new PacketSizes(MAX);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    if (sizes.isOver(Uint8Array.from(bytes.slice(at, at + pieceBytes)))) return true;
  }
  return false;
};

test('packets of every length up to the limit, one behind the other, and one that is above it', () => {
  const short = [0, 1, 127, 128, MAX, 0, 999].flatMap(packet);
  for (const pieceBytes of [1, 2, 3, 7, 64, 1_001, 10_000]) {
    expect(isOver(short, pieceBytes)).toBe(false);
    expect(isOver([...short, ...packet(MAX + 1)], pieceBytes)).toBe(true);
    // Its length is enough.
    expect(isOver([...short, 0x30, 0xff, 0x7f], pieceBytes)).toBe(true);
  }
});

test('a length field that does not end is too long', () => {
  expect(isOver([0x30, 0x80, 0x80, 0x80], 5)).toBe(false);
  expect(isOver([0x30, 0x80, 0x80, 0x80, 0x80], 5)).toBe(true);
  expect(isOver([0x30, 0x80, 0x80, 0x80, 0x00], 5)).toBe(false);
});
