/**
 * CBOR with exactly one encoding for each value: the core deterministic encoding of RFC 8949 §4.2.1, less what no
 * document needs.
 *
 * Read: integers up to ±(2^53 − 1) in their shortest form, byte and text strings, arrays, maps whose keys are integers or
 * texts in ascending order of their bytes, false, true, null. A number with a fraction is a float of 64 bits, whatever shorter
 * one would hold it. Refused: everything else (tags, indefinite lengths, other floats, NaN, infinities, text that is not
 * UTF-8, keys twice or out of order, more than {@link DEPTH_MAX} levels), and anything behind the one item. Work and memory
 * are bounded by the bytes.
 *
 * `session/wire/cbor.ts` is another subset: frames have no fractions, and may be written in more than one way.
 *
 * @module
 */
import { assert } from '../../session/assert.ts';
import { concatBytes, utf8ToBytes } from '../../session/bytes.ts';

/** Payload, body, a table of the policy, links, one link, and one in reserve (chosen). */
export const DEPTH_MAX = 6;

export type Cbor = number | string | boolean | null | Uint8Array | readonly Cbor[] | CborMap;
export type CborMap = ReadonlyMap<number | string, Cbor>;

/** Major types, RFC 8949 §3.1. */
const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, simple: 7 } as const;
const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;
const FLOAT64 = 0xfb;

/** A byte order mark is a character like any other, or two keys would be one. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Never leaves this file. */
class Malformed extends Error {}

/** The one item that `bytes` are, or null for anything that {@link encodeCbor} would not write. Never throws. */
export function decodeCbor(bytes: Uint8Array): Cbor | null | undefined {
  try {
    const reader = new Reader(bytes);
    const value = reader.item(0);
    return reader.isAtEnd ? value : undefined;
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  item(depth: number): Cbor {
    const first = this.#byte();
    const major = first >> 5;
    if (major === MAJOR.simple) return this.#simple(first);
    const argument = this.#argument(first & 0x1f);
    switch (major) {
      case MAJOR.unsigned:
        return argument;
      case MAJOR.negative:
        if (argument >= Number.MAX_SAFE_INTEGER) throw new Malformed();
        return -1 - argument;
      case MAJOR.bytes:
        return this.#take(argument).slice();
      case MAJOR.text:
        return this.#text(argument);
      case MAJOR.array:
        return this.#array(argument, depth);
      case MAJOR.map:
        return this.#map(argument, depth);
      default:
        throw new Malformed(); // a tag
    }
  }

  #array(count: number, depth: number): Cbor[] {
    this.#enter(count, depth);
    return Array.from({ length: count }, () => this.item(depth + 1));
  }

  #map(count: number, depth: number): CborMap {
    this.#enter(count, depth);
    const map = new Map<number | string, Cbor>();
    let before: Uint8Array | null = null;
    for (let index = 0; index < count; index++) {
      const keyAt = this.#at;
      const key = this.item(DEPTH_MAX);
      const written = this.#bytes.subarray(keyAt, this.#at);
      if (typeof key !== 'number' && typeof key !== 'string') throw new Malformed();
      if (!Number.isInteger(key) && typeof key === 'number') throw new Malformed();
      if (before !== null && compareBytes(before, written) >= 0) throw new Malformed();
      before = written;
      map.set(key, this.item(depth + 1));
    }
    return map;
  }

  #enter(count: number, depth: number): void {
    if (depth >= DEPTH_MAX || count > this.#bytes.length - this.#at) throw new Malformed();
  }

  #text(length: number): string {
    const written = this.#take(length);
    try {
      return utf8.decode(written);
    } catch {
      throw new Malformed();
    }
  }

  #simple(first: number): Cbor {
    if (first === FALSE) return false;
    if (first === TRUE) return true;
    if (first === NULL) return null;
    if (first !== FLOAT64) throw new Malformed();
    const written = this.#take(8);
    const value = new DataView(written.buffer, written.byteOffset, 8).getFloat64(0);
    if (!Number.isFinite(value) || Number.isInteger(value)) throw new Malformed();
    return value;
  }

  /** RFC 8949 §3: the argument behind the initial byte, in its shortest form. */
  #argument(short: number): number {
    if (short < 24) return short;
    if (short > 27) throw new Malformed();
    const lengthBytes = 1 << (short - 24);
    let argument = 0;
    for (const byte of this.#take(lengthBytes)) argument = argument * 256 + byte;
    const shortestFrom = lengthBytes === 1 ? 24 : 256 ** (lengthBytes / 2);
    if (argument < shortestFrom || argument > Number.MAX_SAFE_INTEGER) throw new Malformed();
    return argument;
  }

  #byte(): number {
    return this.#take(1)[0]!;
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw new Malformed();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/** The one encoding of `value`. @throws InvariantError for a number that has none. */
export function encodeCbor(value: Cbor): Uint8Array {
  if (value === null) return Uint8Array.of(NULL);
  if (typeof value === 'boolean') return Uint8Array.of(value ? TRUE : FALSE);
  if (typeof value === 'number') return encodeNumber(value);
  if (typeof value === 'string') {
    const text = utf8ToBytes(value);
    return concatBytes(head(MAJOR.text, text.length), text);
  }
  if (value instanceof Uint8Array) return concatBytes(head(MAJOR.bytes, value.length), value);
  if (value instanceof Map) {
    const entries = [...(value as CborMap)].map(([key, item]) => [
      encodeCbor(key),
      encodeCbor(item),
    ]);
    entries.sort(([a], [b]) => compareBytes(a!, b!));
    return concatBytes(head(MAJOR.map, entries.length), ...entries.flat());
  }
  const items = value as readonly Cbor[];
  return concatBytes(head(MAJOR.array, items.length), ...items.map(encodeCbor));
}

function encodeNumber(value: number): Uint8Array {
  assert(Number.isFinite(value), 'a number in a document is finite');
  if (Number.isInteger(value)) {
    assert(Number.isSafeInteger(value), 'an integer in a document is below 2^53');
    // −0 is 0: integers have no sign of their own.
    return value < 0
      ? head(MAJOR.negative, -1 - value)
      : head(MAJOR.unsigned, value === 0 ? 0 : value);
  }
  const bytes = new Uint8Array(9);
  bytes[0] = FLOAT64;
  new DataView(bytes.buffer).setFloat64(1, value);
  return bytes;
}

function head(major: number, argument: number): Uint8Array {
  const first = major << 5;
  if (argument < 24) return Uint8Array.of(first | argument);
  const lengthBytes = argument < 2 ** 8 ? 1 : argument < 2 ** 16 ? 2 : argument < 2 ** 32 ? 4 : 8;
  const bytes = new Uint8Array(1 + lengthBytes);
  bytes[0] = first | (24 + Math.log2(lengthBytes));
  for (let at = lengthBytes, rest = argument; at > 0; at--, rest = Math.floor(rest / 256)) {
    bytes[at] = rest % 256;
  }
  return bytes;
}

/** Bytewise, the shorter first where it begins the longer: RFC 8949 §4.2.1. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    if (a[at] !== b[at]) return a[at]! - b[at]!;
  }
  return a.length - b.length;
}
