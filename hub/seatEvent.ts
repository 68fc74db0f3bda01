/**
 * Audit events about a seat that the seat itself cannot tell: turned away at the door, broken, or ended
 * in the store from outside.
 *
 * @module
 */
import type { AuditEvent } from '../session/audit.ts';
import type { SessionRecord } from '../session/hub/record.ts';
import type { Seat } from '../session/hub/seat.ts';
import { isLive } from '../session/hub/state.ts';
import type { ReasonCode } from '../session/reasons.ts';

export function seatEvent(
  { record, hubSeq }: Seat,
  device: string,
  event: AuditEvent['event'],
  reasonCode: ReasonCode,
  atMs: number,
  detail: AuditEvent['detail'],
): AuditEvent {
  return {
    event,
    atMs,
    reasonCode,
    device,
    sessionId: record?.sessionId ?? null,
    from: null,
    to: null,
    stateVersion: record?.stateVersion ?? 0,
    hubSeq,
    ownerEpoch: record?.ownerEpoch ?? 0,
    transport: null,
    detail,
  };
}

/**
 * The transition of a session whose end was written past its seat, as `record` says; null where `seat`
 * told it already, or had no such session. Without it the log would show no end (I8).
 */
export function endEvent(
  seat: Seat,
  record: SessionRecord | null,
  device: string,
  atMs: number,
): AuditEvent | null {
  const { record: before, state } = seat;
  if (!isLive(before) || state === null || record === null) return null;
  if (record.terminated === null || record.sessionId !== before.sessionId) return null;
  const detail = { by: 'store' };
  return {
    ...seatEvent(seat, device, 'transition', record.terminated, atMs, detail),
    from: state,
    to: 'TERMINATED',
    stateVersion: record.stateVersion,
    hubSeq: Math.max(record.hubSeq, seat.hubSeq + 1),
    ownerEpoch: record.ownerEpoch,
  };
}
