/**
 * Another policy while a session lives: I4 it is newer than the one before, unless that was on trial and is rolled back, and
 * durable before it is in force; I3 every bound that runs then lasts at most as long as if it began now, and never longer than it
 * was to last; DEGRADED ends no session sooner than the earlier of the two.
 *
 * Told from what the device says; its deadlines are looked at when it says that the policy is in force.
 *
 * @module
 */
import { PolicyWatch } from '../../../session/invariants/noRollback.ts';
import type { Report, Said, Watch } from './watch.ts';

/** The bounds of one policy; one that is on trial has those of the policy before. */
export interface Bounds {
  readonly ttlMs: number;
  readonly transportTtlMs: number;
  readonly recoveryWindowMs: number;
  readonly birthDeadlineMs: number;
  /** Null: DEGRADED may last. */
  readonly degradedMaxMs: number | null;
}

/** What runs in the device's process, by its monotonic clock. Null: it does not run. */
export interface Running {
  readonly sessionEndsAtMs: number | null;
  readonly transportTtlAtMs: number | null;
  readonly recoveryDeadlineAtMs: number | null;
  readonly birthDeadlineAtMs: number | null;
  readonly degradedEndsAtMs: number | null;
}

export interface PolicyDirectory {
  /** Of the policy that the device's process follows, where it is not on trial; else of the one before. */
  readonly boundsOf: (who: string) => Bounds;
  readonly runningOf: (who: string) => Running | null;
  readonly durableVersionOf: (who: string) => number;
}

export class Policies implements Watch {
  readonly #report: Report;
  readonly #directory: PolicyDirectory;
  /** Versions said to be in force, by machine. */
  readonly #versions = new Map<string, PolicyWatch>();
  /** By machine: what its recovery is bounded by, whatever came after. */
  readonly #windowEndsAtMs = new Map<string, number>();
  /** By machine that is DEGRADED: when that ends its session at the soonest; none of its policies so far says so: infinite. */
  readonly #degradedEndsAtMs = new Map<string, number>();

  constructor(report: Report, directory: PolicyDirectory) {
    this.#report = report;
    this.#directory = directory;
  }

  onSaid({ who, role, event }: Said): void {
    if (role !== 'device') return;
    const { atMs, reasonCode, detail, from, to } = event;
    this.#versionsOf(who).told(event);
    const isRecovering = to === 'RECOVERING' || detail['state'] === 'RECOVERING';
    if (isRecovering && from !== 'RECOVERING') this.#begin(who, atMs);
    else if (to !== null) this.#windowEndsAtMs.delete(who);
    if (reasonCode === 'policy_exceeded') this.#onExceeded(who, atMs);
    if (to === 'DEGRADED') this.#degradedEndsAtMs.set(who, atMs + this.#degradedMaxMs(who));
    else if (to !== null) this.#degradedEndsAtMs.delete(who);
    if (event.event === 'notice' && reasonCode === 'policy_applied')
      this.#onApplied(who, atMs, Number(detail['version']));
  }

  #versionsOf(who: string): PolicyWatch {
    const known = this.#versions.get(who) ?? new PolicyWatch();
    this.#versions.set(who, known);
    return known;
  }

  #degradedMaxMs(who: string): number {
    return this.#directory.boundsOf(who).degradedMaxMs ?? Number.POSITIVE_INFINITY;
  }

  #onExceeded(who: string, atMs: number): void {
    const endsAtMs = this.#degradedEndsAtMs.get(who) ?? atMs;
    const early = `I3: DEGRADED ends a session at ${atMs} ms, where it may last until ${endsAtMs} ms`;
    this.#report('policyBounds', who, atMs < endsAtMs ? early : null);
  }

  #begin(who: string, atMs: number): void {
    this.#windowEndsAtMs.set(who, atMs + this.#directory.boundsOf(who).recoveryWindowMs);
  }

  #onApplied(who: string, atMs: number, version: number): void {
    const durable = this.#directory.durableVersionOf(who);
    const isDurable = durable >= version;
    const undurable = `I4: policy version ${version} is in force, durable is ${durable}`;
    this.#report('policyDurable', who, isDurable ? null : undurable);
    this.#report('policyVersions', who, this.#versionsOf(who).inForce(version));
    const running = this.#directory.runningOf(who);
    if (running !== null) this.#report('policyBounds', who, this.#longBound(who, atMs, running));
  }

  #longBound(who: string, atMs: number, running: Running): string | null {
    const { ttlMs, transportTtlMs, recoveryWindowMs, birthDeadlineMs } =
      this.#directory.boundsOf(who);
    const windowMs = Math.min(
      atMs + recoveryWindowMs,
      this.#windowEndsAtMs.get(who) ?? Number.POSITIVE_INFINITY,
    );
    this.#windowEndsAtMs.set(who, windowMs);
    const degradedMs = Math.min(
      atMs + this.#degradedMaxMs(who),
      this.#degradedEndsAtMs.get(who) ?? Number.POSITIVE_INFINITY,
    );
    const isDegraded = this.#degradedEndsAtMs.has(who);
    if (isDegraded) this.#degradedEndsAtMs.set(who, degradedMs);
    const bounds: readonly (readonly [string, number | null, number])[] = [
      ['session', running.sessionEndsAtMs, atMs + ttlMs],
      ['transport TTL', running.transportTtlAtMs, atMs + transportTtlMs],
      ['recovery', running.recoveryDeadlineAtMs, windowMs],
      ['birth', running.birthDeadlineAtMs, atMs + birthDeadlineMs],
      [
        'degraded',
        isDegraded ? (running.degradedEndsAtMs ?? Number.POSITIVE_INFINITY) : null,
        degradedMs,
      ],
    ];
    for (const [name, endsAtMs, mostMs] of bounds) {
      if (endsAtMs === null || endsAtMs <= mostMs) continue;
      return `I3: another policy leaves the ${name} bound ${Math.ceil(endsAtMs - mostMs)} ms too long`;
    }
    return null;
  }

  onDeath(who: string): void {
    this.#windowEndsAtMs.delete(who);
    this.#degradedEndsAtMs.delete(who);
  }

  /** Both slots are gone: whatever is there then is the newest that is known. */
  onForgotten(who: string, what: 'all' | 'newest'): void {
    if (what === 'all') this.#versions.delete(who);
  }
}
