/**
 * One end of a session after a cut: says what arrived, hears what the other end lacks, and sends that once more.
 *
 * The same bytes under the same nonce, once in an exchange, before newer data, on the committed binding, at the pace
 * of the new path. Decides all of it and moves nothing: a shell tells and sends for it, calls `proceed` while it has
 * a binding, and again at `nextDeadlineMs`. Bounded: two keypairs, one exchange, what the ring holds (I11).
 *
 * ```text
 *   begin ─► (ask, answered by) onReceived ─► proceed … proceed ─► over; isHolding until then
 * ```
 *
 * Source: docs/protocol.md, "Resending what a cut swallowed".
 *
 * @module
 */
import { assert } from '../assert.ts';
import type { SessionKeypair } from '../channel/sessionKeypair.ts';
import type { SealedRing } from '../sealed/ring.ts';
import type { Received } from '../wire/frames.ts';
import type { ResendCounters } from './counters.ts';
import { Dropped } from './dropped.ts';
import { type Exchange, isLater, isSameExchange } from './exchange.ts';
import { PACE_MS, Pacer } from './pacer.ts';
import { type ArrivalRate, rateOf } from './rate.ts';
import { ExpectedRepeats } from './repeats.ts';
import { type SendAgain, Sweep } from './sweep.ts';

/** Current and previous (docs/protocol.md). */
const KEYPAIRS_MAX = 2;
/** What arrived is said so often at most, the first time included. Chosen. */
const TELLS_MAX = 4;
/** The answer to a claim is there, RECEIVED follows it: newer data waits so long for it. Chosen. */
const AWAIT_MS = 50;
/** A keypair that carried nothing for so long has nothing to be sent again: older than any ring keeps. */
const RECENT_MS = 10_000;

/** What is asked of a keypair. */
export type ResendKeypair = Pick<
  SessionKeypair,
  'localIndex' | 'remoteIndex' | 'sentCounter' | 'lastDataAtMs' | 'received'
>;

export interface ResendingParts {
  readonly ring: SealedRing;
  readonly counters: ResendCounters;
  readonly rates: ArrivalRate;
  /** Whether the other end begins rounds: the hub does. */
  readonly isFollowing: boolean;
  readonly maxAgeMs: () => number;
  readonly keypair: (channelId: number) => ResendKeypair | null;
  /** On the committed binding and nowhere else. */
  readonly send: SendAgain;
  readonly tell: (frame: Received) => void;
}

export class Resending {
  readonly #parts: ResendingParts;
  readonly #repeats = new ExpectedRepeats();
  /** Keypairs that data was sealed under, the current one first. */
  #channels: readonly number[] = [];
  #exchange: Exchange | null = null;
  /** By channel: the counter sealed last before the cut. */
  #cut: ReadonlyMap<number, number> = new Map();
  #told = new Set<number>();
  /** Frames of an exchange that has not begun here. */
  #early: Received[] = [];
  #answers: number[] = [];
  #sweeps: Sweep[] = [];
  /** By channel, of those in `#channels`. */
  readonly #dropped = new Map<number, Dropped>();
  #pacer: Pacer | null = null;
  #tellAtMs: number | null = null;
  #tells = 0;
  #awaitUntilMs = 0;
  #isOpened = false;
  #steppedAtMs = 0;

  constructor(parts: ResendingParts) {
    this.#parts = parts;
  }

  /** Data is sealed under this keypair from here on; what older ones than the one before sealed is given up. */
  setCurrent(channelId: number): void {
    if (this.#channels[0] === channelId) return;
    const before = this.#channels.filter((known) => known !== channelId);
    this.#keepOnly([channelId, ...before].slice(0, KEYPAIRS_MAX));
  }

  /** The keys are gone, and with them what was sealed under them. */
  forget(channelId: number): void {
    this.#repeats.forget(channelId);
    if (!this.#channels.includes(channelId)) return;
    this.#keepOnly(this.#channels.filter((known) => known !== channelId));
  }

  #keepOnly(channels: readonly number[]): void {
    this.#channels = channels;
    this.#parts.ring.keepOnly(channels);
    const isKept = ({ swept }: Sweep) => channels.includes(swept.channelId);
    for (const sweep of this.#sweeps) if (!isKept(sweep)) sweep.giveUp();
    this.#sweeps = this.#sweeps.filter(isKept);
    for (const id of this.#dropped.keys()) if (!channels.includes(id)) this.#dropped.delete(id);
  }

  /**
   * What arrived, for a claim that is sent now in the channel `claimChannelId`: one frame for each keypair that
   * the other end may still have something of, the older one first.
   */
  describe(
    { stateVersion, round, transportId }: Pick<Exchange, 'stateVersion' | 'round' | 'transportId'>,
    claimChannelId: number,
    atMs: number,
  ): Received[] {
    const [current] = this.#channels;
    if (current === undefined) return [];
    // Where the claim comes in a newer channel, that one is the current one then, and this the one before.
    const isCurrent = claimChannelId === current;
    const told = isCurrent ? this.#channels : [current];
    return told
      .filter((channelId) => channelId === current || this.#isRecent(channelId, atMs))
      .toReversed()
      .flatMap((channelId) =>
        this.#describe(channelId, { stateVersion, round, transportId }, atMs),
      );
  }

  /** A claim was committed, or its binding moved. Nothing is sent before `proceed`. */
  begin(exchange: Exchange, atMs: number): void {
    const before = this.#exchange;
    if (before !== null && !isLater(exchange, before)) return;
    this.stop();
    const { ring } = this.#parts;
    this.#exchange = exchange;
    this.#cut = new Map(
      this.#channels.map((id) => [id, this.#parts.keypair(id)?.sentCounter ?? -1]),
    );
    this.#told = new Set();
    this.#pacer = null;
    this.#isOpened = false;
    const { isAsking, drainMs, round, timeoutMs } = exchange;
    const isTold = isAsking && drainMs === null && round === 0; // it went along with the claim
    this.#tells = isTold ? 1 : 0;
    this.#tellAtMs = isAsking ? atMs + (isTold ? timeoutMs : (drainMs ?? 0)) : null;
    const sinceMs = atMs - this.#parts.maxAgeMs();
    const hasSealed = [...this.#cut].some(([id, last]) => ring.has(id, last, sinceMs));
    this.#awaitUntilMs = isTold && hasSealed ? atMs + AWAIT_MS : atMs;
    for (const frame of this.#early.splice(0)) this.onReceived(frame, atMs);
  }

  /** A frame of the session, in one of its channels. False: it belongs to nothing and did nothing. */
  onReceived(frame: Received, atMs: number): boolean {
    const { isFollowing } = this.#parts;
    const exchange = this.#exchange;
    if (exchange === null || isLater(frame, exchange)) {
      const isRebind = exchange !== null && frame.stateVersion === exchange.stateVersion;
      if (isRebind && !isFollowing) return false;
      if (!isRebind) return this.#keepEarly(frame);
      this.begin({ ...exchange, round: frame.round, isAsking: false, drainMs: null }, atMs);
      return this.onReceived(frame, atMs);
    }
    if (!isSameExchange(frame, exchange)) return false;
    const channelId = this.#channels.find(
      (id) => this.#parts.keypair(id)?.remoteIndex === frame.keypairIndex,
    );
    if (channelId === undefined) return false;
    if (!exchange.isAsking && !this.#answers.includes(channelId)) this.#answers.push(channelId);
    if (this.#told.has(channelId)) return true;
    this.#told.add(channelId);
    this.#pacer ??= new Pacer(rateOf(exchange.linkKind, frame.bytesPerSecond), atMs);
    const counterMax = this.#cut.get(channelId);
    if (counterMax === undefined) return true;
    const dropped = this.#dropped.get(channelId) ?? new Dropped();
    this.#dropped.set(channelId, dropped);
    const swept = { channelId, received: frame, counterMax, dropped };
    this.#sweeps.push(new Sweep(this.#parts.ring, swept, this.#parts.counters));
    return true;
  }

  /** Do what is due; only while there is a binding. */
  proceed(atMs: number): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    for (const id of this.#answers.splice(0)) this.#tell(id, exchange, atMs);
    if (this.#tellAtMs !== null && this.#tellAtMs <= atMs) this.#tellAgain(exchange, atMs);
    this.#steppedAtMs = atMs;
    for (let sweep = this.#sweeps[0]; sweep !== undefined; sweep = this.#sweeps[0]) {
      assert(this.#pacer !== null, 'who sweeps was told something');
      const sentCounter = this.#parts.keypair(sweep.swept.channelId)?.sentCounter;
      const maxAgeMs = this.#parts.maxAgeMs();
      if (sentCounter === undefined) sweep.giveUp();
      else if (!sweep.step(atMs, maxAgeMs, sentCounter, this.#pacer, this.#parts.send)) return;
      this.#sweeps.shift();
    }
  }

  /** Whether newer data has to wait: something older goes first, or is about to be asked for. */
  isHolding(atMs: number): boolean {
    if (this.#isOpened || this.#exchange === null || this.#exchange.drainMs !== null) return false;
    return this.#sweeps.length > 0 || (atMs < this.#awaitUntilMs && this.#isUntold(atMs));
  }

  /** There is no room to wait any longer: newer data goes out between what is older. */
  stopHolding(): void {
    this.#isOpened = true;
  }

  /** There is no binding: what was under way waits for the next exchange, which asks anew. */
  stop(): void {
    this.#sweeps = [];
    this.#answers = [];
    this.#tellAtMs = null;
    this.#awaitUntilMs = 0;
  }

  /** When `proceed` has something to do at the latest, or newer data need wait no longer; null: not by time. */
  nextDeadlineMs(): number | null {
    let nextMs = this.#tellAtMs;
    const sooner = (atMs: number) => {
      nextMs = nextMs === null ? atMs : Math.min(nextMs, atMs);
    };
    if (this.#sweeps.length > 0) sooner(this.#steppedAtMs + PACE_MS);
    if (this.#awaitUntilMs > this.#steppedAtMs) sooner(this.#awaitUntilMs);
    return nextMs;
  }

  /** Whether an authentic copy is one that our own RECEIVED explains; counted then. */
  takesRepeat(channelId: number, counter: number, atMs: number): boolean {
    if (!this.#repeats.takes(channelId, counter, atMs)) return false;
    this.#parts.counters.duplicates += 1;
    return true;
  }

  /** Whether a copy may be one of those, so that it is worth an authentication. */
  isExpectingRepeats(atMs: number): boolean {
    return this.#repeats.isExpecting(atMs);
  }

  #keepEarly(frame: Received): boolean {
    const others = this.#early.filter(
      (kept) => isSameExchange(kept, frame) && kept.keypairIndex !== frame.keypairIndex,
    );
    this.#early = [...others, frame].slice(-KEYPAIRS_MAX);
    return true;
  }

  #isUntold(atMs: number): boolean {
    const sinceMs = atMs - this.#parts.maxAgeMs();
    for (const [id, last] of this.#cut) {
      if (!this.#told.has(id) && this.#parts.ring.has(id, last, sinceMs)) return true;
    }
    return false;
  }

  #isRecent(channelId: number, atMs: number): boolean {
    const lastMs = this.#parts.keypair(channelId)?.lastDataAtMs ?? null;
    return lastMs !== null && atMs - lastMs <= RECENT_MS;
  }

  #tellAgain(exchange: Exchange, atMs: number): void {
    const [newest] = this.#cut.keys();
    const missing = [...this.#cut.keys()].filter(
      (id) =>
        !this.#told.has(id) &&
        this.#channels.includes(id) &&
        (id === newest || this.#isRecent(id, atMs)),
    );
    if (missing.length === 0 || this.#tells >= TELLS_MAX) {
      this.#tellAtMs = null;
      return;
    }
    for (const id of missing.toReversed()) this.#tell(id, exchange, atMs);
    this.#tellAtMs = atMs + exchange.timeoutMs * 1.5 ** this.#tells;
    this.#tells += 1;
  }

  #tell(channelId: number, exchange: Exchange, atMs: number): void {
    for (const frame of this.#describe(channelId, exchange, atMs)) this.#parts.tell(frame);
  }

  #describe(
    channelId: number,
    { stateVersion, round, transportId }: Pick<Exchange, 'stateVersion' | 'round' | 'transportId'>,
    atMs: number,
  ): Received[] {
    const keypair = this.#parts.keypair(channelId);
    if (keypair === null) return [];
    const received = keypair.received();
    const maxAgeMs = this.#parts.maxAgeMs();
    this.#repeats.invite(channelId, received, `${stateVersion} ${round}`, maxAgeMs, atMs);
    const bytesPerSecond = this.#parts.rates.of(transportId, atMs);
    const keypairIndex = keypair.localIndex;
    return [{ type: 'received', keypairIndex, ...received, stateVersion, round, bytesPerSecond }];
  }
}
