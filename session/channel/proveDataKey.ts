/**
 * The proof that a cipher does here and now what the protocol says, asked for before it carries data.
 *
 * Vectors in a test show that code is right on the machine of the test. This drives the very path of
 * packets on the machine, library and just-in-time compiler at hand, cold and once more when it is hot:
 * a nonce that native code reads from stale memory shows up no earlier. It says what is wrong, or null.
 *
 * ```text
 *   1  published vectors through `newKey`: RFC 8439 §2.8.2, GCM specification case 16
 *   2  datagrams of consecutive and of large counters are, byte for byte, those that the portable
 *      cipher makes with that nonce (`proofCases.ts`), so that no other nonce opens them
 *   3  those of the portable cipher open, in place too; with a bit of tag, text or header changed, or
 *      under another counter, they do not
 *   4  the caller heats the same keys; 2 and 3 again
 * ```
 *
 * What it cannot show: the published vectors have nonces and associated data that no datagram of ours
 * has, so they pass through `newKey`, which shares its native context with the data keys and nothing
 * else. The layout of nonce and header is proven by 2 and 3, against @noble/ciphers.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { bytesToHex, hexToBytes } from '../bytes.ts';
import type { Memory } from '../memory.ts';
import { type CipherSuite, type Ciphers, TAG_BYTES } from './aead.ts';
import type { DataKey, HeaderUse } from './dataKey.ts';
import type { ProofCase, ProofCases } from './proofCases.ts';
import { publishedVector } from './publishedVector.ts';

/** What the proof needs to work in. */
export const PROOF_MEMORY_BYTES = 4096;

const HEADER_BYTES = 16;
/** Places in the memory: a packet, its datagram, what was opened. */
const PACKET_AT = 64;
const DATAGRAM_AT = 1024 + 37;
const OPENED_AT = 2048 + 75;
const UNTOUCHED = 0xa5;
/** In front of and behind a datagram. */
const GUARD = new Uint8Array(64).fill(UNTOUCHED);

export interface Proof {
  readonly ciphers: Ciphers;
  readonly cases: ProofCases;
  /** At least {@link PROOF_MEMORY_BYTES}, of the kind that packets will lie in. */
  readonly memory: Memory;
  /** Use `key` until it is hot. Neither its counters nor this memory matter. */
  readonly heat: (key: DataKey, memory: Memory) => void;
}

/** Null, or a sentence saying what failed. */
export function proveDataKey({ ciphers, cases, memory, heat }: Proof): string | null {
  const published = publishedFailure(ciphers, cases.suite);
  if (published !== null) return published;

  const keys = new Map<HeaderUse, DataKey>();
  for (const use of cases.uses) {
    keys.set(use, ciphers.newDataKey(cases.suite, cases.secret, use));
  }
  const failure = (state: 'cold' | 'hot') => {
    for (const each of cases.cases) {
      const key = keys.get(each.use);
      assert(key !== undefined, 'there is a key for every case');
      const why = sealFailure(key, each, memory) ?? openFailure(key, each, memory);
      const { use, counter, packet } = each;
      if (why === null) continue;
      return `${why} (${state}, counter ${counter}, ${packet.length} bytes, header ${use})`;
    }
    return null;
  };
  try {
    const cold = failure('cold');
    if (cold !== null) return cold;
    for (const key of keys.values()) heat(key, memory);
    return failure('hot');
  } finally {
    for (const key of keys.values()) key.close();
  }
}

function publishedFailure(ciphers: Ciphers, suite: CipherSuite): string | null {
  const vector = publishedVector(suite);
  const [nonce, associated] = [hexToBytes(vector.nonce), hexToBytes(vector.associated)];
  const plaintext = hexToBytes(vector.plaintext);
  const key = ciphers.newKey(suite, hexToBytes(vector.key));
  const sealed = new Uint8Array(plaintext.length + TAG_BYTES);
  key.seal(nonce, associated, plaintext, sealed);
  const opened = new Uint8Array(plaintext.length);
  const isOpened = key.open(nonce, associated, sealed, opened);
  key.close();
  if (bytesToHex(sealed) !== vector.sealed) return 'a published vector seals to something else';
  if (!isOpened || !isAt(opened, 0, plaintext)) return 'a published vector does not open';
  return null;
}

function sealFailure(key: DataKey, each: ProofCase, memory: Memory): string | null {
  const { counter, packet, datagram } = each;
  const { bytes } = memory;
  bytes.fill(UNTOUCHED);
  bytes.set(packet, PACKET_AT);
  bytes.set(datagram.subarray(0, HEADER_BYTES), DATAGRAM_AT);
  key.seal(counter, memory, PACKET_AT, packet.length, memory, DATAGRAM_AT);
  if (!isAt(bytes, DATAGRAM_AT, datagram.subarray(0, HEADER_BYTES))) {
    return 'sealing changed the header';
  }
  if (!isAt(bytes, DATAGRAM_AT, datagram)) {
    return 'nonce, header or tag of the datagram are not what the protocol says';
  }
  const end = DATAGRAM_AT + datagram.length;
  const isClean = isAt(bytes, DATAGRAM_AT - GUARD.length, GUARD) && isAt(bytes, end, GUARD);
  if (!isClean) return 'sealing wrote beside the datagram';

  const bodyAt = DATAGRAM_AT + HEADER_BYTES;
  bytes.set(packet, bodyAt);
  key.seal(counter, memory, bodyAt, packet.length, memory, DATAGRAM_AT);
  return isAt(bytes, DATAGRAM_AT, datagram) ? null : 'in place, it seals to something else';
}

function openFailure(key: DataKey, each: ProofCase, memory: Memory): string | null {
  const { use, counter, packet, datagram } = each;
  const { bytes } = memory;
  const total = datagram.length;
  bytes.set(datagram, DATAGRAM_AT);
  const opens = (as: number) => key.open(as, memory, DATAGRAM_AT, total, memory, OPENED_AT);
  if (!opens(counter)) return 'the datagram of the portable cipher does not open';
  if (!isAt(bytes, OPENED_AT, packet)) return 'another packet opens';

  for (const at of [0, HEADER_BYTES - 1, HEADER_BYTES, total - TAG_BYTES, total - 1]) {
    const place = DATAGRAM_AT + at;
    bytes[place] = (bytes[place] ?? 0) ^ 1;
    const isOpened = opens(counter);
    bytes[place] = (bytes[place] ?? 0) ^ 1;
    const isFree = at < HEADER_BYTES && use === 'bare';
    if (isOpened && !isFree) return `byte ${at} of the datagram changed, and it opens`;
    if (!isOpened && isFree) return 'a header that is not associated keeps it closed';
  }
  for (const other of [counter - 1, counter + 1, counter % 2 ** 32, counter % 256]) {
    const isAnother = other !== counter && other < 2 ** 53;
    if (isAnother && opens(other)) return `it opens as number ${other}`;
  }
  const bodyAt = DATAGRAM_AT + HEADER_BYTES;
  if (!key.open(counter, memory, DATAGRAM_AT, total, memory, bodyAt)) {
    return 'it does not open in place, after others were refused';
  }
  return isAt(bytes, bodyAt, packet) ? null : 'in place, another packet opens';
}

function isAt(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}
