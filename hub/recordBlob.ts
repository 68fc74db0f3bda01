/**
 * A session's record as the bytes that lie in the database, and back.
 *
 * CBOR by cbor-x. The database is ours, but disks rot and people edit: bytes that are no record are
 * null, never a half-read session.
 *
 * @module
 */
import { Encoder } from 'cbor-x';
import type { SessionRecord } from '../session/hub/record.ts';

const codec = new Encoder({ useRecords: false, tagUint8Array: false });

/** What each field must look like; also the list of fields. */
const SHAPE: Readonly<Record<keyof SessionRecord, (value: unknown) => boolean>> = {
  device: isText,
  revision: isCount,
  sessionId: isText,
  previousSessionId: orNull(isText),
  terminated: orNull(isText),
  stateVersion: isCount,
  claim: (value) => typeof value === 'object' && value !== null,
  claimKind: isText,
  claimPurpose: isText,
  hasRenewedKeys: (value) => typeof value === 'boolean',
  transportId: isCount,
  linkKind: isText,
  linkName: isText,
  owner: isText,
  ownerEpoch: isCount,
  hubSeq: isCount,
  secret: isBytes,
  previousSecret: orNull(isBytes),
  memoryKey: isBytes,
  predecessorMemoryKey: orNull(isBytes),
  inner4: orNull(isText),
  inner6: orNull(isText),
  cipher: isText,
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

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isTime(value: unknown): boolean {
  return Number.isFinite(value);
}

function isBytes(value: unknown): boolean {
  return value instanceof Uint8Array && value.length === 32;
}

function orNull(holds: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => value === null || holds(value);
}
