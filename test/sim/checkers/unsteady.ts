/**
 * Degraded is not dead: what a device says of the quality of its binding, and what it makes of it (docs/protocol.md, "Liveness").
 *
 * A link that is plainly bad is noticed, one that is not is not called so; VOLATILE lasts as long as policy says, and DEGRADED
 * until the link has been well for the settling time; and chance losses are no death. How a link is, is told by the
 * questions and answers of the binding; where a device's own window may see it otherwise, nothing is asked.
 *
 * @module
 */
import type { State } from '../../../session/transitions.ts';
import { ANSWER_MAX_MS, type Measured, type Measurements } from './measured.ts';
import type { Report, Said, Watch } from './watch.ts';

/** So much above the bound of loss, or of the round trip, is plain. */
const PLAIN_LOSS_PERCENT = 20;
const PLAIN_SHARE = 1.2;
/** So many questions in a window cannot be few to the device. */
const PLAIN_ASKED_MIN = 20;
/** The longest pause between two looks at a settled session, and a second. */
const NOTICE_MAX_MS = 6_000;
/** A look every 200 ms, and the turns of a busy machine (chosen). */
const LOOK_MS = 1_000;
/** Below this share of the leave value nothing is close to it. */
const WELL_SHARE = 0.5;
/** Fewer outcomes than these are looked at together with older ones. */
const SAMPLES_MIN = 8;
/** A verdict needs misses in a row that chance explains once in 10^9; half of that exponent is plainly too little. */
const CHANCE_LOG = Math.log(1e-9) / 2;
const LATELY = 40;
const SILENCE_MS = 1_990;
/** With a grant misses of before are forgotten; it may come so long after a look that found a claim open. */
const GRANT_MS = 500;
/** Clocks drift. */
const DRIFT_SHARE = 0.99;

export interface QualityRules {
  readonly lossEnterPercent: number;
  readonly lossLeavePercent: number;
  readonly rttEnterMs: number;
  readonly rttLeaveMs: number;
  readonly windowMs: number;
  readonly settleMs: number;
  readonly volatileToDegradedMs: number;
}

export interface UnsteadyDirectory {
  /** Of the policy that the device's process follows. */
  readonly rulesOf: (who: string) => QualityRules;
  /** The transport that it sends data on; null: none, or it sleeps or does not run. */
  readonly activeId: (who: string) => number | null;
  /** No claim and no grant is open, and it has versions left for more. */
  readonly isSettled: (who: string) => boolean;
  /** How long it slept since then, by the world's clock. */
  readonly hasSlept: (who: string, sinceMs: number) => boolean;
}

class Process {
  state: State | null = null;
  /** Since then it has not moved, claimed, switched, or got other keys or another policy. */
  calmSinceMs = Number.NEGATIVE_INFINITY;
  /** Since then it is VOLATILE, under one policy; null: it is not. */
  volatileSinceMs: number | null = null;
  /** Since then it is not ATTACHED; null: it is. */
  unsteadySinceMs: number | null = null;
  /** Since then each look found the binding plainly bad. */
  badSinceMs: number | null = null;
}

export class Unsteady implements Watch {
  readonly #report: Report;
  readonly #measured: Measurements;
  readonly #directory: UnsteadyDirectory;
  readonly #processes = new Map<string, Process>();

  constructor(report: Report, measured: Measurements, directory: UnsteadyDirectory) {
    this.#report = report;
    this.#measured = measured;
    this.#directory = directory;
  }

  onSaid({ atMs, who, role, event }: Said): void {
    if (role !== 'device') return;
    const process = this.#of(who);
    const { event: kind, to, reasonCode } = event;
    if (kind === 'transition') this.#onMove(who, process, event, atMs);
    const isNews = reasonCode === 'channel_rotated' || reasonCode === 'policy_applied';
    if (kind === 'notice' && !isNews) return;
    process.calmSinceMs = atMs;
    if (reasonCode === 'policy_applied') process.volatileSinceMs = null;
    if (kind !== 'transition' || to === null) return;
    process.state = to;
    process.volatileSinceMs = to === 'VOLATILE' ? atMs : null;
    process.unsteadySinceMs =
      to === 'VOLATILE' || to === 'DEGRADED' ? (process.unsteadySinceMs ?? atMs) : null;
  }

  #onMove(who: string, process: Process, { to, reasonCode, detail }: Said['event'], atMs: number) {
    const rules = this.#directory.rulesOf(who);
    const { volatileSinceMs, unsteadySinceMs } = process;
    if (to === 'DEGRADED' && reasonCode === 'volatility_persisted' && volatileSinceMs !== null) {
      const forMs = atMs - volatileSinceMs;
      const early = `liveness: DEGRADED after ${Math.round(forMs)} ms of VOLATILE`;
      const isEarly = forMs < rules.volatileToDegradedMs * DRIFT_SHARE;
      this.#report('earlyDegraded', who, isEarly ? early : null);
    }
    if (reasonCode === 'quality_restored' && unsteadySinceMs !== null) {
      const forMs = atMs - unsteadySinceMs;
      const hasty = `liveness: quality is restored ${Math.round(forMs)} ms after it was not`;
      const isHasty = forMs < rules.settleMs * DRIFT_SHARE;
      const link = this.#measured.of(who, Number(detail['transportId']));
      const unsettled = lostMeanwhile(link, rules, process.calmSinceMs, atMs);
      this.#report('settledFirst', who, isHasty ? hasty : unsettled);
    }
    const link = this.#measured.of(who, Number(detail['transportId']));
    // Answers that waited while it slept were late to it, and to nobody else.
    const hasSlept = this.#directory.hasSlept(who, atMs - rules.windowMs - ANSWER_MAX_MS);
    if (to === 'VOLATILE' && !(hasSlept && reasonCode === 'quality_rtt'))
      this.#report('falseFloor', who, falseFloor(link, reasonCode, rules, atMs));
    if (reasonCode === 'quality_restored')
      this.#report('leaveHeld', who, earlyLeave(link, rules, atMs));
    const isSilence = reasonCode === 'heartbeat_timeout' || reasonCode === 'one_way_out';
    if (to === 'RECOVERING' && isSilence)
      this.#report('degradedNotDead', who, chanceDeath(link, process.calmSinceMs + GRANT_MS, atMs));
  }

  onSweep(atMs: number): void {
    for (const [who, process] of this.#processes) {
      const activeId = this.#directory.activeId(who);
      if (activeId === null) continue;
      this.#judgeVolatile(who, process, atMs);
      if (!this.#directory.isSettled(who)) process.calmSinceMs = atMs;
      const link = this.#measured.of(who, activeId);
      this.#judgeBad(who, process, link, atMs);
      this.#judgeGood(who, process, link, atMs);
    }
  }

  #judgeVolatile(who: string, process: Process, atMs: number): void {
    const sinceMs = process.volatileSinceMs;
    const { volatileToDegradedMs } = this.#directory.rulesOf(who);
    if (sinceMs === null || atMs - sinceMs <= volatileToDegradedMs + LOOK_MS) return;
    process.volatileSinceMs = null;
    if (this.#directory.hasSlept(who, sinceMs)) return;
    const fault = `liveness: VOLATILE for ${Math.round(atMs - sinceMs)} ms`;
    this.#report('volatileBounded', who, fault);
  }

  #judgeBad(who: string, process: Process, link: Measured, atMs: number): void {
    const rules = this.#directory.rulesOf(who);
    // What was lost before a grant or other keys may be forgotten, and then the window begins anew.
    const isBad =
      process.state === 'ATTACHED' && isPlainlyBad(link, rules, atMs, process.calmSinceMs);
    if (!isBad) process.badSinceMs = null;
    else process.badSinceMs ??= atMs;
    const sinceMs = Math.max(process.badSinceMs ?? atMs, process.calmSinceMs);
    if (atMs - sinceMs <= NOTICE_MAX_MS || this.#directory.hasSlept(who, sinceMs)) return;
    process.badSinceMs = null;
    const { lossPercent, rttMinMs } = link.sentIn(sinceMs, atMs - ANSWER_MAX_MS);
    const what = `${Math.round(lossPercent)} % lost, ${Math.round(rttMinMs ?? 0)} ms at least`;
    this.#report('qualityNoticed', who, `liveness: ATTACHED for ${atMs - sinceMs} ms of ${what}`);
  }

  #judgeGood(who: string, process: Process, link: Measured, atMs: number): void {
    const { state, unsteadySinceMs, calmSinceMs } = process;
    if (unsteadySinceMs === null) return;
    const { windowMs, settleMs, rttLeaveMs } = this.#directory.rulesOf(who);
    const good = link.goodSince(atMs - ANSWER_MAX_MS, rttLeaveMs * WELL_SHARE, SAMPLES_MIN);
    if (good === null) return;
    const wellAtMs = Math.max(good.countedAtMs, good.fromMs + windowMs);
    const sinceMs = Math.max(wellAtMs, calmSinceMs, unsteadySinceMs);
    if (atMs - sinceMs <= settleMs + LOOK_MS || this.#directory.hasSlept(who, sinceMs)) return;
    process.unsteadySinceMs = null;
    const fault = `liveness: ${state}, and the binding has been well for ${Math.round(atMs - sinceMs)} ms`;
    this.#report('qualityRestored', who, fault);
  }

  onDeath(who: string): void {
    this.#processes.delete(who);
  }

  #of(who: string): Process {
    const known = this.#processes.get(who) ?? new Process();
    this.#processes.set(who, known);
    return known;
  }
}

/** Whatever the device takes for a loss and when: over the bound by far, of what was asked after `sinceMs`. */
export function isPlainlyBad(
  link: Measured,
  rules: QualityRules,
  atMs: number,
  sinceMs = Number.NEGATIVE_INFINITY,
): boolean {
  const decidedMs = atMs - ANSWER_MAX_MS;
  const fromMs = Math.max(decidedMs - rules.windowMs, sinceMs);
  const { asked, lossPercent, rttMinMs } = link.sentIn(fromMs, decidedMs);
  if (asked < PLAIN_ASKED_MIN) return false;
  const isLate = (rttMinMs ?? 0) > PLAIN_SHARE * rules.rttEnterMs;
  return lossPercent > rules.lossEnterPercent + PLAIN_LOSS_PERCENT || isLate;
}

/** What was lost while quality is said to have held. */
function lostMeanwhile(
  link: Measured,
  { settleMs, windowMs, lossLeavePercent }: QualityRules,
  calmSinceMs: number,
  atMs: number,
): string | null {
  const fromMs = atMs - settleMs - windowMs;
  const { asked, lossPercent } = link.sentIn(fromMs, atMs - ANSWER_MAX_MS);
  const isPlain = lossPercent > 2 * lossLeavePercent + PLAIN_LOSS_PERCENT / 2;
  if (calmSinceMs > fromMs || asked < PLAIN_ASKED_MIN || !isPlain) return null;
  return `liveness: quality is restored, and meanwhile ${Math.round(lossPercent)} % were lost`;
}

function falseFloor(
  link: Measured,
  reasonCode: string,
  { windowMs, lossEnterPercent, rttEnterMs }: QualityRules,
  atMs: number,
): string | null {
  if (reasonCode === 'quality_loss') {
    const lossPercent = link.lossMaxPercent(atMs, windowMs);
    const fault = `I8: quality_loss, and ${Math.round(lossPercent)} % at most were lost`;
    return lossPercent > lossEnterPercent ? null : fault;
  }
  const { rttMaxMs } = link.answeredSince(atMs - windowMs);
  if (reasonCode !== 'quality_rtt' || rttMaxMs === null || rttMaxMs > rttEnterMs) return null;
  return `I8: quality_rtt, and no answer took longer than ${Math.round(rttMaxMs)} ms`;
}

function earlyLeave(
  link: Measured,
  { windowMs, rttLeaveMs }: QualityRules,
  atMs: number,
): string | null {
  const { asked, rttMinMs } = link.answeredSince(atMs - windowMs);
  // Of fewer older ones are looked at as well.
  if (asked < 2 * SAMPLES_MIN || rttMinMs === null || rttMinMs <= rttLeaveMs) return null;
  return `liveness: quality is restored, and no answer took less than ${Math.round(rttMinMs)} ms`;
}

/** Misses in a row that the losses of before explain. */
function chanceDeath(link: Measured, fromMs: number, atMs: number): string | null {
  const { misses, sinceMs, lossPercent } = link.row(fromMs, LATELY);
  if (sinceMs === null || lossPercent === null || atMs - sinceMs >= SILENCE_MS) return null;
  const loss = Math.min(0.9, Math.max(0.01, lossPercent / 100));
  if (misses * Math.log(loss) <= CHANCE_LOG) return null;
  return `liveness: dead of ${misses} misses in a row, where ${Math.round(lossPercent)} % were lost before`;
}
