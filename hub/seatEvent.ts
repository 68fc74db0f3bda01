/**
 * Audit events about a seat that the seat itself cannot tell: turned away at the door, or broken.
 *
 * @module
 */
import type { AuditEvent } from '../session/audit.ts';
import type { Seat } from '../session/hub/seat.ts';
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
