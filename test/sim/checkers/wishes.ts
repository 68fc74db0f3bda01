/**
 * I8 at the governor: each switch that it denies is said with its reason, once, and what is said is so.
 *
 * Sees what operators ask for, and what the device says. The reasons are counted here from the device's switches, not asked
 * of its governor (docs/protocol.md, "Choosing and bounding").
 *
 * @module
 */
import type { Report, Said, Watch } from './watch.ts';
import { isOfRivals } from './withheld.ts';

const MINUTE_MS = 60_000;
/** Slots that plans leave for recovery. */
const SLOTS_FOR_RECOVERY = 2;
/** Answers to claims: what was denied before them is another matter afterwards. */
const SETTLED: readonly unknown[] = [
  'attach_accepted',
  'reattach_accepted',
  'switch_abandoned',
  'switch_abandoned_degraded',
];

export interface Pace {
  readonly maxSwitchesPerMinute: number;
  readonly cooldownMs: number;
}

export interface WishDirectory {
  /** Of the policy that the device's process follows. */
  readonly paceOf: (who: string) => Pace;
  /** Its monotonic clock. */
  readonly clockMs: (who: string) => number;
  readonly linkOf: (who: string, transportId: number) => string | null;
  /** It carries data, no plan is open, and the link is another one that may be used. */
  readonly mayPlan: (who: string, linkName: string) => boolean;
  readonly hasVersionsLeft: (who: string) => boolean;
}

interface Denial {
  readonly link: string;
  readonly wanted: unknown;
  readonly denied: unknown;
  /** It may be another matter by now, which nobody but the device knows. */
  mayRepeat: boolean;
}

interface Process {
  pace: Pace;
  switchedAtMs: number[];
  /** What was denied, and would not be another matter by now; each once. */
  denials: readonly Denial[];
  /** The link that the operator asked for, and heard nothing of yet. */
  askedFor: string | null;
}

export class Wishes implements Watch {
  readonly #report: Report;
  readonly #directory: WishDirectory;
  readonly #processes = new Map<string, Process>();

  constructor(report: Report, directory: WishDirectory) {
    this.#report = report;
    this.#directory = directory;
  }

  onAsked(who: string, linkName: string): void {
    const process = this.#of(who);
    this.#settleWish(who, process);
    const denied = this.#causeOf(who, process, this.#directory.clockMs(who));
    const isSaid = saidOf(process, linkName, 'operator_rebind', denied) !== undefined;
    process.askedFor = isSaid ? null : linkName;
  }

  onSaid({ who, role, event }: Said): void {
    if (role !== 'device') return;
    const process = this.#of(who);
    const { atMs, reasonCode, detail } = event;
    if (event.event === 'notice' && reasonCode === 'policy_applied') {
      process.pace = this.#directory.paceOf(who);
      process.denials = [];
    }
    if (event.event === 'switch') process.switchedAtMs.push(atMs);
    if (event.event === 'switch' || SETTLED.includes(detail['trigger'])) process.denials = [];
    if (event.event === 'claim') for (const denial of process.denials) denial.mayRepeat = true;
    if (event.event === 'claim' && reasonCode === 'operator_rebind') process.askedFor = null;
    const isOwn = event.event === 'refusal' && detail['waitMs'] !== undefined;
    if (isOwn && reasonCode === 'switch_rate_limited') this.#judgeWait(who, process, atMs);
    // What keeps the device from a better link of its own accord is held in `withheld.ts`.
    if (reasonCode !== 'switch_denied' || isOfRivals(detail['denied'])) return;
    if (event.event === 'notice') this.#onDenial(who, process, event);
    const isSaid = process.denials.some(({ denied }) => denied === detail['denied']);
    const isSilent = event.event === 'transition' && !isSaid;
    const silent = `I8: a switch is denied for ${detail['denied']}, and no event says so`;
    this.#report('denialSaid', who, isSilent ? silent : null);
  }

  #onDenial(who: string, process: Process, { atMs, detail }: Said['event']): void {
    const { wanted, denied, linkName } = detail;
    if (wanted === 'operator_rebind') process.askedFor = null;
    if (denied === undefined) {
      const isMute = this.#directory.mayPlan(who, String(linkName));
      const mute = `I8: a switch to ${linkName} is denied without a reason`;
      return this.#report('denialSaid', who, isMute ? mute : null);
    }
    const cause = this.#causeOf(who, process, atMs);
    const untrue = `I8: a switch is denied for ${denied}, and the cause is ${cause ?? 'none'}`;
    this.#report('denialTrue', who, denied === cause ? null : untrue);
    const transportId = Number(detail['transportId']);
    const link = this.#directory.linkOf(who, transportId) ?? `T${transportId}`;
    const before = saidOf(process, link, wanted, denied);
    const again = `I8: that T${transportId} is denied for ${denied} is said again`;
    this.#report('denialOnce', who, before?.mayRepeat === false ? again : null);
    const others = process.denials.filter((denial) => denial !== before);
    process.denials = [...others, { link, wanted, denied, mayRepeat: false }];
  }

  #judgeWait(who: string, process: Process, atMs: number): void {
    const isFull = recentOf(process, atMs) >= process.pace.maxSwitchesPerMinute;
    const free = 'I8: a recovery waits for a slot, and one is free';
    this.#report('denialTrue', who, isFull ? null : free);
  }

  /** Why a plan may not be made at that moment; null: it may. */
  #causeOf(who: string, process: Process, atMs: number): string | null {
    const { maxSwitchesPerMinute, cooldownMs } = process.pace;
    const cap = maxSwitchesPerMinute - SLOTS_FOR_RECOVERY;
    if (recentOf(process, atMs) >= cap) return 'switch_rate_limited';
    const newestMs = process.switchedAtMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    if (atMs - newestMs < cooldownMs) return 'cooldown_active';
    return this.#directory.hasVersionsLeft(who) ? null : 'switch_denied';
  }

  onSweep(): void {
    for (const [who, process] of this.#processes) this.#settleWish(who, process);
  }

  #settleWish(who: string, process: Process): void {
    const silent = `I8: a switch to ${process.askedFor} was asked for, and nothing was said`;
    this.#report('denialSaid', who, process.askedFor === null ? null : silent);
    process.askedFor = null;
  }

  onDeath(who: string): void {
    this.#processes.delete(who);
  }

  #of(who: string): Process {
    const known = this.#processes.get(who);
    if (known !== undefined) return known;
    const pace = this.#directory.paceOf(who);
    const process: Process = {
      ...{ pace, switchedAtMs: [], denials: [], askedFor: null },
    };
    this.#processes.set(who, process);
    return process;
  }
}

function saidOf(process: Process, link: string, wanted: unknown, denied: unknown) {
  return process.denials.find(
    (denial) => denial.link === link && denial.wanted === wanted && denial.denied === denied,
  );
}

function recentOf({ switchedAtMs }: Process, nowMs: number): number {
  return switchedAtMs.filter((atMs) => atMs > nowMs - MINUTE_MS).length;
}
