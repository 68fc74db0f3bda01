/**
 * What became of documents, as it is told: what was last, and how often what.
 *
 * @module
 */
import { isRefusal, type PushCode, Refusals } from '../pushRefusals.ts';

export type Detail = Readonly<Record<string, string | number>>;

type Said = Readonly<Record<string, unknown>>;

export class Told {
  /** The newest of a document that was taken. */
  lastStep: Said | null = null;
  /** Apart, for anybody can have something refused. */
  lastRefusal: Said | null = null;
  /** What was told of last, for an answer that follows. */
  #newest: Said | null = null;
  readonly #refusals = new Refusals();

  /** By code, since the process started. */
  get counters(): Readonly<Record<string, number>> {
    return this.#refusals.counters;
  }

  /** Without a word. */
  count(code: PushCode): void {
    this.#refusals.count(code);
  }

  /** For the audit log: the detail with how many went before it; null: one like it was audited a moment ago. */
  note(
    code: PushCode,
    detail: Detail,
    at: { readonly atMs: number; readonly wallMs: number },
  ): Detail | null {
    const said = { code, ts_ms: Math.round(at.wallMs), ...detail };
    if (isRefusal(code)) this.lastRefusal = said;
    else this.lastStep = said;
    this.#newest = said;
    const repeated = this.#refusals.note(code, at.atMs);
    if (repeated === null) return null;
    return repeated === 0 ? { ...detail } : { ...detail, repeated };
  }

  /** What was said with `code`, if that was the last that was told. */
  whyOf(code: string): string | null {
    const why = this.#newest?.['code'] === code ? this.#newest['why'] : null;
    return typeof why === 'string' ? why : null;
  }
}
