/**
 * What a device must not forget of signed documents, as one slot of fixed size. Integers big-endian.
 *
 * ```text
 *   0        4      6       8                16        20       24                             32768
 *   +--------+------+-------+----------------+---------+--------+--------------------------------+
 *   | "JVPP" |format| zero  |   generation   |  bytes  | crc32  |  content, then anything        |
 *   +--------+------+-------+----------------+---------+--------+--------------------------------+
 * ```
 *
 * The content is one map in the encoding of `cbor.ts`: 1 the confirmed policy, 2 the one on trial, 3 the emergency (whole
 * documents, or null); 4 floors, each an array of kind, target (as in a document) and version; 5 successors, each an array of the key, who named
 * it and whether it has shown itself; 6 retired keys, each an array of its id and of who named it (or null); 7 the latest `not
 * before` of a document that was taken, 8 that of an emergency, seconds; 9 true: the emergency is over (else left out, as by earlier releases). crc32 covers the 20 bytes before it and the content.
 *
 * A record of its own in slots of its own: what it takes to write it must never touch the one that I4 rests on.
 *
 * @module
 */
import { assert } from '../../session/assert.ts';
import { bytesToHex, concatBytes, hexToBytes } from '../../session/bytes.ts';
import { crc32 } from '../../session/flash/crc.ts';
import {
  NOT_ROTATED,
  PUBLIC_KEY_BYTES,
  RETIRED_MAX,
  type Retired,
  type Rotated,
  type Successor,
} from './anchors.ts';
import { type Cbor, type CborMap, decodeCbor, encodeCbor } from './cbor.ts';
import { encodeTarget, KINDS, type Kind, readTarget, type Target } from './claims.ts';
import { DOCUMENT_BYTES_MAX, KEY_ID_BYTES } from './envelope.ts';

/** Three documents, and tables that are full. */
export const PUSH_RECORD_BYTES = 32_768;
/** Kinds of documents times targets that this device has had (chosen). */
export const FLOORS_MAX = 32;
const FORMAT = 1;
const MAGIC = 0x4a565050; // "JVPP"
const CRC_AT = 20;
const CONTENT_AT = 24;
const KEY = {
  confirmed: 1,
  pending: 2,
  emergency: 3,
  floors: 4,
  successors: 5,
  retired: 6,
  sinceS: 7,
  emergencySinceS: 8,
  isEmergencyOver: 9,
} as const;

/** The highest version that was taken of one kind for one target. */
export interface Floor {
  readonly kind: Kind;
  readonly target: Target;
  readonly version: number;
}

export interface PushRecord {
  /** The document of the policy that proved itself last; null: that of the configuration. */
  readonly confirmed: Uint8Array | null;
  /** The document of a policy on trial. Found at a start, the trial has failed. */
  readonly pending: Uint8Array | null;
  readonly emergency: Uint8Array | null;
  /** A clock that was known said so, and none has said otherwise since: only such a one begins it again. False without one. */
  readonly isEmergencyOver: boolean;
  readonly floors: readonly Floor[];
  readonly rotated: Rotated;
  /** It is at least that late, as the newest signed document says; 0: none was taken. Seconds since 1970. */
  readonly sinceS: number;
  /** `not before` of the newest emergency that was taken, for whatever target; 0: none was. Seconds since 1970. */
  readonly emergencySinceS: number;
}

export const NOTHING_PUSHED: PushRecord = {
  confirmed: null,
  pending: null,
  emergency: null,
  isEmergencyOver: false,
  floors: [],
  rotated: NOT_ROTATED,
  sinceS: 0,
  emergencySinceS: 0,
};

/** @throws InvariantError where a table is longer than it may be. */
export function encodePushRecord(record: PushRecord, generation: number): Uint8Array {
  const { confirmed, pending, emergency, floors, rotated, sinceS, emergencySinceS } = record;
  for (const document of [confirmed, pending, emergency]) {
    assert((document?.length ?? 0) <= DOCUMENT_BYTES_MAX, 'a document fits its part of the slot');
  }
  // What is longer would be read as nothing, in both slots.
  assert(floors.length <= FLOORS_MAX, 'floors have a bound');
  assert(rotated.successors.length <= RETIRED_MAX, 'successors have a bound');
  assert(rotated.retired.length <= RETIRED_MAX, 'retired keys have a bound');
  const content = encodeCbor(
    new Map<number, Cbor>([
      [KEY.confirmed, confirmed],
      [KEY.pending, pending],
      [KEY.emergency, emergency],
      [
        KEY.floors,
        floors.map(({ kind, target, version }) => [KINDS[kind], encodeTarget(target), version]),
      ],
      [
        KEY.successors,
        rotated.successors.map(({ publicKey, namedBy, hasShown }) => [
          publicKey,
          hexToBytes(namedBy),
          hasShown,
        ]),
      ],
      [
        KEY.retired,
        rotated.retired.map(({ keyId, namedBy }) => [
          hexToBytes(keyId),
          namedBy === null ? null : hexToBytes(namedBy),
        ]),
      ],
      [KEY.sinceS, sinceS],
      [KEY.emergencySinceS, emergencySinceS],
      ...(record.isEmergencyOver ? [[KEY.isEmergencyOver, true] as const] : []),
    ]),
  );
  assert(content.length <= PUSH_RECORD_BYTES - CONTENT_AT, 'the record fits its slot');
  const bytes = new Uint8Array(PUSH_RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint16(4, FORMAT);
  view.setBigUint64(8, BigInt(generation));
  view.setUint32(16, content.length);
  bytes.set(content, CONTENT_AT);
  view.setUint32(CRC_AT, sumOf(bytes, CONTENT_AT + content.length));
  return bytes;
}

const sumOf = (bytes: Uint8Array, end: number) =>
  crc32(concatBytes(bytes.subarray(0, CRC_AT), bytes.subarray(CONTENT_AT, end)));

export interface ReadPushRecord {
  readonly record: PushRecord;
  readonly generation: number;
}

/** Read a slot, which may hold anything; null for what is none of ours. Never throws. */
export function decodePushRecord(bytes: Uint8Array): ReadPushRecord | null {
  if (bytes.length !== PUSH_RECORD_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, PUSH_RECORD_BYTES);
  if (view.getUint32(0) !== MAGIC || view.getUint32(4) !== FORMAT << 16) return null;
  const generation = Number(view.getBigUint64(8));
  const end = CONTENT_AT + view.getUint32(16);
  if (!Number.isSafeInteger(generation + 2) || end > PUSH_RECORD_BYTES) return null;
  if (view.getUint32(CRC_AT) !== sumOf(bytes, end)) return null;
  const content = decodeCbor(bytes.subarray(CONTENT_AT, end));
  const record = content instanceof Map ? readContent(content as CborMap) : null;
  return record === null ? null : { record, generation };
}

/** What a slot says, without its generation. The slot is a whole one. */
export function contentOf(slot: Uint8Array): Uint8Array {
  const view = new DataView(slot.buffer, slot.byteOffset, PUSH_RECORD_BYTES);
  return slot.subarray(CONTENT_AT, CONTENT_AT + view.getUint32(16));
}

function readContent(content: CborMap): PushRecord | null {
  const isEmergencyOver = content.get(KEY.isEmergencyOver) ?? false;
  const keys = Object.keys(KEY).length - (isEmergencyOver === true ? 0 : 1);
  if (content.size !== keys) return null;
  const documents = [KEY.confirmed, KEY.pending, KEY.emergency].map((key) => content.get(key));
  const floors = rowsOf(content.get(KEY.floors), FLOORS_MAX, readFloor);
  const successors = rowsOf(content.get(KEY.successors), RETIRED_MAX, readSuccessor);
  const retired = rowsOf(content.get(KEY.retired), RETIRED_MAX, readRetired);
  const sinceS = content.get(KEY.sinceS);
  const emergencySinceS = content.get(KEY.emergencySinceS);
  if (!documents.every(isDocument) || !isCount(sinceS) || !isCount(emergencySinceS)) return null;
  if (floors === null || successors === null || retired === null) return null;
  const [confirmed, pending, emergency] = documents as (Uint8Array | null)[];
  return {
    confirmed: confirmed ?? null,
    pending: pending ?? null,
    emergency: emergency ?? null,
    isEmergencyOver: isEmergencyOver === true,
    floors,
    rotated: { successors, retired },
    sinceS,
    emergencySinceS,
  };
}

const isDocument = (value: unknown) =>
  value === null || (value instanceof Uint8Array && value.length <= DOCUMENT_BYTES_MAX);

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0;

function rowsOf<Row>(
  value: Cbor | undefined,
  countMax: number,
  read: (row: unknown) => Row | null,
): readonly Row[] | null {
  if (!Array.isArray(value) || value.length > countMax) return null;
  const rows = value.map(read);
  return rows.includes(null) ? null : (rows as Row[]);
}

function readFloor(row: unknown): Floor | null {
  if (!Array.isArray(row) || row.length !== 3) return null;
  const kind = (Object.keys(KINDS) as Kind[]).find((one) => KINDS[one] === row[0]);
  const target = readTarget(row[1]);
  const version: unknown = row[2];
  return kind === undefined || target === null || !isCount(version)
    ? null
    : { kind, target, version };
}

function readSuccessor(row: unknown): Successor | null {
  if (!Array.isArray(row) || row.length !== 3) return null;
  const [publicKey, namer, hasShown]: unknown[] = row;
  if (!(publicKey instanceof Uint8Array) || publicKey.length !== PUBLIC_KEY_BYTES) return null;
  const namedBy = readKeyId(namer);
  return namedBy === null || typeof hasShown !== 'boolean'
    ? null
    : { publicKey, namedBy, hasShown };
}

function readRetired(row: unknown): Retired | null {
  if (!Array.isArray(row) || row.length !== 2) return null;
  const keyId = readKeyId(row[0]);
  const namedBy = row[1] === null ? null : readKeyId(row[1]);
  return keyId === null || (namedBy === null && row[1] !== null) ? null : { keyId, namedBy };
}

function readKeyId(value: unknown): string | null {
  const isKeyId = value instanceof Uint8Array && value.length === KEY_ID_BYTES;
  return isKeyId ? bytesToHex(value) : null;
}
