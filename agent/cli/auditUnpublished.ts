/**
 * When notices and refusals of a device may have happened that it did not publish: of one code it publishes one a minute, and says
 * with the next how many it left out (docs/mqtt.md, `repeated`). Pure.
 *
 * @module
 */
import type { Published } from './auditPublished.ts';

/** As `agent/events/limit.ts`, and what passes between an event and its publishing. */
const APART_MS = 65_000;

/** By the clock of its process: after one that was published. */
interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

export class Unpublished {
  /** By process and code. */
  readonly #windows = new Map<string, Window[]>();

  /** @param events of one stream, in order. */
  constructor(events: readonly Published[]) {
    const newest = new Map<string, Published>();
    for (const event of events) {
      const { record, boot, repeated } = event;
      if (record.event !== 'notice' && record.event !== 'refusal') continue;
      const key = `${boot} ${record.reasonCode}`;
      const before = newest.get(key);
      newest.set(key, event);
      if (before !== undefined && repeated > 0) {
        this.#add(key, before.record.atMs, record.atMs);
      }
    }
    // Nobody has said yet whether there were more.
    for (const [key, { record }] of newest) this.#add(key, record.atMs, record.atMs + APART_MS);
  }

  /** Whether one of `codes` may have happened between two events; `before` null: before `after`. */
  isBetween(before: Published | null, after: Published, codes: readonly string[]): boolean {
    if (before === null) return false;
    const isSame = before.boot === after.boot;
    const [fromMs, toMs] = [before.record.atMs, after.record.atMs];
    return (
      this.#has(before.boot, codes, { fromMs, toMs: isSame ? toMs : Number.POSITIVE_INFINITY }) ||
      (!isSame && this.#has(after.boot, codes, { fromMs: Number.NEGATIVE_INFINITY, toMs }))
    );
  }

  #has(boot: string, codes: readonly string[], { fromMs, toMs }: Window): boolean {
    return codes.some((code) =>
      (this.#windows.get(`${boot} ${code}`) ?? []).some(
        (window) => window.fromMs < toMs && window.toMs > fromMs,
      ),
    );
  }

  #add(key: string, fromMs: number, toMs: number): void {
    const windows = this.#windows.get(key) ?? [];
    windows.push({ fromMs, toMs });
    this.#windows.set(key, windows);
  }
}
