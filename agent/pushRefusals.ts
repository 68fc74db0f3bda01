/**
 * How often which code was given for documents, and which of them go to the audit log.
 *
 * Anybody who may write to the topic can have documents refused; the log is on flash. So a refusal is audited at most once a
 * minute by its code, with how many went before it.
 *
 * @module
 */
import type { RefusalCode } from '../policies/signed/refusal.ts';
import { DOCUMENT_REFUSALS, type DOCUMENT_STEPS } from '../session/reasons/documents.ts';
import { REASONS } from '../session/reasons.ts';

export type PushCode = RefusalCode | keyof typeof DOCUMENT_STEPS;

/** Between two lines of one code (chosen). */
const APART_MS = 60_000;

export class Refusals {
  /** By code, since the process started. */
  readonly counters: Record<string, number> = {};
  readonly #saidAtMs = new Map<PushCode, number>();
  readonly #unsaid = new Map<PushCode, number>();

  count(code: PushCode): void {
    this.counters[code] = (this.counters[code] ?? 0) + 1;
  }

  /** Counts it. Null: not to be said; otherwise how many were not said before. */
  note(code: PushCode, atMs: number): number | null {
    this.count(code);
    if (!isRefusal(code)) return 0;
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

/** Of a document that was not taken; else what became of one that was. */
export function isRefusal(code: PushCode): boolean {
  return Object.hasOwn(DOCUMENT_REFUSALS, code);
}

/** How the audit log has it. */
export function severityKind(code: PushCode): 'notice' | 'refusal' | 'alarm' {
  if (REASONS[code].severity === 'alarm') return 'alarm';
  return isRefusal(code) ? 'refusal' : 'notice';
}
