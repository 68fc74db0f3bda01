/**
 * Looking at the binding and its rivals: quality, failback, plans and their end.
 *
 * The governor is asked BEFORE a plan becomes a transition; a denied plan is an event, said once
 * (docs/protocol.md, "Choosing and bounding").
 *
 * @module
 */
import { assert } from '../assert.ts';
import {
  faultOf,
  isHealthy,
  latelyOf,
  type Quality,
  type QualityFault,
  qualityOf,
} from '../liveness/quality.ts';
import type { ReasonCode } from '../reasons.ts';
import { carriesData } from '../transitions.ts';
import { schedule } from './cadence.ts';
import { costOf, denial, isSpent } from './choice.ts';
import { mayClaim, openClaim } from './claims.ts';
import { enterDegraded, leaveAttached, penalise } from './die.ts';
import { end } from './end.ts';
import { probeOthers } from './probes.ts';
import { betterOf, failbackOf, refugeOf, rivalWaits } from './rivals.ts';
import { hasVersionsLeft } from './save.ts';
import type { Transport } from './state.ts';
import type { Turn } from './turn.ts';
import { sayWithheld } from './withheld.ts';

const REVIEW_MS = 200;
const REVIEW_IDLE_MS = 1_000;
/** The binding is about to be asked, or may not be stayed on: for what comes of that (chosen). */
const REVIEW_SOON_MS = 5_000;
/** A plan that is not answered within this time is undone by a newer claim (chosen). */
const PLAN_TIMEOUT_MS = 1_500;

export function review(turn: Turn): void {
  const { draft, config } = turn;
  if (draft.reviewAtMs === null) return;
  if (draft.reviewAtMs > turn.nowMs) {
    // What happened meanwhile may be worth an earlier look.
    if (isSettled(turn))
      draft.reviewAtMs = Math.min(draft.reviewAtMs, turn.nowMs + nextLookMs(turn));
    return;
  }
  if (!carriesData(draft.state)) {
    draft.reviewAtMs = null;
    return;
  }
  const active = turn.transport(draft.activeId);
  assert(active !== null, 'a binding is on a transport that is there');
  const quality = qualityOf(active.liveness, turn.nowMs, config.limits.quality.windowMs);
  // What was granted is settled when its keys are on flash: no plan can be made or undone until then.
  if (draft.granted !== null) persist(turn);
  else if (draft.claim !== null || draft.plannedAtMs !== null) {
    watchPlan(turn);
    persist(turn);
  } else if (draft.state === 'ATTACHED') reviewAttached(turn, active, quality);
  else reviewUnsteady(turn, active, quality);
  draft.reviewAtMs = carriesData(draft.state)
    ? turn.nowMs + (isSettled(turn) ? nextLookMs(turn) : REVIEW_MS)
    : null;
}

/** The budget of a link is used up, by whatever passed: left at once, if that is the binding's and there is somewhere to go. */
export function onSpent(turn: Turn, linkName: string): void {
  const { draft } = turn;
  if (turn.transport(draft.activeId)?.linkName !== linkName || draft.reviewAtMs === null) return;
  draft.reviewAtMs = turn.nowMs;
}

/** Nothing is under way: neither a claim nor bad quality. */
const isSettled = ({ draft }: Turn) => draft.state === 'ATTACHED' && draft.claim === null;

/**
 * Reviews cost wake-ups: an idle, settled session without a rival is looked at when its binding is asked anyway, and soon
 * behind a question that was missed. Of a budget that is used up the shell tells.
 */
function nextLookMs(turn: Turn): number {
  const { draft } = turn;
  const active = turn.transport(draft.activeId);
  assert(active !== null, 'a binding is on a transport that is there');
  const isBusy = draft.trafficAtMs !== null && turn.nowMs - draft.trafficAtMs < REVIEW_IDLE_MS;
  if (isBusy || rivalWaits(turn)) return REVIEW_IDLE_MS / 2;
  const probeInMs = (active.probeAtMs ?? turn.nowMs) - turn.nowMs;
  if (probeInMs < REVIEW_IDLE_MS) return REVIEW_SOON_MS;
  return mayStay(turn, active) ? probeInMs : Math.min(REVIEW_SOON_MS, probeInMs);
}

function reviewAttached(turn: Turn, active: Transport, quality: Quality): void {
  const fault = faultOf(quality, turn.config.limits.quality);
  if (fault !== null) {
    if (!hasVersionsLeft(turn)) return;
    turn.move('quality_below_floor', fault, figures(active, quality));
    turn.draft.volatileSinceMs = turn.nowMs;
    leaveAttached(turn);
    // The choice needs fresh figures of the others.
    probeOthers(turn);
    schedule(turn, active.transportId);
    tryQualitySwitch(turn, active, quality, fault);
    return;
  }
  const isFree = mayStay(turn, active);
  const wanted = isFree ? 'failback' : 'budget_spent';
  const { target, withheld } = isFree ? failbackOf(turn, active) : refugeOf(turn, active);
  sayWithheld(turn, withheld, wanted);
  if (target !== null) plan(turn, target, wanted);
}

const mayStay = ({ config }: Turn, active: Transport) =>
  costOf(active, config) !== 'never' && !isSpent(active, config);

/**
 * Ask the governor, then move to VOLATILE and claim the target. Data stays on the old transport.
 *
 * @returns why not, or null where the claim is under way.
 */
export function plan(turn: Turn, target: Transport, reasonCode: ReasonCode): ReasonCode | null {
  const { draft, config } = turn;
  const denied =
    denial(draft, config, 'planned') ?? (hasVersionsLeft(turn) ? null : 'switch_denied');
  if (denied !== null) {
    deny(turn, target, reasonCode, denied);
    return denied;
  }
  // In VOLATILE and DEGRADED a plan is recorded without a transition of its own.
  if (draft.state === 'ATTACHED') {
    turn.move('switch_planned', reasonCode, { transportId: target.transportId });
    leaveAttached(turn);
    draft.volatileSinceMs = turn.nowMs;
  }
  draft.plannedAtMs = turn.nowMs;
  draft.reviewAtMs = turn.nowMs + REVIEW_MS;
  openClaim(turn, target.transportId, 'planned', reasonCode);
  return null;
}

function deny(turn: Turn, target: Transport, wanted: ReasonCode, denied: ReasonCode): void {
  sayWithheld(turn, [{ rival: target, rule: denied }], wanted);
}

/** VOLATILE by quality, or DEGRADED: better candidate, recovery of quality, or persistence. */
function reviewUnsteady(turn: Turn, active: Transport, quality: Quality): void {
  const { draft, config } = turn;
  const { settleMs, windowMs } = config.limits.quality;
  const lately = latelyOf(active.liveness, turn.nowMs, windowMs);
  if (!isHealthy(lately, config.limits.quality)) draft.healthySinceMs = null;
  else draft.healthySinceMs ??= turn.nowMs;
  if (draft.healthySinceMs !== null && turn.nowMs - draft.healthySinceMs >= settleMs) {
    turn.move('quality_restored', 'quality_restored', figures(active, lately));
    draft.attachedSinceMs = turn.nowMs;
    draft.volatileSinceMs = null;
    draft.degradedEndsAtMs = null;
    return;
  }
  const fault = faultOf(quality, config.limits.quality);
  if (fault !== null) tryQualitySwitch(turn, active, quality, fault);
  persist(turn);
}

function persist(turn: Turn): void {
  const { draft, config } = turn;
  const { volatileToDegradedMs } = config.limits;
  if (
    draft.state === 'VOLATILE' &&
    turn.nowMs - (draft.volatileSinceMs ?? turn.nowMs) >= volatileToDegradedMs
  ) {
    turn.move('volatility_persisted', 'volatility_persisted');
    enterDegraded(turn);
  } else if (
    draft.state === 'DEGRADED' &&
    draft.degradedEndsAtMs !== null &&
    draft.degradedEndsAtMs <= turn.nowMs
  ) {
    end(turn, 'policy_exceeded', 'policy_exceeded');
  }
}

/** In VOLATILE and DEGRADED a plan is recorded without a transition of its own. */
function tryQualitySwitch(
  turn: Turn,
  active: Transport,
  quality: Quality,
  fault: QualityFault,
): void {
  const { draft, config } = turn;
  if (!hasVersionsLeft(turn)) return;
  const { target: rival, withheld } = betterOf(turn, active, quality, fault);
  if (rival === null) return sayWithheld(turn, withheld, fault);
  const denied = denial(draft, config, 'quality');
  if (denied !== null) {
    deny(turn, rival, fault, denied);
    if (draft.state === 'VOLATILE') {
      turn.move('volatility_persisted', 'switch_denied', { denied });
      enterDegraded(turn);
    }
    return;
  }
  draft.plannedAtMs = turn.nowMs;
  openClaim(turn, rival.transportId, 'quality', fault);
}

/** ◆ A claim that was sent is undone only by a newer one: to stay, claim the old transport. */
function watchPlan(turn: Turn): void {
  const { draft } = turn;
  const open = draft.claim;
  if (open !== null && open.purpose === 'stay') return;
  const isLate = draft.plannedAtMs !== null && turn.nowMs - draft.plannedAtMs >= PLAN_TIMEOUT_MS;
  const target = turn.transport(open?.claim.transportId ?? null);
  const isGone = open !== null && target?.unusable !== null;
  if (open !== null && !isLate && !isGone) return;
  if (open !== null) {
    // It did not get us there: not again before it proves itself.
    if (target !== null) penalise(turn, target.transportId);
    draft.planNotBeforeMs = turn.nowMs + turn.config.limits.cooldownMs;
  }
  stay(turn);
}

/** Claim the transport we are on, so that the plan's claim can never be committed later. */
function stay(turn: Turn): void {
  const { draft } = turn;
  if (draft.activeId === null || !mayClaim(turn)) return;
  draft.claim = null;
  openClaim(turn, draft.activeId, 'stay', 'switch_abandoned');
}

function figures(active: Transport, quality: Quality): Record<string, number> {
  return {
    transportId: active.transportId,
    lossPercent: Math.round(quality.lossPercent),
    rttMs: Math.round(quality.rttMs),
    jitterMs: Math.round(quality.jitterMs),
  };
}
