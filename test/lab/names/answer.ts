/**
 * What a small name server says: addresses of names, and nothing else.
 *
 * ```text
 *  0      2      4        6        8        10        12
 *  +------+------+--------+--------+---------+---------+----------+---------+
 *  |  id  | bits | 1 asked| answers|    0    |    0    | question | answers |
 *  +------+------+--------+--------+---------+---------+----------+---------+
 * ```
 *
 * One question a query, as every resolver asks. Whatever else a query holds (EDNS) is left out of the answer.
 *
 * Source: RFC 1035 §4, RFC 3596 §2.2.
 *
 * @module
 */
import { assert } from '../../../session/assert.ts';
import { parseIp } from '../../../session/wire/ip.ts';

const HEADER_BYTES = 12;
/** Of an answer without its address: pointer to the name, type, class, time to live, length. */
const RECORD_BYTES = 12;
const TYPE = { A: 1, AAAA: 28 } as const;
/** An answer, recursion wanted and had; the last four bits say how it went. */
const ANSWER_BITS = 0x8180;
const NAME_UNKNOWN = 3;
/** Where the name of the question is: a pointer saves writing it again. */
const POINTER = 0xc000 | HEADER_BYTES;

/** Addresses of a name in lower case, or null where there is no such name. */
export type AddressesOf = (name: string) => readonly string[] | null;

export interface Answer {
  readonly name: string;
  /** Text of the addresses that were answered. */
  readonly addresses: readonly string[];
  readonly datagram: Uint8Array;
}

/** Answer `query`, or null if it is none. Names live for no time at all, so that nobody keeps them. */
export function answerTo(query: Uint8Array, addressesOf: AddressesOf): Answer | null {
  const question = readQuestion(query);
  if (question === null) return null;
  const { name, type, endAt } = question;
  const known = addressesOf(name);
  const family = type === TYPE.A ? 4 : type === TYPE.AAAA ? 6 : null;
  const found = (known ?? []).flatMap((text) => {
    const ip = parseIp(text);
    assert(ip.ok, `an address: ${text}`);
    return ip.value.family === family ? [{ text, bytes: ip.value.bytes }] : [];
  });
  const datagram = new Uint8Array(
    endAt + found.reduce((sum, { bytes }) => sum + RECORD_BYTES + bytes.length, 0),
  );
  datagram.set(query.subarray(0, endAt));
  const view = new DataView(datagram.buffer);
  view.setUint16(2, ANSWER_BITS | (known === null ? NAME_UNKNOWN : 0));
  view.setUint16(6, found.length);
  view.setUint32(8, 0); // no authority, nothing beside
  let at = endAt;
  for (const { bytes } of found) {
    view.setUint16(at, POINTER);
    view.setUint16(at + 2, type);
    view.setUint16(at + 4, 1);
    view.setUint32(at + 6, 0);
    view.setUint16(at + 10, bytes.length);
    datagram.set(bytes, at + RECORD_BYTES);
    at += RECORD_BYTES + bytes.length;
  }
  return { name, addresses: found.map(({ text }) => text), datagram };
}

interface Question {
  readonly name: string;
  readonly type: number;
  readonly endAt: number;
}

function readQuestion(query: Uint8Array): Question | null {
  if (query.length < HEADER_BYTES) return null;
  const view = new DataView(query.buffer, query.byteOffset, query.length);
  const isQuery = (view.getUint16(2) & 0x8000) === 0;
  if (!isQuery || view.getUint16(4) !== 1) return null;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const bytes = query[at];
    if (bytes === undefined || bytes > 63) return null;
    at += 1;
    if (bytes === 0) break;
    labels.push(new TextDecoder('latin1').decode(query.subarray(at, at + bytes)).toLowerCase());
    at += bytes;
  }
  if (at + 4 > query.length) return null;
  return { name: labels.join('.'), type: view.getUint16(at), endAt: at + 4 };
}
