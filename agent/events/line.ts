/**
 * Lines of the event store: JSON behind its checksum, so that a torn one is told from a whole one.
 *
 * ```text
 *   crc32 of the JSON, 8 hex digits │ space │ JSON object │ newline
 * ```
 *
 * Pure. Reading takes any bytes and never throws: sectors that a power cut left empty cost the lines in them and no other.
 *
 * @module
 */
import { crc32 } from '../../session/flash/crc.ts';

export type LineValue = Readonly<Record<string, unknown>>;

/** With its space. */
const CHECKSUM_CHARS = 9;
const NEWLINE = 0x0a;

const utf8 = new TextEncoder();
const text = new TextDecoder();

export function encodeLine(value: object): Uint8Array {
  const json = JSON.stringify(value);
  return utf8.encode(`${checksumOf(utf8.encode(json))}${json}\n`);
}

const checksumOf = (json: Uint8Array) => `${crc32(json).toString(16).padStart(8, '0')} `;

/** @returns the lines that are whole, in order, and how many are not. */
export function decodeLines(bytes: Uint8Array): {
  readonly values: readonly LineValue[];
  readonly torn: number;
} {
  const values: LineValue[] = [];
  let torn = 0;
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, at);
    const value = newline < 0 ? null : decodeLine(bytes.subarray(at, newline));
    if (value === null) torn += 1;
    else values.push(value);
    at = newline < 0 ? bytes.length : newline + 1;
  }
  return { values, torn };
}

function decodeLine(line: Uint8Array): LineValue | null {
  const json = line.subarray(CHECKSUM_CHARS);
  if (text.decode(line.subarray(0, CHECKSUM_CHARS)) !== checksumOf(json)) return null;
  try {
    const value: unknown = JSON.parse(text.decode(json));
    return typeof value === 'object' && value !== null ? (value as LineValue) : null;
  } catch {
    return null;
  }
}
