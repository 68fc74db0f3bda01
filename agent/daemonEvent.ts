/**
 * What the daemon says itself, beside the session's own events.
 *
 * @module
 */
import type { AuditEvent } from '../session/audit.ts';
import type { Remembered } from '../session/device/event.ts';

/**
 * It takes no version of its own (I4): it has that of the newest event in the log. The ceiling on flash is above what the session uses
 * next, once the session lives; before its first event nothing is.
 *
 * @param newestVersion `state_version` of the newest line of this process; left out: there is none yet.
 */
export function daemonEvent(
  said: Pick<AuditEvent, 'event' | 'atMs' | 'reasonCode' | 'device' | 'detail'>,
  remembered: Pick<Remembered, 'sessionId' | 'versionCeiling'> | null,
  newestVersion?: number,
): AuditEvent {
  return {
    ...said,
    sessionId: remembered?.sessionId ?? null,
    from: null,
    to: null,
    stateVersion: newestVersion ?? remembered?.versionCeiling ?? 0,
    hubSeq: 0,
    ownerEpoch: 0,
    transport: null,
  };
}
