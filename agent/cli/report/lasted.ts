/**
 * How long it was between two events of one daemon. Pure.
 *
 * By its monotonic clock, which no correction of the wall clock moves, unless the machine was started again in between:
 * then that clock began anew, and only the wall clock went on. That it stands lower than before shows this, but it need not:
 *
 * ```text
 *   uptime 10 s: ATTACHED    three days off    uptime 20 s: agent_restarted
 * ```
 *
 * @module
 */

import type { AuditRecord } from '../../../session/invariants/stream/record.ts';
import { isRestart } from '../../../session/invariants/watchedEvent.ts';

/** An event, and its wall clock in ms since 1970. */
export interface Moment {
  readonly record: AuditRecord;
  readonly wallMs: number;
}

/** A wall clock that is ahead of the monotonic one by no more was corrected (chosen). */
const CORRECTION_MAX_MS = 60_000;

/** In ms, 0 or more; `to` is the event of the same daemon that follows `from`. */
export function lastedMs(from: Moment, to: Moment): number {
  const monotonicMs = to.record.atMs - from.record.atMs;
  return isOtherBoot(from, to) ? Math.max(0, to.wallMs - from.wallMs) : monotonicMs;
}

function isOtherBoot(from: Moment, to: Moment): boolean {
  const wallMs = to.wallMs - from.wallMs;
  const monotonicMs = to.record.atMs - from.record.atMs;
  if (monotonicMs < 0) return true;
  if (!isFirstOfProcess(to.record)) return false;
  // A machine that was started after `from` has not been up for longer than it is since then.
  return wallMs - monotonicMs > CORRECTION_MAX_MS && wallMs >= to.record.atMs;
}

/** What a daemon says first of a device; a new session may also follow another one within a process. */
const isFirstOfProcess = (record: AuditRecord) =>
  isRestart(record, 'agent_restarted') ||
  isRestart(record, 'hub_restarted') ||
  (record.event === 'notice' && record.reasonCode === 'session_created') ||
  (record.event === 'alarm' && record.reasonCode === 'flash_lost');
