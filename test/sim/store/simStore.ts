/**
 * The ownership store that all hubs share: one compare-and-swap register a device, as slow and as
 * unreliable as a scenario wants it.
 *
 * A swap may be carried out and its answer lost, or be carried out long after the hub stopped waiting, or
 * never. Records pass through the hub's own encoding, so that nothing but bytes is kept.
 *
 * @module
 */
import { decodeRecord, encodeRecord } from '../../../hub/recordBlob.ts';
import { assert } from '../../../session/assert.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
import type { StoreChange } from '../fault.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';

/** A hub stops waiting after this. */
const PATIENCE_MS = 2_000;
const LATE_MS_MAX = 6_000;

export interface Swap {
  readonly device: string;
  readonly expectedRevision: number;
  readonly record: SessionRecord;
}

export interface SwapAnswer {
  readonly outcome: 'committed' | 'mismatch' | 'unknown';
  /** What the store holds now; null: nothing, or nobody knows. */
  readonly current: SessionRecord | null;
}

export type Committed = (hub: string, before: SessionRecord | null, after: SessionRecord) => void;

export class SimStore {
  conditions: Required<StoreChange>;
  /** Told of every commit at the moment it is one. */
  onCommit: Committed = () => {};
  readonly #world: World;
  readonly #random: Random;
  readonly #decoded = new Map<string, SessionRecord>();
  readonly #cut = new Set<string>();
  readonly moments = new Map<string, number>();

  constructor(world: World, random: Random, delayMs: number) {
    this.#world = world;
    this.#random = random;
    this.conditions = { delayMs, unavailable: false, lostAnswerPercent: 0, latePercent: 0 };
  }

  change(change: StoreChange): void {
    this.conditions = { ...this.conditions, ...change };
  }

  /** A hub that cannot reach the store. */
  partition(hub: string, isCut: boolean): void {
    if (isCut) this.#cut.add(hub);
    else this.#cut.delete(hub);
  }

  heal(): void {
    this.#cut.clear();
    this.change({ delayMs: 5, unavailable: false, lostAnswerPercent: 0, latePercent: 0 });
  }

  isReachable(hub: string): boolean {
    return !this.conditions.unavailable && !this.#cut.has(hub);
  }

  /** What is committed, seen from outside. */
  record(device: string): SessionRecord | null {
    return this.#decoded.get(device) ?? null;
  }

  records(): SessionRecord[] {
    return [...this.#decoded.values()];
  }

  /** Carry out `swap` for `hub`; `answer` is called at most once, after a while. */
  swap(hub: string, swap: Swap, answer: (answer: SwapAnswer) => void): void {
    const random = this.#random;
    const unknown = { outcome: 'unknown', current: null } as const;
    const tookMs = () => this.#tookMs();
    if (!this.isReachable(hub)) {
      this.#saw('store unreachable');
      return this.#world.after(PATIENCE_MS, () => answer(unknown));
    }
    const { lostAnswerPercent, latePercent } = this.conditions;
    if (random.chance(latePercent)) {
      this.#saw('store late');
      this.#world.after(random.below(LATE_MS_MAX), () => this.#apply(hub, swap));
      return this.#world.after(PATIENCE_MS, () => answer(unknown));
    }
    const isLost = random.chance(lostAnswerPercent);
    this.#world.after(tookMs(), () => {
      const outcome = this.#apply(hub, swap);
      if (isLost || this.#cut.has(hub)) {
        this.#saw('store answer lost');
        this.#world.after(PATIENCE_MS, () => answer(unknown));
      } else this.#world.after(tookMs(), () => answer(outcome));
    });
  }

  /** A linearizable read; null where nobody answers. */
  read(
    hub: string,
    device: string,
    answer: (record: { readonly current: SessionRecord | null } | null) => void,
  ): void {
    if (!this.isReachable(hub)) return this.#world.after(PATIENCE_MS, () => answer(null));
    this.#world.after(this.#tookMs(), () => {
      const current = this.record(device);
      this.#world.after(this.#tookMs(), () => answer({ current }));
    });
  }

  #tookMs(): number {
    return this.#random.below(this.conditions.delayMs * 4 + 1) / 8;
  }

  #apply(hub: string, { device, expectedRevision, record }: Swap): SwapAnswer {
    assert(record.device === device, 'a record lies under its own device');
    const before = this.record(device);
    if ((before?.revision ?? 0) !== expectedRevision) {
      this.#saw('store mismatch');
      return { outcome: 'mismatch', current: before };
    }
    const blob = encodeRecord(record);
    const current = decodeRecord(blob);
    assert(current !== null, 'what is written can be read');
    this.#decoded.set(device, current);
    this.onCommit(hub, before, current);
    return { outcome: 'committed', current };
  }

  #saw(what: string): void {
    this.moments.set(what, (this.moments.get(what) ?? 0) + 1);
  }
}
