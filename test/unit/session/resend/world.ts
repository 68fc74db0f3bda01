/**
 * Two ends of a session without sockets: rings, keypairs that only count, and what each end said and sent.
 *
 * @module
 */
import { plainMemory } from '../../../../session/memory.ts';
import { ReplayWindow } from '../../../../session/replay.ts';
import { newResendCounters } from '../../../../session/resend/counters.ts';
import type { Exchange } from '../../../../session/resend/exchange.ts';
import { ArrivalRate } from '../../../../session/resend/rate.ts';
import { Resending, type ResendKeypair } from '../../../../session/resend/resending.ts';
import { SlotPool } from '../../../../session/sealed/pool.ts';
import { SealedRing } from '../../../../session/sealed/ring.ts';
import { SLOT_BYTES } from '../../../../session/sealed/slot.ts';
import type { Received } from '../../../../session/wire/frames.ts';

export const MAX_AGE_MS = 2_000;

/** Local and remote index of one keypair, as the end sees it whose ring is looked at. */
export class CountingKeypair implements ResendKeypair {
  readonly localIndex: number;
  readonly remoteIndex: number;
  readonly window = new ReplayWindow();
  sentCounter = -1;
  lastDataAtMs: number | null = null;

  constructor(localIndex: number) {
    this.localIndex = localIndex;
    this.remoteIndex = localIndex + 1_000;
  }

  received() {
    return this.window.received();
  }
}

export class End {
  readonly ring: SealedRing;
  readonly counters = newResendCounters();
  readonly resending: Resending;
  readonly keypairs = new Map<number, CountingKeypair>();
  /** Counters that were sent again, by keypair, in order. */
  again: string[] = [];
  told: Received[] = [];

  constructor(isFollowing = true, slots = 16) {
    const pool = new SlotPool(plainMemory(slots * SLOT_BYTES));
    this.ring = new SealedRing(pool, slots * SLOT_BYTES);
    this.resending = new Resending({
      ring: this.ring,
      counters: this.counters,
      rates: new ArrivalRate(),
      isFollowing,
      maxAgeMs: () => MAX_AGE_MS,
      keypair: (channelId) => this.keypairs.get(channelId) ?? null,
      send: (at, bytes, segmentBytes) => {
        for (let done = 0; done < bytes; done += segmentBytes) {
          this.again.push(this.#nameAt(at + done));
        }
      },
      tell: (frame) => this.told.push(frame),
    });
  }

  /** Data goes under this keypair from here on. */
  use(channelId: number): CountingKeypair {
    const keypair = this.keypairs.get(channelId) ?? new CountingKeypair(channelId);
    this.keypairs.set(channelId, keypair);
    this.resending.setCurrent(channelId);
    return keypair;
  }

  /** Seal `count` datagrams of `bytes` under `channelId`; each says which it is. */
  seal(channelId: number, count: number, atMs: number, bytes = 100): void {
    const keypair = this.keypairs.get(channelId)!;
    for (let left = count; left > 0; left--) {
      keypair.sentCounter += 1;
      keypair.lastDataAtMs = atMs;
      const slot = this.ring.current(bytes, channelId) ?? this.ring.open(channelId);
      const view = new DataView(this.ring.memory.bytes.buffer, slot.at + slot.bytes, 8);
      view.setUint32(0, channelId);
      view.setUint32(4, keypair.sentCounter);
      slot.append(bytes, keypair.sentCounter, atMs);
    }
  }

  #nameAt(at: number): string {
    const view = new DataView(this.ring.memory.bytes.buffer, at, 8);
    return `${view.getUint32(0)}:${view.getUint32(4)}`;
  }

  /** What the peer says of `channelId`: all but `missing` of what was sent arrived. */
  report(
    channelId: number,
    missing: readonly number[],
    exchange: Pick<Exchange, 'stateVersion' | 'round'> = EXCHANGE,
    upTo = this.keypairs.get(channelId)!.sentCounter,
  ): Received {
    const window = new ReplayWindow();
    for (let counter = Math.max(0, upTo - 8_000); counter <= upTo; counter++) {
      if (!missing.includes(counter)) window.accept(counter);
    }
    const { stateVersion, round } = exchange;
    return {
      type: 'received',
      keypairIndex: this.keypairs.get(channelId)!.remoteIndex,
      ...window.received(),
      stateVersion,
      round,
      bytesPerSecond: 0,
    };
  }

  takeAgain(): string[] {
    const { again } = this;
    this.again = [];
    return again;
  }
}

/** Of a device that recovers on a wired link. */
export const EXCHANGE: Exchange = {
  stateVersion: 9,
  round: 0,
  isAsking: true,
  drainMs: null,
  transportId: 2,
  linkKind: 'ethernet',
  timeoutMs: 100,
};
