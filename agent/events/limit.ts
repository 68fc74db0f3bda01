/**
 * Refusals and notices of one code are published once a minute; how often they came meanwhile is told with the next. Pure.
 *
 * Whoever can have claims refused shall not fill the store with it. Their number since the start is in `counters` of the health report.
 *
 * @module
 */
import type { ReasonCode } from '../../session/reasons.ts';

/** Between two of one code (chosen, as in the audit log for documents). */
const APART_MS = 60_000;

export class Limit {
  readonly #saidAtMs = new Map<ReasonCode, number>();
  readonly #unsaid = new Map<ReasonCode, number>();

  /** How many were left out before this one, which is published; null: it is left out as well. */
  admit(code: ReasonCode, atMs: number): number | null {
    const unsaid = this.#unsaid.get(code) ?? 0;
    if (atMs - (this.#saidAtMs.get(code) ?? Number.NEGATIVE_INFINITY) < APART_MS) {
      this.#unsaid.set(code, unsaid + 1);
      return null;
    }
    this.#saidAtMs.set(code, atMs);
    this.#unsaid.delete(code);
    return unsaid;
  }
}
