/**
 * When a seat has to act although nothing arrives.
 *
 * All deadlines are fields of the seat or follow from its record and the policy; the shell arms one
 * timer for the earliest, and a tick too early is harmless.
 *
 * @module
 */
import type { SeatConfig } from './limits.ts';
import type { SessionRecord } from './record.ts';
import { isLive, type Seat } from './state.ts';
import { mayOwn } from './takeover.ts';

export const MINUTE_MS = 60_000;
/** Carrying for so long proves the binding: the transport TTL starts anew (docs/protocol.md). */
export const PROVEN_BINDING_MS = 10_000;
/** However late a device says that it looks. The longest pause that a policy allows, and the verdict. */
const NOTICE_MAX_MS = 86_402_000;
/** Session TTLs are shortened by up to this, so that a fleet does not expire at once. */
const TTL_JITTER_PERCENT = 10;

/** The session's end, jittered by its own random id. */
export function sessionEndsAtMs(record: SessionRecord, { limits }: SeatConfig): number {
  const fraction = Number.parseInt(record.sessionId.slice(0, 8), 16) / 0x1_0000_0000;
  const jitterMs = Math.floor((limits.sessionTtlMs * TTL_JITTER_PERCENT * fraction) / 100);
  return record.createdAtMs + limits.sessionTtlMs - jitterMs;
}

/** Whether a session that is ours to end has outlived its TTL, and nobody has begun to end it. */
export function isOver(seat: Seat, atMs: number, config: SeatConfig): boolean {
  const { record, isOwner, isLeaseValid, ending } = seat;
  if (!isLive(record) || !isOwner || !isLeaseValid || ending !== null) return false;
  return sessionEndsAtMs(record, config) <= atMs;
}

/** When the transport TTL runs out, or null while there is a binding. */
export function transportEndsAtMs(seat: Seat, { limits }: SeatConfig): number | null {
  if (seat.state !== 'RECOVERING' || seat.transportlessSinceMs === null) return null;
  return seat.transportlessSinceMs + limits.transportTtlMs;
}

export function recoveryEndsAtMs(seat: Seat, { limits }: SeatConfig): number | null {
  if (seat.state !== 'RECOVERING' || seat.recoveringSinceMs === null) return null;
  return seat.recoveringSinceMs + limits.recoveryWindowMs;
}

/**
 * ◆ When silence is a verdict: not before the device can know of it, or its session would end behind its back.
 */
export function silenceAtMs(seat: Seat, { limits }: SeatConfig): number | null {
  if (seat.state !== 'ATTACHED') return null;
  const noticeMs = Math.min(seat.noticeMs ?? 0, NOTICE_MAX_MS);
  return seat.heardAtMs + Math.max(limits.silenceMs, noticeMs);
}

/** Silent for long enough to be said in answers, whether or not that is the verdict already. */
export function isQuiet(seat: Seat, { limits }: SeatConfig): boolean {
  return seat.nowMs - seat.heardAtMs >= limits.silenceMs;
}

/** When the binding counts as proven and the transport TTL is reset. */
export function provenAtMs(seat: Seat): number | null {
  if (seat.state !== 'ATTACHED' || seat.transportlessSinceMs === null) return null;
  return seat.carryingSinceMs === null ? null : seat.carryingSinceMs + PROVEN_BINDING_MS;
}

/** Whether a claim may be judged now. */
export function isFree(seat: Seat): boolean {
  return seat.isOwner && seat.isLeaseValid && seat.swap === null && seat.ending === null;
}

/** Whether our epoch still has to be put into the record. */
export function isOwnershipDue(seat: Seat, config: SeatConfig): boolean {
  return seat.isLeaseValid && !seat.isOwner && seat.swap === null && mayOwn(seat, config);
}

/** The earliest of all deadlines; null if only the outside world can move us. */
export function deadlineOf(seat: Seat, config: SeatConfig): number | null {
  const { swap, pending, trial, record } = seat;
  const armed: (number | null | undefined)[] = [
    swap?.repeatAtMs,
    isOwnershipDue(seat, config) ? seat.nowMs : null,
    pending === null ? null : pending.isAsked ? null : pending.askAtMs,
    pending?.isAsked === true && isFree(seat) ? pending.deadlineAtMs : null,
    pending?.question?.repeatAtMs,
    trial === null ? null : trial.isDecidable ? trial.expireAtMs : trial.decideAtMs,
    trial?.incumbent?.repeatAtMs,
    ...(trial?.answered === null ? trial.candidates.map(({ repeatAtMs }) => repeatAtMs) : []),
  ];
  // What another hub does with the session is not ours to bound.
  if (isLive(record) && seat.isOwner && seat.isLeaseValid && seat.ending === null) {
    armed.push(
      sessionEndsAtMs(record, config),
      transportEndsAtMs(seat, config),
      recoveryEndsAtMs(seat, config),
      silenceAtMs(seat, config),
      provenAtMs(seat),
    );
  }
  const due = armed.filter((atMs) => typeof atMs === 'number');
  return due.length === 0 ? null : Math.min(...due);
}
