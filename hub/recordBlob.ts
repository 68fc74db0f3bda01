/**
 * A session's record as the bytes that lie in the database, and back.
 *
 * CBOR by cbor-x. The database is ours, but disks rot and people edit: bytes that are no record are
 * null, never a half-read session.
 *
 * @module
 */
import { Encoder } from 'cbor-x/encode';
import { isHex } from '../session/bytes.ts';
import type { SessionRecord } from '../session/hub/record.ts';
import { isReasonCode } from '../session/reasons.ts';
import { CLAIM_PURPOSE, DATA_CIPHER, LINK_KIND } from '../session/wire/frames.ts';

/** Far above what a hub counts to in its life, and far enough below 2^53 that counting on from it is exact. */
const SEQUENCE_MAX = 2 ** 52;
/** The greatest time there is (ECMA-262 §21.4.1.1); with it the age of a session stays exact as well. */
const TIME_MAX_MS = 8.64e15;

const codec = new Encoder({ useRecords: false, tagUint8Array: false });

/** What each field must look like; also the list of fields. */
const SHAPE: Readonly<Record<keyof SessionRecord, (value: unknown) => boolean>> = {
  device: isText,
  revision: isSequence,
  sessionId: isId,
  previousSessionId: orNull(isId),
  terminated: orNull((value) => typeof value === 'string' && isReasonCode(value)),
  stateVersion: isCount,
  claim: isClaim,
  claimKind: (value) => value === 'attach' || value === 'reattach',
  claimPurpose: oneOf(CLAIM_PURPOSE),
  hasRenewedKeys: (value) => typeof value === 'boolean',
  transportId: isCount,
  linkKind: oneOf(LINK_KIND),
  linkName: isText,
  owner: isText,
  ownerEpoch: isSequence,
  hubSeq: isSequence,
  secret: isBytes,
  previousSecret: orNull(isBytes),
  memoryKey: isBytes,
  predecessorMemoryKey: orNull(isBytes),
  inner4: orNull(isText),
  inner6: orNull(isText),
  cipher: oneOf(DATA_CIPHER),
  createdAtMs: isTime,
  transportlessSinceMs: orNull(isTime),
  recoveringSinceMs: orNull(isTime),
  switchedAtMs: (value) => Array.isArray(value) && value.every(isTime),
};

export function encodeRecord(record: SessionRecord): Uint8Array {
  return Uint8Array.from(codec.encode(record));
}

export function decodeRecord(bytes: Uint8Array): SessionRecord | null {
  let value: unknown;
  try {
    value = codec.decode(bytes);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Record<string, unknown>;
  const isWhole = Object.entries(SHAPE).every(([name, holds]) => holds(fields[name]));
  if (!isWhole) return null;
  const plain = Object.entries(fields).map(([name, field]) => [
    name,
    field instanceof Uint8Array ? Uint8Array.from(field) : field,
  ]);
  return Object.fromEntries(plain) as SessionRecord;
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isId(value: unknown): boolean {
  return typeof value === 'string' && isHex(value, 16);
}

function isClaim(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { sessionId, stateVersion, transportId, nonce } = value as Record<string, unknown>;
  return isId(sessionId) && isCount(stateVersion) && isCount(transportId) && isText(nonce);
}

function oneOf(table: Readonly<Record<string, unknown>>): (value: unknown) => boolean {
  return (value) => typeof value === 'string' && Object.hasOwn(table, value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** What the hub itself goes on counting from. */
function isSequence(value: unknown): boolean {
  return isCount(value) && Number(value) <= SEQUENCE_MAX;
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= TIME_MAX_MS;
}

function isBytes(value: unknown): boolean {
  return value instanceof Uint8Array && value.length === 32;
}

function orNull(holds: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => value === null || holds(value);
}
