/**
 * How long a run of misses has to be before it is a verdict: that depends on what there is to go to.
 *
 * Source: docs/protocol.md, "Liveness". Why: docs/decisions/0017-questions-beside-data.md.
 *
 * @module
 */
import { answeredFromMs } from '../liveness/answered.ts';
import { HEARD_PAUSE_MS } from '../liveness/liveness.ts';
import { swayMs } from '../liveness/rtt.ts';
import { coveredMs, isHeardThroughout, streamSilentMs } from '../liveness/verdict.ts';
import { costOf } from './choice.ts';
import { isOnlyDead, isOnlyLink, LONELY_RUN_MIN_MS } from './onlyLink.ts';
import type { Transport } from './state.ts';
import type { Turn } from './turn.ts';

/**
 * Misses over less than this have one cause: a queue that overflowed, a radio that was away for 45 ms (chosen).
 * One that is away both ways takes the answers under way with it, and so a round trip's questions more.
 */
const RUN_MIN_MS = 50;
const RUN_UNDER_WAY_MAX_MS = 42;
/** What is heard all the while excludes that, and leaves one direction to be away … */
const ONE_WAY_RUN_MIN_MS = 46;
/** … or to have become slower by 60 ms: an answer that much later ends the run (chosen). */
const ONE_WAY_JUMP_MS = 60;
/** As long as such a radio is away, and as a stream may pause by itself: a stream that is silent longer was cut. */
const STREAM_SILENT_MIN_MS = 45 + HEARD_PAUSE_MS;

/** Whether the run of misses is no accident: that depends on what there is to go to. */
export function isLongEnough(turn: Turn, active: Transport): boolean {
  const { liveness } = active;
  const refugeMs = refugeSinceMs(turn, active);
  if (refugeMs === null) {
    if (isOnlyLink(turn, active)) return isOnlyDead(turn, active);
  } else if (refugeMs === 0 && streamSilentMs(liveness, turn.nowMs) >= STREAM_SILENT_MIN_MS)
    return true;
  return coveredMs(liveness, refugeMs ?? 0) >= runMinMs(turn, active);
}

/** How long a run of misses has to be in time before it is a verdict. */
export function runMinMs(turn: Turn, active: Transport): number {
  if (!hasRefuge(turn, active)) return LONELY_RUN_MIN_MS;
  const { liveness } = active;
  const { rtt } = liveness;
  if (isHeardThroughout(liveness, turn.nowMs))
    return Math.max(ONE_WAY_RUN_MIN_MS, ONE_WAY_JUMP_MS - (rtt === null ? 0 : swayMs(rtt)));
  const srttMs = rtt?.srttMs ?? RUN_UNDER_WAY_MAX_MS;
  return RUN_MIN_MS + Math.min(srttMs, RUN_UNDER_WAY_MAX_MS);
}

const hasRefuge = (turn: Turn, active: Transport) => refugeSinceMs(turn, active) !== null;

/**
 * From when on misses speak of the binding alone, milliseconds; null: there is nowhere to go.
 *
 * ◆ Another endpoint over the same link shares its fate, unless it answered what it was asked in the row: then the link is
 * back, and what the binding was asked from there on is what counts.
 */
function refugeSinceMs({ draft, config }: Turn, active: Transport): number | null {
  const sinceMs = active.liveness.unansweredSinceMs ?? Number.POSITIVE_INFINITY;
  let firstMs: number | null = null;
  for (const other of draft.transports) {
    const { transportId, linkName, unusable, liveness } = other;
    if (transportId === draft.activeId || unusable !== null || liveness.missedInRow >= 2) continue;
    if (costOf(other, config) === 'never') continue;
    if (linkName !== active.linkName) return 0;
    const fromMs = answeredFromMs(liveness, sinceMs);
    if (fromMs !== null) firstMs = Math.min(firstMs ?? fromMs, fromMs);
  }
  return firstMs;
}
