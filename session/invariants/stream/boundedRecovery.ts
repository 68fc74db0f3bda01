/**
 * I3 bounded-recovery: RECOVERING ends within its window, nothing is without a transport beyond its TTL, and
 * no session outlives its TTL.
 *
 * A restarted device begins a new recovery; a restarted hub goes on with the one it was in.
 *
 * @module
 */
import { type Bounds, bySession, type Ledger } from './ledger.ts';
import type { AuditRecord, AuditStream } from './record.ts';

/** How late a deadline may be obeyed: a busy machine, not a broken rule (chosen). */
const SLACK_MS = 1_000;
/** So long in ATTACHED, and the transport TTL starts anew (docs/protocol.md, "Choosing and bounding"). */
const PROVEN_AFTER_MS = 10_000;

export function checkBoundedRecovery(
  streams: readonly AuditStream[],
  bounds: Bounds,
  ledger: Ledger,
): void {
  for (const { writer, records } of streams) {
    const endAtMs = records.at(-1)?.atMs ?? 0;
    for (const own of bySession(records).values()) {
      const watch = new Watch(writer, bounds, ledger);
      for (const record of own) watch.see(record);
      watch.end(own[0]!, own.at(-1)!, endAtMs);
    }
  }
}

class Watch {
  readonly #writer: AuditStream['writer'];
  readonly #bounds: Bounds;
  readonly #ledger: Ledger;
  #recoveringSinceMs: number | null = null;
  #attachedSinceMs: number | null = null;
  /** Spent without a transport in the recoveries before this one. */
  #spentMs = 0;
  #hasEnded = false;

  constructor(writer: AuditStream['writer'], bounds: Bounds, ledger: Ledger) {
    this.#writer = writer;
    this.#bounds = bounds;
    this.#ledger = ledger;
  }

  see(record: AuditRecord): void {
    const { reasonCode, from, to, atMs } = record;
    if (reasonCode === 'agent_restarted' && record.event === 'notice') {
      this.#recoveringSinceMs = atMs;
      this.#attachedSinceMs = null;
      this.#spentMs = 0;
    }
    if (record.event !== 'transition') return;
    if (from === 'ATTACHED' && this.#attachedSinceMs !== null) {
      if (atMs - this.#attachedSinceMs >= PROVEN_AFTER_MS) this.#spentMs = 0;
      this.#attachedSinceMs = null;
    }
    if (this.#recoveringSinceMs !== null && to !== 'RECOVERING') this.#judge(record, atMs);
    if (to === 'RECOVERING') this.#recoveringSinceMs = atMs;
    if (to === 'ATTACHED') this.#attachedSinceMs = atMs;
    if (to === 'TERMINATED') this.#hasEnded = true;
  }

  /** @param endAtMs when the log ends: what had not ended by then is judged by that. */
  end(first: AuditRecord, last: AuditRecord, endAtMs: number): void {
    if (this.#recoveringSinceMs !== null) this.#judge(last, endAtMs);
    const ageMs = (this.#hasEnded ? last.atMs : endAtMs) - first.atMs;
    const { ttlMs } = this.#bounds;
    const isTooOld = ageMs > ttlMs + SLACK_MS;
    const problem = `I3: a session of ${Math.round(ageMs)} ms, its TTL is ${ttlMs}`;
    this.#ledger.enter(isTooOld ? problem : null, this.#writer, last);
  }

  #judge(record: AuditRecord, untilMs: number): void {
    const { recoveryWindowMs, transportTtlMs } = this.#bounds;
    const tookMs = untilMs - (this.#recoveringSinceMs ?? untilMs);
    this.#recoveringSinceMs = null;
    this.#spentMs += tookMs;
    const isLate = tookMs > recoveryWindowMs + SLACK_MS;
    const late = `I3: RECOVERING for ${Math.round(tookMs)} ms, its window is ${recoveryWindowMs}`;
    this.#ledger.enter(isLate ? late : null, this.#writer, record);
    const isSpent = this.#spentMs > transportTtlMs + SLACK_MS;
    const spent = `I3: ${Math.round(this.#spentMs)} ms without a transport, its TTL is ${transportTtlMs}`;
    this.#ledger.enter(isSpent ? spent : null, this.#writer, record);
  }
}
