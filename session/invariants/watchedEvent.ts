/**
 * An audit event as the watches take it: from a running machine, or read back from a log, whose reason codes may be
 * unknown to this version.
 *
 * @module
 */
import type { AuditEvent } from '../audit.ts';

export type WatchedEvent = Omit<AuditEvent, 'reasonCode'> & { readonly reasonCode: string };

/** A claim repeats the reason of what led to it, so the reason alone does not tell a restart. */
export function isRestart(
  event: Pick<WatchedEvent, 'event' | 'reasonCode'>,
  reasonCode: 'agent_restarted' | 'hub_restarted',
): boolean {
  return event.event === 'notice' && event.reasonCode === reasonCode;
}
