/**
 * Which of the record's keys a claimant proves to hold.
 *
 * ◆ The memory key never lies on flash, so whoever proves it (or the key of the process before it)
 * is no copy of a disk. A flash secret proves no more than possession of a disk image.
 *
 * @module
 */
import { claimBytes, isProven } from '../proof.ts';
import type { Attach, Reattach } from '../wire/frames.ts';
import type { SeatLimits } from './limits.ts';
import type { SessionRecord } from './record.ts';
import type { Seat, Shown } from './state.ts';

const FOR_REATTACH = ['memoryKey', 'predecessor'] as const;
const FOR_ATTACH = ['secret', 'previousSecret', 'memoryKey', 'predecessor'] as const;

export function shownBy(
  record: SessionRecord,
  frame: Attach | Reattach,
  handshakeHash: Uint8Array,
): Shown | null {
  const what = claimBytes(frame.claim);
  const allowed: readonly Shown[] = frame.type === 'attach' ? FOR_ATTACH : FOR_REATTACH;
  for (const shown of allowed) {
    if (isProven(frame.type, keyOf(record, shown), handshakeHash, what, frame.proof)) return shown;
  }
  return null;
}

export function keyOf(record: SessionRecord, shown: Shown): Uint8Array | null {
  return shown === 'predecessor' ? record.predecessorMemoryKey : record[shown];
}

export function isMemory(shown: Shown | null): boolean {
  return shown === 'memoryKey' || shown === 'predecessor';
}

/** Whether the newest keys went to a process that had proven the predecessor's key: it is that one's own. */
export function isPredecessorSelf(record: SessionRecord): boolean {
  return record.claimKind === 'reattach' && record.hasRenewedKeys;
}

/**
 * Whether the session was opened without any proof, not long ago, and nobody has used its keys since.
 *
 * Then its random id, which has only ever travelled inside the device's channels, is proof enough:
 * otherwise a device whose very first ATTACHED was lost would be locked out of its own session. Not
 * for longer than such a device goes on asking: ids are shown to people, and a restarted hub has
 * forgotten who used the keys.
 */
export function isUnconfirmedBirth(
  record: SessionRecord,
  { isConfirmed, nowMs }: Pick<Seat, 'isConfirmed' | 'nowMs'>,
  { birthDeadlineMs }: SeatLimits,
): boolean {
  const isYoung = nowMs - record.createdAtMs < birthDeadlineMs;
  return record.claimKind === 'attach' && record.previousSecret === null && isYoung && !isConfirmed;
}
