/**
 * The strict subset of CBOR (RFC 8949) that control frames use, read and written with cbor-x.
 *
 * cbor-x by itself accepts duplicate keys, tags, indefinite lengths and trailing bytes, so foreign
 * bytes are checked here before it sees them. Refused: everything but unsigned and negative integers
 * up to ±2^53, byte and text strings, arrays, maps with distinct integer or text keys, false, true
 * and null; floats, tags, indefinite lengths, reserved values, text that is not UTF-8, more than
 * {@link DEPTH_MAX} levels, anything after the one item.
 *
 * Vectors: test/vectors/cbor.json.
 *
 * @module
 */
import { Encoder } from 'cbor-x/encode';
import { assert } from '../assert.ts';
import { fail, ok, type Result } from '../result.ts';

/** A frame's map, an array in it, and one level in reserve for newer peers (chosen). */
export const DEPTH_MAX = 3;

export type CborValue =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | CborMap;
export type CborMap = ReadonlyMap<number | string, CborValue>;

const codec = new Encoder({ useRecords: false, mapsAsObjects: false, tagUint8Array: false });
/** A byte order mark is a character like any other, or two keys would be one. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Major types, RFC 8949 §3.1. */
const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, simple: 7 } as const;
const FALSE = 20;
const NULL = 22;

/** Encode a map with integer keys. @throws InvariantError on a number that is no safe integer. */
export function encodeCborMap(map: CborMap): Uint8Array {
  return Uint8Array.from(codec.encode(forCborX(map)));
}

/** cbor-x writes numbers from 2^32 on as floats; as bigint it writes them as integers. */
function forCborX(value: CborValue): unknown {
  if (typeof value === 'number') {
    assert(Number.isSafeInteger(value), 'a number in a frame is a safe integer');
    return Math.abs(value) > 0x7fff_ffff ? BigInt(value) : value;
  }
  if (value instanceof Map) {
    return new Map([...value].map(([key, item]) => [forCborX(key), forCborX(item)]));
  }
  return Array.isArray(value) ? value.map(forCborX) : value;
}

/** Decode one map and nothing behind it. Never throws; what it returns shares no memory with `bytes`. */
export function decodeCborMap(bytes: Uint8Array): Result<CborMap, 'cborMalformed'> {
  if (endOfItem(bytes, 0, 1) !== bytes.length) return fail('cborMalformed');
  const value = fromCborX(codec.decode(bytes));
  return value instanceof Map ? ok(value) : fail('cborMalformed');
}

function fromCborX(value: unknown): CborValue {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(fromCborX);
  if (value instanceof Map) {
    return new Map([...value].map(([key, item]) => [keyOf(key), fromCborX(item)]));
  }
  assert(
    value === null || ['number', 'string', 'boolean'].includes(typeof value),
    'checked before',
  );
  return value as CborValue;
}

const keyOf = (key: unknown) => (typeof key === 'bigint' ? Number(key) : (key as number | string));

interface Head {
  readonly major: number;
  /** The argument: a value, a length or a count. */
  readonly argument: number;
  readonly nextAt: number;
}

/** RFC 8949 §3: the initial byte and its argument; null where it is outside our subset. */
function headAt(bytes: Uint8Array, at: number): Head | null {
  const first = bytes[at];
  if (first === undefined) return null;
  const major = first >> 5;
  const short = first & 0x1f;
  if (short < 24) return { major, argument: short, nextAt: at + 1 };
  if (short > 27 || major === MAJOR.simple) return null;
  const lengthBytes = 1 << (short - 24);
  if (at + 1 + lengthBytes > bytes.length) return null;
  let argument = 0;
  for (let i = 1; i <= lengthBytes; i++) argument = argument * 256 + (bytes[at + i] ?? 0);
  if (argument > Number.MAX_SAFE_INTEGER) return null;
  return { major, argument, nextAt: at + 1 + lengthBytes };
}

/** Where the item at `at` ends, or null if it is not in our subset. Work is bounded by the bytes. */
function endOfItem(bytes: Uint8Array, at: number, depth: number): number | null {
  const head = headAt(bytes, at);
  if (head === null) return null;
  switch (head.major) {
    case MAJOR.unsigned:
    case MAJOR.negative:
      return head.nextAt;
    case MAJOR.bytes:
    case MAJOR.text:
      return endOfString(bytes, head);
    case MAJOR.array:
      return depth > DEPTH_MAX ? null : endOfArray(bytes, head, depth);
    case MAJOR.map:
      return depth > DEPTH_MAX ? null : endOfMap(bytes, head, depth);
    default:
      if (head.major !== MAJOR.simple) return null;
      return head.argument >= FALSE && head.argument <= NULL ? head.nextAt : null;
  }
}

function endOfString(bytes: Uint8Array, { major, argument, nextAt }: Head): number | null {
  if (argument > bytes.length - nextAt) return null;
  if (major === MAJOR.text && textOf(bytes.subarray(nextAt, nextAt + argument)) === null) {
    return null;
  }
  return nextAt + argument;
}

function endOfArray(bytes: Uint8Array, head: Head, depth: number): number | null {
  if (head.argument > bytes.length) return null;
  let at: number | null = head.nextAt;
  for (let i = 0; i < head.argument && at !== null; i++) at = endOfItem(bytes, at, depth + 1);
  return at;
}

function endOfMap(bytes: Uint8Array, head: Head, depth: number): number | null {
  if (head.argument > bytes.length) return null;
  const keys = new Set<string>();
  let at: number | null = head.nextAt;
  for (let i = 0; i < head.argument && at !== null; i++) {
    const key = keyAt(bytes, at);
    const keyEnd = endOfItem(bytes, at, depth + 1);
    if (key === null || keyEnd === null || keys.has(key)) return null;
    keys.add(key);
    at = endOfItem(bytes, keyEnd, depth + 1);
  }
  return at;
}

/** A key as text that is equal for equal keys however they are written, or null if it may not be one. */
function keyAt(bytes: Uint8Array, at: number): string | null {
  const head = headAt(bytes, at);
  if (head === null) return null;
  if (head.major === MAJOR.unsigned || head.major === MAJOR.negative) {
    return `${head.major} ${head.argument}`;
  }
  if (head.major !== MAJOR.text) return null;
  return `text ${textOf(bytes.subarray(head.nextAt, head.nextAt + head.argument))}`;
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}
