/**
 * Links that may be better than the binding's: the one to go to, and those that a rule keeps the session from.
 *
 * Sees what policy says and what answers said. Neither plans nor tells, and leaves the pace of switching to the governor
 * (docs/protocol.md, "Choosing and bounding").
 *
 * @module
 */
import { type Quality, type QualityFault, qualityOf } from '../liveness/quality.ts';
import type { ReasonCode } from '../reasons.ts';
import {
  costOf,
  isSpent,
  MINUTE_MS,
  plannedCandidates,
  preferenceOf,
  usableCandidates,
} from './choice.ts';
import type { Transport } from './state.ts';
import type { Turn } from './turn.ts';
import { type Withheld, wasSaid } from './withheld.ts';

/** A rival is judged by an answer this fresh, not by what it once was (chosen). */
const FRESH_MS = 5_000;

export interface Rivals {
  /** Where to go; null: nowhere. */
  readonly target: Transport | null;
  /** Those that would come before it. */
  readonly withheld: readonly Withheld[];
}

/** By the policy's preference, for links that have proven their stability for the hold-down; none where an operator holds the binding. */
export function failbackOf(turn: Turn, active: Transport): Rivals {
  const { draft, config } = turn;
  if (draft.heldId !== null) return { target: null, withheld: [] };
  const preference = preferenceOf(active, config);
  // Left for its quality, or back a moment ago, a link has yet to answer.
  const preferred = (rival: Transport) =>
    preferenceOf(rival, config) < preference && rival.liveness.stableSinceMs !== null;
  return firstOf(turn, preferred, (rival, isPlanned) => {
    const { failback, failbackStableMs } = config.limits;
    if (failback === 'on_failure') return 'failback_on_failure';
    const { stableSinceMs } = rival.liveness;
    const heldDownMs = failbackStableMs - (turn.nowMs - (stableSinceMs ?? turn.nowMs));
    const rule = ruleAgainst(turn, rival, isPlanned, heldDownMs);
    if (rule !== null || failback === 'always') return rule;
    return isWorse(turn, rival, active) ? 'failback_not_better' : null;
  });
}

/** From a link that may no longer be used, its budget being spent: anywhere that answers and may be used. */
export function refugeOf(turn: Turn, active: Transport): Rivals {
  const isOther = (rival: Transport) =>
    rival.transportId !== active.transportId && !isSpent(rival, turn.config);
  return firstOf(turn, isOther, (rival, isPlanned) => ruleAgainst(turn, rival, isPlanned));
}

/** From a link whose quality is under the floor: one that is better by what policy asks. Is there one, nothing is withheld. */
export function betterOf(
  turn: Turn,
  active: Transport,
  quality: Quality,
  fault: QualityFault,
): Rivals {
  const { improvementPercent } = turn.config.limits;
  const isAsked = (rival: Transport) => isBetter(turn, rival, quality, fault, improvementPercent);
  const isRival = (rival: Transport) =>
    rival.transportId !== active.transportId &&
    isFresh(turn, rival, active) &&
    isBetter(turn, rival, quality, fault, 0);
  const { target, withheld } = firstOf(turn, isRival, (rival, isPlanned) => {
    const rule = ruleAgainst(turn, rival, isPlanned);
    return isAsked(rival) ? rule : 'improvement_too_small';
  });
  return { target, withheld: target === null ? withheld : [] };
}

/** The first of the links that may be wanted and that no rule is against, and those before it that answer. */
function firstOf(
  turn: Turn,
  isWanted: (rival: Transport) => boolean,
  ruleOf: (rival: Transport, isPlanned: boolean) => ReasonCode | null,
): Rivals {
  const { draft, config } = turn;
  const planned = plannedCandidates(draft, config);
  const withheld: Withheld[] = [];
  for (const rival of usableCandidates(draft, config)) {
    const { answeredAtMs, missedInRow } = rival.liveness;
    if (answeredAtMs === null || missedInRow >= 2 || !isWanted(rival)) continue;
    const rule = ruleOf(rival, planned.includes(rival));
    if (rule === null) return { target: rival, withheld };
    withheld.push({ rival, rule });
  }
  return { target: null, withheld };
}

/** Which rule is against a plan to a link that answers; null: none. What ends at a time counts by how long it lasts. */
function ruleAgainst(
  turn: Turn,
  rival: Transport,
  isPlanned: boolean,
  heldDownMs = 0,
): ReasonCode | null {
  const { nowMs, draft, config } = turn;
  if (!isPlanned && isSpent(rival, config)) return 'budget_spent';
  const waits: readonly (readonly [rule: ReasonCode, ms: number])[] = [
    ['hold_down_active', heldDownMs],
    ['penalty_active', isPlanned ? 0 : rival.penaltyUntilMs - nowMs],
    ['switch_abandoned', draft.planNotBeforeMs - nowMs],
  ];
  const [rule, ms] = waits.reduce((longest, wait) => (wait[1] > longest[1] ? wait : longest));
  return ms > 0 ? rule : null;
}

/** A preferred link answers, and will be gone to or may be, unless nothing but a failure would lead there: worth a look. */
export function rivalWaits(turn: Turn): boolean {
  const { draft, config } = turn;
  const active = turn.transport(draft.activeId);
  if (active === null || draft.heldId !== null) return false;
  const preference = preferenceOf(active, config);
  const isStaying = config.limits.failback === 'on_failure';
  return draft.transports.some(
    (rival) =>
      rival.unusable === null &&
      rival.liveness.stableSinceMs !== null &&
      preferenceOf(rival, config) < preference &&
      costOf(rival, config) !== 'never' &&
      !(isStaying && wasSaid(turn, rival, 'failback', 'failback_on_failure')),
  );
}

/** `better` failback refuses a preferred link whose loss or latency is over the floor. */
function isWorse(turn: Turn, rival: Transport, active: Transport): boolean {
  const { quality, failbackStableMs, improvementPercent } = turn.config.limits;
  // What it was before the hold-down says nothing, and a binding's many answers would outweigh a candidate's few.
  const windowMs = Math.min(MINUTE_MS, Math.max(FRESH_MS, failbackStableMs));
  const ours = qualityOf(rival.liveness, turn.nowMs, windowMs);
  const theirs = qualityOf(active.liveness, turn.nowMs, quality.windowMs);
  if (ours.lossPercent > Math.max(quality.lossLeavePercent, theirs.lossPercent)) return true;
  const gain = 1 - improvementPercent / 100;
  return ours.rttMs > quality.rttLeaveMs && ours.rttMs > theirs.rttMs * gain;
}

/** Answered lately; and where the binding has fallen silent, since then: what silenced it may have silenced both. */
function isFresh(turn: Turn, rival: Transport, active: Transport): boolean {
  const { answeredAtMs } = rival.liveness;
  if (answeredAtMs === null || turn.nowMs - answeredAtMs > FRESH_MS) return false;
  const { isDoubted, unansweredSinceMs } = active.liveness;
  return !isDoubted || answeredAtMs >= (unansweredSinceMs ?? answeredAtMs);
}

/** By more than so many per cent of what the binding has. */
function isBetter(
  turn: Turn,
  rival: Transport,
  active: Quality,
  fault: QualityFault,
  marginPercent: number,
): boolean {
  const theirs = qualityOf(rival.liveness, turn.nowMs, MINUTE_MS);
  const gain = 1 - marginPercent / 100;
  if (fault === 'quality_loss') return theirs.lossPercent < active.lossPercent * gain;
  if (fault === 'quality_rtt') return theirs.rttMs < active.rttMs * gain;
  return theirs.jitterMs < active.jitterMs * gain;
}
