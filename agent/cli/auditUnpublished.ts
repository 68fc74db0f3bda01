/**
 * When notices and refusals of a device may have happened that it did not publish: of one code it publishes one a minute, and says
 * with the next how many it left out (docs/mqtt.md, `repeated`). Pure.
 *
 * Of what is missing nobody knows its code: it may have been the one that others were left out after.
 *
 * @module
 */
import type { Published } from './auditPublished.ts';
import { type Window, Windows } from './auditWindows.ts';

/** As `agent/events/limit.ts`, and what passes between an event and its publishing. */
const APART_MS = 65_000;

/** One of a code that was published. */
interface Said {
  /** Place among the events of the stream. */
  readonly at: number;
  readonly atMs: number;
  readonly repeated: number;
}

/** Something is missing in front of the event at this place. */
interface Missing extends Window {
  readonly at: number;
}

export class Unpublished {
  /** By process and code. */
  readonly #said = new Map<string, Said[]>();
  /** By process. */
  readonly #missing = new Map<string, Missing[]>();
  /** Of those that were asked for, by process and code: a noisy device has thousands of each, and each of its events asks. */
  readonly #dark = new Map<string, Windows>();

  /**
   * @param events of one stream, in order.
   * @param isWhole the first of them is the first of the stream.
   */
  constructor(events: readonly Published[], isWhole: boolean) {
    for (const [at, event] of events.entries()) {
      const { record, boot, repeated } = event;
      const before = events[at - 1] ?? null;
      const isNext = before === null ? isWhole : record.seq === before.record.seq + 1;
      if (!isNext) this.#miss(at, before, event);
      if (record.event !== 'notice' && record.event !== 'refusal') continue;
      add(this.#said, `${boot} ${record.reasonCode}`, { at, atMs: record.atMs, repeated });
    }
  }

  /** Whether one of `codes` may have happened between two events; `before` null: before `after`. */
  isBetween(before: Published | null, after: Published, codes: readonly string[]): boolean {
    if (before === null) return false;
    const isSame = before.boot === after.boot;
    const [fromMs, toMs] = [before.record.atMs, after.record.atMs];
    const [always, never] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    return codes.some(
      (code) =>
        this.#has(before.boot, code, { fromMs, toMs: isSame ? toMs : always }) ||
        (!isSame && this.#has(after.boot, code, { fromMs: never, toMs })),
    );
  }

  #has(boot: string, code: string, window: Window): boolean {
    const key = `${boot} ${code}`;
    let dark = this.#dark.get(key);
    if (dark === undefined) {
      dark = new Windows(darkOf(this.#said.get(key) ?? [], this.#missing.get(boot) ?? []));
      this.#dark.set(key, dark);
    }
    return dark.reachInto(window);
  }

  #miss(at: number, before: Published | null, { record, boot }: Published): void {
    const isSame = before !== null && before.boot === boot;
    const fromMs = isSame ? before.record.atMs : Number.NEGATIVE_INFINITY;
    add(this.#missing, boot, { at, fromMs, toMs: record.atMs });
    if (before === null || isSame) return;
    const rest = { at, fromMs: before.record.atMs, toMs: Number.POSITIVE_INFINITY };
    add(this.#missing, before.boot, rest);
  }
}

/** Both in the order of their places. */
function darkOf(said: readonly Said[], missing: readonly Missing[]): readonly Window[] {
  const dark = said.map(({ atMs }, at) => behind(atMs, atMs, said[at + 1]));
  let next = 0;
  for (const { at, fromMs, toMs } of missing) {
    while (next < said.length && said[next]!.at < at) next += 1;
    dark.push(behind(fromMs, toMs, said[next]));
  }
  return dark;
}

/** When one may have been left out behind one of the same code, which was said between two moments; `next`: the one after it. */
function behind(fromMs: number, toMs: number, next: Said | undefined): Window {
  // Nobody has said yet whether there were more.
  if (next === undefined) return { fromMs, toMs: toMs + APART_MS };
  return { fromMs, toMs: next.repeated > 0 ? next.atMs : fromMs };
}

function add<T>(lists: Map<string, T[]>, key: string, one: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [one]);
  else list.push(one);
}
