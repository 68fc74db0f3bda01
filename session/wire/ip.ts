/**
 * IP addresses ⇄ text. Canonical text is RFC 5952 for IPv6 and dotted quad for IPv4.
 *
 * Refuses what people disagree about: leading zeros in IPv4 (octal?), zones, short forms (`10.1`).
 * Vectors: test/vectors/address.json.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { fail, ok, type Result } from '../result.ts';

export interface IpAddress {
  readonly family: 4 | 6;
  /** 4 or 16 bytes, network order. */
  readonly bytes: Uint8Array;
}

export type IpError = 'addressInvalid';

/** The longest legal text: eight groups with an embedded dotted quad. */
const TEXT_MAX = 45;
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] as const;

/** Read one address. IPv4 mapped into IPv6 (`::ffff:192.0.2.1`) comes out as the IPv4 it is. */
export function parseIp(text: string): Result<IpAddress, IpError> {
  if (text.length > TEXT_MAX) return fail('addressInvalid');
  const bytes = text.includes(':') ? parse6(text) : parse4(text);
  return bytes === null ? fail('addressInvalid') : ok(ipFromBytes(bytes));
}

/** Wrap 4 or 16 bytes; a mapped IPv4 becomes family 4. Keeps or copies nothing else. */
export function ipFromBytes(bytes: Uint8Array): IpAddress {
  assert(bytes.length === 4 || bytes.length === 16, 'an address has 4 or 16 bytes');
  if (bytes.length === 4) return { family: 4, bytes };
  const isMapped = MAPPED_PREFIX.every((byte, at) => bytes[at] === byte);
  return isMapped ? { family: 4, bytes: bytes.slice(12) } : { family: 6, bytes };
}

/** Canonical text: equal addresses, equal text. */
export function formatIp(address: IpAddress): string {
  if (address.family === 4) return address.bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => group(address.bytes, at));
  const run = longestZeroRun(groups);
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((value) => value.toString(16))
      .join(':');
  return run.length < 2 ? hex(0, 8) : `${hex(0, run.at)}::${hex(run.at + run.length, 8)}`;
}

const group = (bytes: Uint8Array, at: number) => (bytes[at * 2]! << 8) | bytes[at * 2 + 1]!;

/** RFC 5952 §4.2.3: the longest run, the first of equals. */
function longestZeroRun(groups: readonly number[]): { at: number; length: number } {
  const best = { at: 0, length: 0 };
  let length = 0;
  for (const [at, value] of groups.entries()) {
    length = value === 0 ? length + 1 : 0;
    if (length > best.length) Object.assign(best, { at: at - length + 1, length });
  }
  return best;
}

function parse4(text: string): Uint8Array | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const isPlain = parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255);
  return isPlain ? Uint8Array.from(parts, Number) : null;
}

function parse6(text: string): Uint8Array | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groups6(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? groups6(halves[1]!, true) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  // `::` stands for at least one group (RFC 5952 §4.2.2 wants two, but one is read everywhere).
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const all = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return Uint8Array.from(all.flatMap((value) => [value >> 8, value & 0xff]));
}

/** Groups of one side of `::`; a dotted quad may end the address and nothing else. */
function groups6(text: string, isEnd: boolean): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const values: number[] = [];
  for (const [at, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      values.push(Number.parseInt(part, 16));
    } else {
      const quad = isEnd && at === parts.length - 1 ? parse4(part) : null;
      if (quad === null) return null;
      values.push(group(quad, 0), group(quad, 1));
    }
  }
  return values;
}
