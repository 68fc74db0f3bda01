/**
 * What the misses in a row on one transport amount to: doubt, death, or the death of one direction.
 *
 * A verdict needs misses in a row that chance does not explain: with round-trip loss p (at least
 * 1 %), k misses count as death when p^k < 1e-9 and k reaches the policy's floor; or two seconds of
 * probed silence. While answers arrive there is no such verdict (docs/protocol.md, "Liveness").
 *
 * Misses close to each other have one cause (a full queue, a radio that is silent for 50 ms), so whoever acts on a verdict
 * also asks how long the row is in time ({@link coveredMs}).
 *
 * @module
 */
import { HEARD_PAUSE_MS, type Liveness, type Outcome, SILENCE_MAX_MS } from './liveness.ts';

export type Verdict = 'alive' | 'doubt' | 'dead' | 'dead_one_way';

/** Chance of a false verdict that we accept per run of misses. */
const FALSE_VERDICT_MAX = 1e-9;
const LOSS_MIN = 0.01;
/** Loss that has just begun is seen in the newest outcomes first: half a second of the busiest cadence (chosen). */
const LATELY = 40;
/** What has come so long without a pause goes on, as far as anybody can tell (chosen). */
const STREAM_MIN_MS = 200;

/** What the misses amount to. `deadAfterMissed` is the policy's floor, 2…. */
export function verdictOf(liveness: Liveness, atMs: number, deadAfterMissed: number): Verdict {
  if (liveness.missedInRow === 0) return 'alive';
  const needed = missesNeeded(liveness, deadAfterMissed);
  const silentMs = liveness.unansweredSinceMs === null ? 0 : atMs - liveness.unansweredSinceMs;
  const isSilent = silentMs >= SILENCE_MAX_MS && liveness.missedInRow >= deadAfterMissed;
  if (liveness.missedInRow < needed && !isSilent) return 'doubt';
  if (isJustBack(liveness, atMs, needed)) return 'doubt';
  return isHeardInDoubt(liveness) ? 'dead_one_way' : 'dead';
}

/**
 * Whether a silence both ways has just ended: what was asked in it says nothing of the way out.
 *
 * Over as soon as `needed` questions from after it were missed as well, or have not been answered for as long as silence may last.
 */
function isJustBack({ heardAgainAtMs, late }: Liveness, atMs: number, needed: number): boolean {
  if (heardAgainAtMs === null || atMs - heardAgainAtMs >= SILENCE_MAX_MS) return false;
  let missed = 0;
  for (const { sentAtMs: sent } of late) if (sent >= heardAgainAtMs) missed += 1;
  return missed < needed;
}

/** From the sending of the first probe of the run of misses, but not before `fromMs`, to that of its newest: 0 without a run. */
export function coveredMs({ unansweredSinceMs, missedSentAtMs }: Liveness, fromMs = 0): number {
  if (unansweredSinceMs === null || missedSentAtMs === null) return 0;
  return Math.max(0, missedSentAtMs - Math.max(unansweredSinceMs, fromMs));
}

/** Whether the peer has been arriving ever since before the first probe of the run was sent, without a pause. */
export function isHeardThroughout(liveness: Liveness, atMs: number): boolean {
  const { heardAtMs, heardSinceMs, unansweredSinceMs } = liveness;
  if (heardAtMs === null || heardSinceMs === null || unansweredSinceMs === null) return false;
  return heardSinceMs <= unansweredSinceMs && atMs - heardAtMs < HEARD_PAUSE_MS;
}

/**
 * For how long nothing has come of what had been coming without a pause; 0 where nothing was.
 *
 * Such silence begins with the cut, whereas misses begin with what was asked a round trip before it.
 */
export function streamSilentMs({ heardAtMs, heardSinceMs }: Liveness, atMs: number): number {
  if (heardAtMs === null || heardSinceMs === null) return 0;
  return heardAtMs - heardSinceMs < STREAM_MIN_MS ? 0 : atMs - heardAtMs;
}

/** Whether the peer went on arriving after an answer was overdue: what was under way when both fell silent is no sign. */
function isHeardInDoubt(liveness: Liveness): boolean {
  const { heardAtMs, unansweredSinceMs, doubtedSinceMs, rtt } = liveness;
  if (heardAtMs === null || unansweredSinceMs === null || doubtedSinceMs === null) return false;
  return heardAtMs > Math.max(doubtedSinceMs, unansweredSinceMs + (rtt?.srttMs ?? 0));
}

/** How many misses in a row chance does not explain on this transport. */
export function missesNeeded(liveness: Liveness, deadAfterMissed: number): number {
  // The run under judgement must not raise the loss it is judged by.
  const settled = liveness.outcomes.slice(
    0,
    Math.max(0, liveness.outcomes.length - liveness.missedInRow),
  );
  const loss = Math.min(0.9, Math.max(LOSS_MIN, lossOf(settled), lossOf(settled.slice(-LATELY))));
  const byChance = Math.floor(Math.log(FALSE_VERDICT_MAX) / Math.log(loss)) + 1;
  return Math.max(deadAfterMissed, byChance);
}

function lossOf(outcomes: readonly Outcome[]): number {
  if (outcomes.length < 10) return 0;
  return outcomes.filter((outcome) => outcome.wasMissed).length / outcomes.length;
}
