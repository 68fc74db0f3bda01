/**
 * Metered links: a device plans nothing onto a link whose budget of the day it has spent.
 *
 * Spent is what the device says it leaves for that reason, what its flash said when it was started, and what this counts
 * for itself: only what the device sent in the life of one process, which is less than the device knows. A wall clock that shows another day than at the start of
 * the count begins it anew.
 *
 * @module
 */
import type { Report, Said, Sent, Watch } from './watch.ts';

const DAY_MS = 86_400_000;
/** IPv4 and UDP: the shorter header. */
const HEADER_BYTES = 28;
/** A plan may be under way while the budget runs out. */
const GRACE_MS = 10_000;

export interface Metered {
  /** The budget of a transport's link; 0: none. */
  readonly budgetBytes: (who: string, transportId: number) => number;
  /** Whether flash said so when the process was started, of the day that it is. */
  readonly wasSpentAtBoot: (who: string, transportId: number) => boolean;
  readonly wallMs: (who: string) => number | null;
  /** The transport that the device sends data on. */
  readonly activeId: (who: string) => number | null;
}

interface Count {
  readonly day: number;
  readonly atMs: number;
  /** By budgeted transport; endpoints of one link are counted apart, which is less again. */
  readonly bytes: Map<number, number>;
  readonly spentAtMs: Map<number, number>;
}

export class Budgets implements Watch {
  readonly #report: Report;
  readonly #metered: Metered;
  readonly #counts = new Map<string, Count>();

  constructor(report: Report, metered: Metered) {
    this.#report = report;
    this.#metered = metered;
  }

  onSent({ atMs, from, isUp, bytes, transportId }: Sent): void {
    if (!isUp) return;
    const budget = this.#metered.budgetBytes(from, transportId);
    if (budget === 0) return;
    const count = this.#of(from, atMs);
    if (count === null) return;
    const spent = (count.bytes.get(transportId) ?? 0) + bytes.length + HEADER_BYTES;
    count.bytes.set(transportId, spent);
    if (spent >= budget && !count.spentAtMs.has(transportId)) {
      count.spentAtMs.set(transportId, atMs);
    }
  }

  onSaid({ atMs, who, role, event }: Said): void {
    const { purpose, transportId } = event.detail;
    // What is spent under one policy may not be under another.
    const isApplied = event.event === 'notice' && event.reasonCode === 'policy_applied';
    if (isApplied) this.#of(who, atMs)?.spentAtMs.clear();
    if (event.reasonCode === 'budget_spent' && event.to === 'VOLATILE') this.#left(who, atMs);
    const isPlan = purpose === 'planned' || purpose === 'quality';
    if (role !== 'device' || event.event !== 'claim' || !isPlan) return;
    // An operator may ask for it.
    if (event.reasonCode === 'operator_rebind') return;
    const spentAtMs = this.#of(who, atMs)?.spentAtMs.get(Number(transportId));
    const isSpent =
      (spentAtMs !== undefined && atMs - spentAtMs > GRACE_MS) ||
      this.#metered.wasSpentAtBoot(who, Number(transportId));
    const fault = `I7: ${event.reasonCode} to T${transportId}, which spent its budget of the day`;
    this.#report('spentLink', who, isSpent ? fault : null);
  }

  /** It knows better than we do. */
  #left(who: string, atMs: number): void {
    const active = this.#metered.activeId(who);
    if (active !== null) this.#of(who, atMs)?.spentAtMs.set(active, atMs - GRACE_MS);
  }

  onBoot(who: string): void {
    this.#counts.delete(who);
  }

  onDeath(who: string): void {
    this.#counts.delete(who);
  }

  /** The count that is true now; null while its machine is down. */
  #of(who: string, atMs: number): Count | null {
    const wallMs = this.#metered.wallMs(who);
    if (wallMs === null) return null;
    const day = Math.floor(wallMs / DAY_MS);
    const known = this.#counts.get(who);
    if (known !== undefined && known.day === day && atMs - known.atMs < DAY_MS / 2) return known;
    const count = { day, atMs, bytes: new Map(), spentAtMs: new Map() };
    this.#counts.set(who, count);
    return count;
  }
}
