/**
 * Damage that knows what parsers get wrong: lengths that lie, integers at their bounds, pieces cut out,
 * doubled, moved, or taken from another input.
 *
 * Deterministic: the same random numbers damage the same bytes in the same way.
 *
 * @module
 */
import type { Random } from '../sim/random.ts';

const BYTES = [0, 1, 0x7f, 0x80, 0xfe, 0xff];
/** Bounds of the fields that our formats have, written in either byte order. */
const BOUNDS = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x100n,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x10000n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x1fffffffffffffn,
  0x20000000000000n,
  0x7fffffffffffffffn,
  0xffffffffffffffffn,
];

export interface Material {
  /** Other inputs, to take pieces from. */
  readonly corpus: readonly Uint8Array[];
  readonly words: readonly Uint8Array[];
  readonly bytesMax: number;
}

/** One to four damages, one after the other. */
export function mutate(input: Uint8Array, random: Random, material: Material): Uint8Array {
  let bytes = input;
  for (let left = random.chance(60) ? 1 : random.between(2, 4); left > 0; left--) {
    bytes = damage(bytes, random, material);
  }
  return bytes.length > material.bytesMax ? bytes.slice(0, material.bytesMax) : bytes;
}

function damage(bytes: Uint8Array, random: Random, material: Material): Uint8Array {
  if (bytes.length === 0) return random.bytes(random.between(1, 16));
  const at = random.below(bytes.length);
  switch (random.below(12)) {
    case 0:
      return patched(bytes, at, [bytes[at]! ^ (1 << random.below(8))]);
    case 1:
      return patched(bytes, at, [BYTES[random.below(BYTES.length)]!]);
    case 2:
      return patched(bytes, at, [random.below(256)]);
    case 3:
      return patched(bytes, at, [bytes[at]! + random.between(1, 8) - 4]);
    case 4:
    case 5:
      return patched(bytes, at, bound(random));
    case 6:
      return bytes.slice(0, at);
    case 7:
      return spliced(bytes, at, random.between(1, 16), new Uint8Array(0));
    case 8:
      return spliced(bytes, at, 0, random.bytes(random.between(1, 8)));
    case 9: {
      const piece = bytes.slice(at, at + random.between(1, 64));
      return spliced(bytes, random.below(bytes.length + 1), 0, piece);
    }
    case 10: {
      const { words } = material;
      const word = words.length === 0 ? bound(random) : words[random.below(words.length)]!;
      return spliced(bytes, at, random.chance(50) ? word.length : 0, Uint8Array.from(word));
    }
    default: {
      const other = material.corpus[random.below(Math.max(1, material.corpus.length))] ?? bytes;
      const from = random.below(Math.max(1, other.length));
      const piece = other.slice(from, from + random.between(1, 128));
      return spliced(bytes, at, random.chance(50) ? piece.length : 0, piece);
    }
  }
}

function bound(random: Random): number[] {
  const width = 1 << random.between(0, 3);
  const value = BOUNDS[random.below(BOUNDS.length)]! + BigInt(random.between(0, 2) - 1);
  const bytes = Array.from({ length: width }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
  return random.chance(50) ? bytes : bytes.reverse();
}

function patched(bytes: Uint8Array, at: number, values: readonly number[]): Uint8Array {
  const changed = bytes.slice();
  for (let i = 0; i < values.length && at + i < changed.length; i++) changed[at + i] = values[i]!;
  return changed;
}

function spliced(bytes: Uint8Array, at: number, removed: number, inserted: Uint8Array): Uint8Array {
  const end = Math.min(bytes.length, at + removed);
  const changed = new Uint8Array(bytes.length - (end - at) + inserted.length);
  changed.set(bytes.subarray(0, at));
  changed.set(inserted, at);
  changed.set(bytes.subarray(end), at + inserted.length);
  return changed;
}
