/**
 * Patience with the only link there is: what silence means where nobody waits elsewhere.
 *
 * Giving it up gains nothing but held data, and a delay that jumped looks like silence until the first answer
 * comes. So the verdict waits, and what a death would have brought along is done without one: fresh keys, in case the
 * hub has lost ours, and sending again what the silence swallowed.
 *
 * Why: docs/decisions/0021-patience-with-the-only-link.md.
 *
 * @module
 */
import { coveredMs } from '../liveness/verdict.ts';
import { carriesData } from '../transitions.ts';
import { costOf } from './choice.ts';
import { mayClaim, openClaim } from './claims.ts';
import type { Transport } from './state.ts';
import type { Turn } from './turn.ts';

/** So long without an answer is the death of the only link: as long as anything is sent again by default (chosen). */
const ONLY_SILENCE_MS = 2_000;
/** From here on the hub may have lost our keys, and what was sent may be missing there (chosen). */
export const LONELY_RUN_MIN_MS = 250;

/** Whether no other link could take over; one that had been silent for long when this one fell silent could not. */
export function isOnlyLink({ draft, config, nowMs }: Turn, active: Transport): boolean {
  const sinceMs = active.liveness.unansweredSinceMs ?? nowMs;
  const isSilent = ({ liveness }: Transport) =>
    liveness.missedInRow >= 2 &&
    sinceMs - (liveness.unansweredSinceMs ?? sinceMs) >= ONLY_SILENCE_MS;
  return !draft.transports.some(
    (other) =>
      other.linkName !== active.linkName &&
      other.unusable === null &&
      costOf(other, config) !== 'never' &&
      !isSilent(other),
  );
}

/** For how long the binding has owed us an answer, milliseconds. */
function owedMs({ nowMs }: Turn, { liveness }: Transport): number {
  return liveness.unansweredSinceMs === null ? 0 : nowMs - liveness.unansweredSinceMs;
}

/** Whether the only link has been silent for long enough; questions from before a standstill alone do not say so. */
export function isOnlyDead(turn: Turn, active: Transport): boolean {
  return owedMs(turn, active) >= ONLY_SILENCE_MS && coveredMs(active.liveness) >= LONELY_RUN_MIN_MS;
}

/** A doubt that lasts: a hub that was restarted has none of our keys, and would never answer. */
export function seekKeys(turn: Turn, active: Transport): void {
  const { draft } = turn;
  const { isDoubted, unansweredSinceMs } = active.liveness;
  if (draft.channel === null || !isDoubted || draft.soughtForMs === unansweredSinceMs) return;
  if (owedMs(turn, active) < LONELY_RUN_MIN_MS || !isOnlyLink(turn, active)) return;
  draft.soughtForMs = unansweredSinceMs;
  draft.channel = { ...draft.channel, isDue: true };
}

/** The binding answers again after it was silent for `silentMs`: a claim to stay lets both ends say what they miss. */
export function tellMissing(turn: Turn, silentMs: number): void {
  const { draft, config } = turn;
  if (silentMs < LONELY_RUN_MIN_MS || draft.activeId === null || !carriesData(draft.state)) return;
  const { trafficAtMs, memoryKey } = draft;
  const isRecent = trafficAtMs !== null && turn.nowMs - trafficAtMs < config.limits.resendMaxAgeMs;
  const isFree = draft.claim === null && draft.granted === null && draft.plannedAtMs === null;
  if (!isRecent || !isFree || memoryKey === null || !mayClaim(turn)) return;
  openClaim(turn, draft.activeId, 'stay', 'reattach_same_transport');
}
