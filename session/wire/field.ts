/**
 * Reading one field of a decoded control frame: present, of its type, inside its range.
 *
 * A field that is not as it must be is thrown as {@link FieldError} and caught by `decodeFrame` alone,
 * so that a frame with twelve fields reads as twelve lines.
 *
 * @module
 */
import { bytesToHex } from '../bytes.ts';
import type { Claim } from '../claim.ts';
import { isInnerMtu } from '../innerMtu.ts';
import { isReasonCode, type ReasonCode } from '../reasons.ts';
import type { CborMap, CborValue } from './cbor.ts';
import { parseCidr } from './cidr.ts';

/** Never leaves this folder. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
}

export const CLAIM_BYTES = 34;
export const SESSION_ID_BYTES = 16;
export const KEY_BYTES = 32;
export const TOKEN_BYTES = 8;
export const LINK_NAME_MAX = 32;
export const ADDRESS_CHARS_MAX = 64;
export const ROUTES_MAX = 16;
export const ENDPOINTS_MAX = 8;
export const CIPHERS_MAX = 8;

/** Names and addresses end up in logs and dashboards: printable ASCII only. */
const PRINTABLE = /^[\x20-\x7e]+$/;

/** Whether `text` may travel as a name or an address of at most `charsMax` characters. */
export function isLabel(text: string, charsMax: number): boolean {
  return text.length <= charsMax && PRINTABLE.test(text);
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new FieldError(what);
}

const isNone = (value: CborValue | undefined) => value === undefined || value === null;

export function byteString(map: CborMap, key: number, bytes: number): Uint8Array {
  const value = map.get(key);
  check(value instanceof Uint8Array && value.length === bytes, `key ${key} holds ${bytes} bytes`);
  return value;
}

export function byteStringOrNull(map: CborMap, key: number, bytes: number): Uint8Array | null {
  return isNone(map.get(key)) ? null : byteString(map, key, bytes);
}

export function sessionId(map: CborMap, key: number): string {
  return bytesToHex(byteString(map, key, SESSION_ID_BYTES));
}

export function sessionIdOrNull(map: CborMap, key: number): string | null {
  return isNone(map.get(key)) ? null : sessionId(map, key);
}

export function flag(map: CborMap, key: number): boolean {
  const value = map.get(key);
  check(typeof value === 'boolean', `key ${key} holds a boolean`);
  return value;
}

/** An integer 0…`max`. */
export function count(map: CborMap, key: number, max: number = Number.MAX_SAFE_INTEGER): number {
  const value = map.get(key);
  check(typeof value === 'number' && value >= 0 && value <= max, `key ${key} holds 0…${max}`);
  return value;
}

/** Left out: null. */
export function countOrNull(map: CborMap, key: number): number | null {
  return isNone(map.get(key)) ? null : count(map, key);
}

/** An integer, or −1 where it is left out: there is none to name. */
export function countOrNone(map: CborMap, key: number): number {
  return isNone(map.get(key)) ? -1 : count(map, key);
}

export function innerMtu(map: CborMap, key: number): number {
  const value = count(map, key);
  check(isInnerMtu(value), `key ${key} holds an inner MTU`);
  return value;
}

/** A peer that does not say, or says what cannot be: its claim counts all the same. */
export function innerMtuOrNull(map: CborMap, key: number): number | null {
  const value = map.get(key);
  return typeof value === 'number' && isInnerMtu(value) ? value : null;
}

export function label(map: CborMap, key: number, charsMax: number): string {
  const value = map.get(key);
  check(typeof value === 'string' && isLabel(value, charsMax), `key ${key} holds a label`);
  return value;
}

function labelOrNull(map: CborMap, key: number, charsMax: number): string | null {
  return isNone(map.get(key)) ? null : label(map, key, charsMax);
}

/** `10.77.0.5/32`: an address of `family` with its length, or null. What is not is refused before flash sees it. */
export function innerAddressOrNull(map: CborMap, key: number, family: 4 | 6): string | null {
  const text = labelOrNull(map, key, ADDRESS_CHARS_MAX);
  if (text === null) return null;
  const cidr = parseCidr(text);
  check(cidr.ok && cidr.value.family === family, `key ${key} holds an IPv${family} address`);
  return text;
}

function list(map: CborMap, key: number, itemsMax: number): readonly CborValue[] {
  const value = map.get(key);
  check(Array.isArray(value) && value.length <= itemsMax, `key ${key} holds ≤ ${itemsMax} items`);
  return value;
}

export function labels(map: CborMap, key: number, itemsMax: number): readonly string[] {
  const items = list(map, key, itemsMax);
  return items.map((_, index) => label(new Map(items.entries()), index, ADDRESS_CHARS_MAX));
}

/** The name of a wire number in one of the `as const` maps of `frames.ts`. */
export function named<Name extends string>(
  map: CborMap,
  key: number,
  table: Readonly<Record<Name, number>>,
): Name {
  const name = nameOf(map.get(key), table);
  check(name !== null, `key ${key} holds a known number`);
  return name;
}

/** Known ones in their order; a newer peer may offer more than we know. */
export function namedList<Name extends string>(
  map: CborMap,
  key: number,
  itemsMax: number,
  table: Readonly<Record<Name, number>>,
): readonly Name[] {
  return list(map, key, itemsMax)
    .map((value) => nameOf(value, table))
    .filter((name) => name !== null);
}

export function nameOf<Name extends string>(
  value: CborValue | undefined,
  table: Readonly<Record<Name, number>>,
): Name | null {
  for (const name in table) if (table[name] === value) return name;
  return null;
}

/** A newer peer may know codes that we do not; its frame still counts, under the generic `fallback`. */
export function reasonCode(map: CborMap, key: number, fallback: ReasonCode): ReasonCode {
  const text = label(map, key, ADDRESS_CHARS_MAX);
  return isReasonCode(text) ? text : fallback;
}

/** 34 bytes as `claimBytes` writes them. */
export function claim(map: CborMap, key: number): Claim {
  const bytes = byteString(map, key, CLAIM_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, CLAIM_BYTES);
  const version = view.getBigUint64(16);
  const transportId = view.getUint16(24);
  check(version > 0n && version <= BigInt(Number.MAX_SAFE_INTEGER), 'a version is 1…2^53−1');
  check(transportId > 0, 'a transport id is 1…65535');
  return {
    sessionId: bytesToHex(bytes.subarray(0, 16)),
    stateVersion: Number(version),
    transportId,
    nonce: bytesToHex(bytes.subarray(26, 34)),
  };
}

export function claimOrNull(map: CborMap, key: number): Claim | null {
  return isNone(map.get(key)) ? null : claim(map, key);
}

/** Two keys as [secret, memory key], or null. */
export function renewedKeys(
  map: CborMap,
  key: number,
): { secret: Uint8Array; memoryKey: Uint8Array } | null {
  if (isNone(map.get(key))) return null;
  const pair = new Map(list(map, key, 2).entries());
  return { secret: byteString(pair, 0, KEY_BYTES), memoryKey: byteString(pair, 1, KEY_BYTES) };
}
