/**
 * The ownership store that all hubs share: one compare-and-swap register a device, as slow and as
 * unreliable as a scenario wants it.
 *
 * A swap may be carried out and its answer lost, or be carried out long after the hub stopped waiting, or
 * never. Records pass through the hub's own encoding, so that nothing but bytes is kept.
 *
 * @module
 */
import { judgeSwap, type SwapResult } from '../../../hub/compareAndSwap.ts';
import { decodeRecord, encodeRecord } from '../../../hub/recordBlob.ts';
import { assert } from '../../../session/assert.ts';
import { isSameClaim } from '../../../session/claim.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
import type { StoreChange } from '../fault.ts';
import type { SwapAnswer, SwapRequest } from '../process/hubProcess.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';

/** A hub is told `unknown` after this. */
const PATIENCE_MS = 2_000;
const LATE_MS_MAX = 6_000;

export type OnCommit = (hub: string, before: SessionRecord | null, after: SessionRecord) => void;

/** Does the work when the hub's machine takes what came for it: not while it sleeps, never if it dies before. */
export type Hand = (work: () => void) => void;

export class SimStore {
  conditions: Required<StoreChange>;
  /** Told of every commit at the moment it is one. */
  onCommit: OnCommit = () => {};
  /** Told when a hub is: what the store holds in its name. */
  onLearned: (hub: string, record: SessionRecord) => void = () => {};
  /** Told when a hub is: nobody knows whether what it swapped in for `device` is committed; or somebody does again. */
  onDoubt: (hub: string, device: string, isInDoubt: boolean) => void = () => {};
  readonly moments = new Map<string, number>();
  readonly #world: World;
  readonly #random: Random;
  readonly #records = new Map<string, SessionRecord>();
  readonly #cut = new Set<string>();
  /** Swaps of which a hub knows what became. */
  readonly #answered = new Set<string>();
  /** By hub: how many of its processes have died. */
  readonly #deaths = new Map<string, number>();

  constructor(world: World, random: Random, delayMs: number) {
    this.#world = world;
    this.#random = random;
    this.conditions = { delayMs, unavailable: false, lostAnswerPercent: 0, latePercent: 0 };
  }

  /** Returns whether that is another one than before. */
  change(change: StoreChange): boolean {
    const before = this.conditions;
    const after = { ...before, ...change };
    this.conditions = after;
    return (Object.keys(after) as (keyof StoreChange)[]).some((key) => before[key] !== after[key]);
  }

  /** A hub that cannot reach the store. Returns whether that is new. */
  partition(hub: string, isCut: boolean): boolean {
    const isOther = this.#cut.has(hub) !== isCut;
    if (isCut) this.#cut.add(hub);
    else this.#cut.delete(hub);
    return isOther;
  }

  heal(): void {
    this.#cut.clear();
    this.change({ delayMs: 5, unavailable: false, lostAnswerPercent: 0, latePercent: 0 });
  }

  hubDied(hub: string): void {
    this.#deaths.set(hub, this.#deathsOf(hub) + 1);
  }

  #deathsOf(hub: string): number {
    return this.#deaths.get(hub) ?? 0;
  }

  isReachable(hub: string): boolean {
    return !this.conditions.unavailable && !this.#cut.has(hub);
  }

  /** What is committed, seen from outside. */
  record(device: string): SessionRecord | null {
    return this.#records.get(device) ?? null;
  }

  records(): SessionRecord[] {
    return [...this.#records.values()];
  }

  /** Carry out `request` for `hub`; `answer` is handed to it once, after a while: that moment it learns, or doubts. */
  swap(hub: string, request: SwapRequest, hand: Hand, answer: (answer: SwapAnswer) => void): void {
    const { device, life, swapId, expectedRevision, record } = request;
    const random = this.#random;
    const isView = isSameBinding(this.record(device), record);
    const deaths = this.#deathsOf(hub);
    const tell = (result: SwapResult | null) => {
      // Nobody hears it: what a dead process swapped, its successor fences off with an epoch of its own.
      if (this.#deathsOf(hub) !== deaths) return;
      const name = `${hub} ${deaths} ${device} ${life} ${swapId}`;
      if (result !== null) {
        this.#answered.add(name);
        if (result.current?.owner === hub) this.onLearned(hub, result.current);
        this.onDoubt(hub, device, false);
      }
      // An answer that was given up for lost says nothing any more once a repeat was answered.
      else if (!isView && !this.#answered.has(name)) this.onDoubt(hub, device, true);
      answer({
        kind: 'swapped',
        device,
        life,
        swapId,
        outcome: result?.outcome ?? 'unknown',
        current: result?.current ?? null,
      });
    };
    const arrive = (result: SwapResult | null) => hand(() => tell(result));
    const apply = () => this.compareAndSwap(hub, device, expectedRevision, record);
    const giveUp = (what: string) => {
      this.saw(what);
      this.#world.after(PATIENCE_MS, () => arrive(null));
    };
    if (!this.isReachable(hub)) return giveUp('store unreachable');
    const { lostAnswerPercent, latePercent } = this.conditions;
    if (random.chance(latePercent)) {
      this.#world.after(random.below(LATE_MS_MAX), apply);
      return giveUp('store late');
    }
    const isLost = random.chance(lostAnswerPercent);
    this.#world.after(this.tookMs(), () => {
      const result = apply();
      if (isLost || !this.isReachable(hub)) return giveUp('store answer lost');
      this.#world.after(this.tookMs(), () => arrive(result));
    });
  }

  /** At once: what the medium does when a request arrives. */
  compareAndSwap(
    hub: string,
    device: string,
    expectedRevision: number,
    record: SessionRecord,
  ): SwapResult {
    const before = this.record(device);
    const result = judgeSwap(before, device, expectedRevision, record);
    if (result.outcome === 'mismatch') {
      this.saw('store mismatch');
      return result;
    }
    const current = decodeRecord(encodeRecord(record));
    assert(current !== null, 'what is written can be read');
    this.#records.set(device, current);
    this.onCommit(hub, before, current);
    return { outcome: 'committed', current };
  }

  /** One way to the store. */
  tookMs(): number {
    return this.#random.below(this.conditions.delayMs * 4 + 1) / 8;
  }

  saw(what: string): void {
    this.moments.set(what, (this.moments.get(what) ?? 0) + 1);
  }
}

/** Whether `after` says no more than what the hub observed: then it is in no doubt about the binding. */
function isSameBinding(before: SessionRecord | null, after: SessionRecord): boolean {
  return (
    before !== null &&
    isSameClaim(before.claim, after.claim) &&
    before.owner === after.owner &&
    before.ownerEpoch === after.ownerEpoch &&
    before.terminated === after.terminated
  );
}
