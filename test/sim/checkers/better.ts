/**
 * A link is left for another one that is better, and for no other: quality switches and failback, by what questions and
 * answers tell of both links (docs/protocol.md, "Choosing and bounding").
 *
 * Each figure is the one that speaks most for the device.
 *
 * @module
 */
import { ANSWER_MAX_MS, type Measured, type Measurements } from './measured.ts';
import { isPlainlyBad, type QualityRules } from './unsteady.ts';
import type { Report, Said, Watch } from './watch.ts';

/** Rivals are measured over this. */
const RIVAL_WINDOW_MS = 60_000;
/** What failback compares of the link it goes to: at least and at most. */
const FAILBACK_WINDOW_MIN_MS = 5_000;
/** Questions that were set aside with the keys that they were asked in are no loss to the device (chosen). */
const LOSS_MARGIN_PERCENT = 10;
/** A cap counts for a minute, and leaves so many switches to recoveries. */
const CAP_MS = 61_000;
const KEPT_SWITCHES = 2;
/** A cooldown, and the time that a plan has. */
const PLAN_MS = 3_000;
/** A rival is plainly better: so many answers in this time, none missing, none as slow as this share of the leave value. */
const RIVAL_ANSWERS_MIN = 4;
const RIVAL_ANSWERS_MS = 10_000;
const RIVAL_RTT_SHARE = 0.3;
/** … and has been so, beside a binding that is plainly bad, for a few looks (chosen). */
const TAKEN_MAX_MS = 3_000;

export interface BetterRules extends QualityRules {
  readonly failback: 'always' | 'better' | 'on_failure';
  readonly failbackStableMs: number;
  readonly improvementPercent: number;
  readonly maxSwitchesPerMinute: number;
  readonly cooldownMs: number;
}

export interface BetterDirectory {
  /** Of the policy that the device's process follows. */
  readonly rulesOf: (who: string) => BetterRules;
  /** The transport that it sends data on; null: none, or it sleeps or does not run. */
  readonly activeId: (who: string) => number | null;
  /** Transports that a plan may go to: over other links, usable, free of charge, without a penalty. */
  readonly freeWays: (who: string, transportId: number) => readonly number[];
  /** No claim and no grant is open, and it has versions left for more. */
  readonly isSettled: (who: string) => boolean;
}

/** What makes a device forget what it asked before. */
const NEWS: readonly string[] = ['link_changed', 'channel_rotated', 'channel_established'];

class Process {
  isUnsteady = false;
  /** When it claimed, or was refused something, last. */
  claimedAtMs = Number.NEGATIVE_INFINITY;
  /** Since then its keys, its links and its binding are what they are: misses of before may be forgotten. */
  knownSinceMs = Number.NEGATIVE_INFINITY;
  /** When it switched, in the last minute. */
  switchedAtMs: readonly number[] = [];
  /** Since then each look found this way plainly better. */
  better: { readonly wayId: number; readonly sinceMs: number } | null = null;
}

export class Better implements Watch {
  readonly #report: Report;
  readonly #measured: Measurements;
  readonly #directory: BetterDirectory;
  readonly #processes = new Map<string, Process>();

  constructor(report: Report, measured: Measurements, directory: BetterDirectory) {
    this.#report = report;
    this.#measured = measured;
    this.#directory = directory;
  }

  onSaid({ atMs, who, role, event }: Said): void {
    if (role !== 'device') return;
    const process = this.#of(who);
    const { event: kind, to, reasonCode, detail } = event;
    if (kind === 'claim' || kind === 'refusal') process.claimedAtMs = atMs;
    if (kind === 'switch' || NEWS.includes(reasonCode)) process.knownSinceMs = atMs;
    if (kind === 'switch') process.switchedAtMs = [...recent(process, atMs), atMs];
    if (kind === 'transition') {
      process.isUnsteady = to === 'VOLATILE' || to === 'DEGRADED';
      process.better = null;
      if (event.from === 'RECOVERING') process.knownSinceMs = atMs;
    }
    if (kind !== 'claim') return;
    const targetId = Number(detail['transportId']);
    if (reasonCode === 'failback') this.#onFailback(who, process, targetId, atMs);
    if (detail['purpose'] === 'quality') this.#onQuality(who, process, targetId, reasonCode, atMs);
  }

  #onFailback(who: string, process: Process, targetId: number, atMs: number): void {
    const rules = this.#directory.rulesOf(who);
    const { failback } = rules;
    const fault = `I7: failback to T${targetId}, where policy says ${failback}`;
    this.#report('failbackMode', who, failback === 'on_failure' ? fault : null);
    const activeId = this.#directory.activeId(who);
    if (failback !== 'better' || activeId === null) return;
    const worse = worseFailback(
      this.#measured.of(who, targetId),
      this.#measured.of(who, activeId),
      rules,
      process.knownSinceMs,
      atMs,
    );
    this.#report('failbackBetter', who, worse);
  }

  #onQuality(who: string, process: Process, targetId: number, reason: string, atMs: number): void {
    const activeId = this.#directory.activeId(who);
    if (activeId === null || activeId === targetId) return;
    const { windowMs, improvementPercent } = this.#directory.rulesOf(who);
    const [target, active] = [this.#measured.of(who, targetId), this.#measured.of(who, activeId)];
    const gain = 1 - improvementPercent / 100;
    let fault: string | null = null;
    if (reason === 'quality_loss') {
      const lossPercent = lossLeastPercent(target, process.knownSinceMs, RIVAL_WINDOW_MS, atMs);
      const mostPercent = active.lossMaxPercent(atMs, windowMs) * gain;
      if (lossPercent > mostPercent + LOSS_MARGIN_PERCENT)
        fault = `${Math.round(lossPercent)} % are lost, of the binding ${Math.round(mostPercent)} %`;
    }
    if (reason === 'quality_rtt') {
      const { rttMinMs } = target.answeredSince(atMs - RIVAL_WINDOW_MS);
      const { rttMaxMs } = active.answeredSince(atMs - windowMs);
      if (rttMinMs !== null && rttMaxMs !== null && rttMinMs >= rttMaxMs * gain)
        fault = `${Math.round(rttMinMs)} ms at least, on the binding ${Math.round(rttMaxMs)} ms`;
    }
    const sentence = `I7: for ${reason} to T${targetId}, where ${fault}`;
    this.#report('betterOnly', who, fault === null ? null : sentence);
  }

  onSweep(atMs: number): void {
    for (const [who, process] of this.#processes) {
      const wayId = this.#betterWay(who, process, atMs);
      if (wayId === null) process.better = null;
      else if (process.better?.wayId !== wayId) process.better = { wayId, sinceMs: atMs };
      if (process.better === null || atMs - process.better.sinceMs <= TAKEN_MAX_MS) continue;
      const fault = `liveness: T${wayId} has been plainly better for ${Math.round(atMs - process.better.sinceMs)} ms`;
      process.better = null;
      this.#report('betterTaken', who, fault);
    }
  }

  /** Where an unsteady device that nothing holds back should go; null: nowhere. */
  #betterWay(who: string, process: Process, atMs: number): number | null {
    const { activeId, freeWays, isSettled, rulesOf } = this.#directory;
    const id = process.isUnsteady ? activeId(who) : null;
    if (id === null || !isSettled(who)) return null;
    const rules = rulesOf(who);
    const isCapped = recent(process, atMs).length >= rules.maxSwitchesPerMinute - KEPT_SWITCHES;
    const isCooling = atMs - process.claimedAtMs <= rules.cooldownMs + PLAN_MS;
    if (isCapped || isCooling) return null;
    if (!isPlainlyBad(this.#measured.of(who, id), rules, atMs)) return null;
    return (
      freeWays(who, id).find((way) => isPlainlyWell(this.#measured.of(who, way), rules, atMs)) ??
      null
    );
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

const recent = ({ switchedAtMs }: Process, atMs: number) =>
  switchedAtMs.filter((switched) => switched > atMs - CAP_MS);

function isPlainlyWell(link: Measured, { rttLeaveMs }: QualityRules, atMs: number): boolean {
  const decidedMs = atMs - ANSWER_MAX_MS;
  const ever = link.sentIn(decidedMs - RIVAL_WINDOW_MS, decidedMs);
  const lately = link.sentIn(decidedMs - RIVAL_ANSWERS_MS, decidedMs);
  const isAnswered = ever.lossPercent === 0 && lately.asked >= RIVAL_ANSWERS_MIN;
  return isAnswered && (ever.rttMaxMs ?? rttLeaveMs) < RIVAL_RTT_SHARE * rttLeaveMs;
}

/** The least that it may have measured: it may have forgotten what it asked before the news, and may not have. */
function lossLeastPercent(link: Measured, knownSinceMs: number, windowMs: number, atMs: number) {
  const fromMs = atMs - windowMs;
  const sinceNews = link.lossMinPercent(Math.max(fromMs, knownSinceMs), atMs);
  return Math.min(sinceNews, link.lossMinPercent(fromMs, atMs));
}

/** What `better` refuses. */
function worseFailback(
  target: Measured,
  active: Measured,
  { windowMs, rttLeaveMs, lossLeavePercent, failbackStableMs, improvementPercent }: BetterRules,
  knownSinceMs: number,
  atMs: number,
): string | null {
  const targetMs = Math.min(RIVAL_WINDOW_MS, Math.max(FAILBACK_WINDOW_MIN_MS, failbackStableMs));
  const lossPercent = lossLeastPercent(target, knownSinceMs, targetMs, atMs);
  const mostPercent = Math.max(lossLeavePercent, active.lossMaxPercent(atMs, windowMs));
  if (lossPercent > mostPercent + LOSS_MARGIN_PERCENT)
    return `I7: failback to a link that loses ${Math.round(lossPercent)} %, from ${Math.round(mostPercent)} % at most`;
  const { rttMinMs } = target.answeredSince(atMs - targetMs);
  const { rttMaxMs } = active.answeredSince(atMs - windowMs);
  if (rttMinMs === null || rttMaxMs === null || rttMinMs <= rttLeaveMs) return null;
  if (rttMinMs <= rttMaxMs * (1 - improvementPercent / 100)) return null;
  return `I7: failback to a link of ${Math.round(rttMinMs)} ms at least, from ${Math.round(rttMaxMs)} ms at most`;
}
