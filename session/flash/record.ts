/**
 * What a device must not forget in a power cut, as one record of fixed size. Integers big-endian.
 *
 * ```text
 *   0        4      6       7       8                16                24               32
 *   +--------+------+-------+-------+----------------+-----------------+----------------+
 *   | "JVFL" |format| flags | zero  |   generation   | versionCeiling  |timestampReserve|
 *   +--------+------+-------+-------+----------------+-----------------+----------------+
 *  32              40      41      42      43      44      48          64
 *   +---------------+-------+-------+-------+-------+-------+-----------+---------------+
 *   | policyVersion |secret |reason |prefix4|prefix6|inner4 | sessionId |
 *   |               | bytes | bytes |       |       |       |           |
 *   +---------------+-------+-------+-------+-------+-------+-----------+
 *  64                              144                     192          208         508   512
 *   +-------------------------------+-----------------------+------------+-- zero … -+-----+
 *   |      sealed secret            |     lastTerminated    |   inner6   |           |crc32|
 *   +-------------------------------+-----------------------+------------+-----------+-----+
 * ```
 *
 * flags: 1 a session, 2 inner4, 4 inner6, 8 lastTerminated. What is absent is zero, so that a record
 * has exactly one encoding. crc32 covers everything before it.
 *
 * Source: docs/protocol.md, "Flash". Vectors: test/vectors/flash-record.json.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { bytesToHex, hexToBytes, isHex } from '../bytes.ts';
import { fail, ok, type Result } from '../result.ts';
import { formatCidr, parseCidr } from '../wire/cidr.ts';
import { crc32 } from './crc.ts';

export const RECORD_BYTES = 512;
export const SEALED_SECRET_MAX = 80;
export const REASON_MAX = 48;
const FORMAT = 1;
const MAGIC = 0x4a56464c; // "JVFL"
const CRC_AT = RECORD_BYTES - 4;
const FLAG = { session: 1, inner4: 2, inner6: 4, terminated: 8 } as const;
const FLAGS_ALL = 15;

export interface FlashSession {
  /** 16 bytes as 32 lower-case hex digits. Durable before the first ATTACH. */
  readonly sessionId: string;
  /** At most {@link SEALED_SECRET_MAX} bytes from `seal.ts`; empty before the first ATTACHED. */
  readonly sealedSecret: Uint8Array;
  /** Reason code of its end, or null while it lives. */
  readonly lastTerminated: string | null;
  /** As the hub assigned them (`10.77.0.5/32`), so that routes can be restored at boot. */
  readonly inner4: string | null;
  readonly inner6: string | null;
}

export interface FlashRecord {
  /** 1…2^53−1, one more with every write. */
  readonly generation: number;
  /** No state_version above it was ever used. 0…2^53−1. */
  readonly versionCeiling: number;
  /** No WireGuard timestamp above it was ever sent; seconds without TAI64's 2^62. 0…2^53−1. */
  readonly timestampReserved: number;
  /** Version of the policy applied last, 0 for none. */
  readonly policyVersion: number;
  readonly session: FlashSession | null;
}

export type RecordError =
  | 'sizeWrong'
  | 'blank' // never written: all zeros (a new file) or all ones (erased flash)
  | 'magicUnknown'
  | 'checksumWrong'
  | 'formatUnknown' // whole, but written by a newer release
  | 'fieldInvalid';

/** @throws InvariantError if a field is out of range, because only our own code gets here. */
export function encodeRecord(record: FlashRecord): Uint8Array {
  assert(record.generation >= 1, 'generations start at 1');
  const bytes = new Uint8Array(RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint16(4, FORMAT);
  putNumber(view, 8, record.generation);
  putNumber(view, 16, record.versionCeiling);
  putNumber(view, 24, record.timestampReserved);
  putNumber(view, 32, record.policyVersion);
  if (record.session !== null) view.setUint8(6, putSession(bytes, record.session));
  view.setUint32(CRC_AT, crc32(bytes.subarray(0, CRC_AT)));
  return bytes;
}

/** Read a slot, which may hold anything: torn, rotten, of another program. Never throws. */
export function decodeRecord(bytes: Uint8Array): Result<FlashRecord, RecordError> {
  if (bytes.length !== RECORD_BYTES) return fail('sizeWrong');
  if (isUniform(bytes, 0x00) || isUniform(bytes, 0xff)) return fail('blank');
  const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_BYTES);
  if (view.getUint32(0) !== MAGIC) return fail('magicUnknown');
  if (view.getUint32(CRC_AT) !== crc32(bytes.subarray(0, CRC_AT))) return fail('checksumWrong');
  if (view.getUint16(4) !== FORMAT) return fail('formatUnknown');

  const numbers = [8, 16, 24, 32].map((at) => Number(view.getBigUint64(at)));
  const [generation, versionCeiling, timestampReserved, policyVersion] = numbers as [
    number,
    number,
    number,
    number,
  ];
  if (!numbers.every(Number.isSafeInteger) || generation < 1) return fail('fieldInvalid');
  const flags = view.getUint8(6);
  if (flags > FLAGS_ALL || view.getUint8(7) !== 0) return fail('fieldInvalid');
  const session = readSession(bytes, flags);
  if (session === 'invalid') return fail('fieldInvalid');
  const record = { generation, versionCeiling, timestampReserved, policyVersion, session };
  // One record, one encoding: bytes that we would not have written are not ours.
  const again = encodeRecord(record);
  return bytes.every((byte, at) => byte === again[at]) ? ok(record) : fail('fieldInvalid');
}

function putSession(bytes: Uint8Array, session: FlashSession): number {
  const { sessionId, sealedSecret, lastTerminated } = session;
  assert(isHex(sessionId, 16), 'a session id is 16 bytes in hex');
  assert(sealedSecret.length <= SEALED_SECRET_MAX, 'the sealed secret fits');
  bytes.set(hexToBytes(sessionId), 48);
  bytes[40] = sealedSecret.length;
  bytes.set(sealedSecret, 64);
  let flags: number = FLAG.session;
  if (lastTerminated !== null) {
    assert(/^[a-z0-9_]{1,48}$/.test(lastTerminated), 'a reason code is short and plain');
    for (let at = 0; at < lastTerminated.length; at++) {
      bytes[144 + at] = lastTerminated.charCodeAt(at);
    }
    bytes[41] = lastTerminated.length;
    flags |= FLAG.terminated;
  }
  if (session.inner4 !== null) flags |= putInner(bytes, 4, session.inner4);
  if (session.inner6 !== null) flags |= putInner(bytes, 6, session.inner6);
  return flags;
}

function putInner(bytes: Uint8Array, family: 4 | 6, text: string): number {
  const cidr = parseCidr(text);
  assert(cidr.ok && cidr.value.family === family, `an inner IPv${family} address`);
  bytes[family === 4 ? 42 : 43] = cidr.value.prefixBits;
  bytes.set(cidr.value.bytes, family === 4 ? 44 : 192);
  return family === 4 ? FLAG.inner4 : FLAG.inner6;
}

function readSession(bytes: Uint8Array, flags: number): FlashSession | null | 'invalid' {
  if ((flags & FLAG.session) === 0) return flags === 0 ? null : 'invalid';
  const [secretBytes, reasonBytes] = [bytes[40]!, bytes[41]!];
  if (secretBytes > SEALED_SECRET_MAX || reasonBytes > REASON_MAX) return 'invalid';
  const hasReason = (flags & FLAG.terminated) !== 0;
  const reason = String.fromCharCode(...bytes.subarray(144, 144 + reasonBytes));
  if (hasReason !== /^[a-z0-9_]+$/.test(reason) || (!hasReason && reasonBytes > 0)) {
    return 'invalid';
  }
  const inner4 = (flags & FLAG.inner4) === 0 ? null : readInner(bytes.slice(44, 48), bytes[42]!);
  const inner6 = (flags & FLAG.inner6) === 0 ? null : readInner(bytes.slice(192, 208), bytes[43]!);
  if (inner4 === 'invalid' || inner6 === 'invalid') return 'invalid';
  return {
    sessionId: bytesToHex(bytes.subarray(48, 64)),
    sealedSecret: bytes.slice(64, 64 + secretBytes),
    lastTerminated: hasReason ? reason : null,
    inner4,
    inner6,
  };
}

/** Through text and back, so that only what `putInner` would take comes out. */
function readInner(address: Uint8Array, prefixBits: number): string | 'invalid' {
  const family = address.length === 4 ? 4 : 6;
  const text = formatCidr({ family, bytes: address, prefixBits });
  const cidr = parseCidr(text);
  return cidr.ok && cidr.value.family === family ? text : 'invalid';
}

function putNumber(view: DataView, at: number, value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, 'a counter is 0…2^53−1');
  view.setBigUint64(at, BigInt(value));
}

const isUniform = (bytes: Uint8Array, value: number) => bytes.every((byte) => byte === value);
