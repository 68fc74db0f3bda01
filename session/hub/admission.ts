/**
 * Check 0: how many handshakes and new sessions a hub takes on, before it knows who asks.
 *
 * Token buckets by source prefix and overall, and a queue of slots for new sessions: a device that is
 * turned away is told when its own slot comes, so that a storm drains in order. Everything is bounded;
 * what was turned away is counted and told in bursts, never one by one.
 *
 * Mutable on purpose: it is asked for every unauthenticated datagram.
 *
 * Source: docs/protocol.md, "What a hub checks", 0, and "Policy", admission.
 *
 * @module
 */
import type { ReasonCode } from '../reasons.ts';

export interface AdmissionLimits {
  readonly handshakesPerPrefixPerSecond: number;
  readonly handshakesPerSecond: number;
  readonly newSessionsPerSecond: number;
}

/** What was turned away since the last burst was told. */
export interface Burst {
  readonly reasonCode: ReasonCode;
  /** Null: many prefixes, or the limit over all of them. */
  readonly prefix: string | null;
  readonly count: number;
  readonly sinceMs: number;
}

export type Slot =
  | { readonly isGranted: true }
  | { readonly isGranted: false; readonly retryAfterMs: number };

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Chosen: a bucket is 24 bytes of numbers and a short key, so the table stays below one MiB. */
export const PREFIXES_MAX = 4_096;
export const RESERVATIONS_MAX = 16_384;
export const BURST_PREFIXES_MAX = 64;
/** A reserved slot that is not used within this is free again for its device to ask anew. */
export const SLOT_KEPT_MS = 10_000;

/**
 * /24 of IPv4, /48 of IPv6. Takes `ip:port` or `[ip]:port`.
 *
 * A /48 is the most that one site usually gets (RFC 6177). Shares by /56 would give such a site 256 of
 * them, and five are enough to use up what all networks have together.
 */
export function prefixOf(source: string): string {
  const ip = source.startsWith('[')
    ? source.slice(1, source.lastIndexOf(']'))
    : source.slice(0, source.lastIndexOf(':'));
  if (!ip.includes(':')) return ip.split('.').slice(0, 3).join('.');
  const [head = '', tail = ''] = ip.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === '' ? [] : tail.split(':');
  const gap = ip.includes('::') ? Math.max(0, 8 - front.length - back.length) : 0;
  return [...front, ...Array<string>(gap).fill('0'), ...back].slice(0, 3).join(':');
}

export class Admission {
  #limits: AdmissionLimits;
  readonly #burstMs: number;
  /** In order of last use: the first is the one to forget. */
  readonly #prefixes = new Map<string, Bucket>();
  readonly #all: Bucket;
  readonly #reserved = new Map<string, number>();
  #nextSlotAtMs: number;
  readonly #refused = new Map<
    string,
    { reasonCode: ReasonCode; prefix: string | null; count: number }
  >();
  #burstSinceMs: number;

  /** @param burstMs for how much time handshakes may come at once, after a calm time. */
  constructor(atMs: number, limits: AdmissionLimits, burstMs = 1_000) {
    this.#limits = limits;
    this.#burstMs = burstMs;
    this.#all = { tokens: this.#atOnce(limits.handshakesPerSecond), atMs };
    this.#nextSlotAtMs = Number.NEGATIVE_INFINITY;
    this.#burstSinceMs = atMs;
  }

  /** Other limits from here on; what buckets hold, and the slots given out, stay. */
  setLimits(limits: AdmissionLimits): void {
    this.#limits = limits;
  }

  get prefixes(): number {
    return this.#prefixes.size;
  }

  get reservations(): number {
    return this.#reserved.size;
  }

  /** Whether a handshake from `source` may be worked on. */
  isAdmitted(source: string, atMs: number): boolean {
    const prefix = prefixOf(source);
    const { handshakesPerPrefixPerSecond, handshakesPerSecond } = this.#limits;
    const bucket = this.#bucketOf(prefix, atMs);
    fill(bucket, handshakesPerPrefixPerSecond, this.#atOnce(handshakesPerPrefixPerSecond), atMs);
    fill(this.#all, handshakesPerSecond, this.#atOnce(handshakesPerSecond), atMs);
    if (bucket.tokens < 1) return this.#refuse('rate_limited', prefix);
    if (this.#all.tokens < 1) return this.#refuse('rate_limited', null);
    bucket.tokens -= 1;
    this.#all.tokens -= 1;
    return true;
  }

  /** Whether what all networks have together is used up: nobody is admitted now, whoever asks. Takes nothing. */
  isExhausted(atMs: number): boolean {
    const { handshakesPerSecond } = this.#limits;
    fill(this.#all, handshakesPerSecond, this.#atOnce(handshakesPerSecond), atMs);
    return this.#all.tokens < 1;
  }

  /** One at least, or nobody would ever be admitted. */
  #atOnce(perSecond: number): number {
    return Math.max(1, (perSecond * this.#burstMs) / 1_000);
  }

  /** Whether `device` may open a new session now, or when its slot comes. Ask again with the same name. */
  newSession(device: string, atMs: number): Slot {
    const slotAtMs = this.#reserved.get(device);
    if (slotAtMs !== undefined && atMs < slotAtMs) {
      return { isGranted: false, retryAfterMs: Math.ceil(slotAtMs - atMs) };
    }
    if (slotAtMs !== undefined) {
      this.#reserved.delete(device);
      if (atMs - slotAtMs <= SLOT_KEPT_MS) return { isGranted: true };
    }
    const everyMs = 1_000 / this.#limits.newSessionsPerSecond;
    // A second's worth may come at once after a calm time.
    this.#nextSlotAtMs = Math.max(this.#nextSlotAtMs, atMs - 1_000 + everyMs);
    const mineAtMs = this.#nextSlotAtMs;
    if (mineAtMs <= atMs) {
      this.#nextSlotAtMs += everyMs;
      return { isGranted: true };
    }
    this.#refuse('rate_limited', null);
    if (!this.#hasRoom(atMs)) return { isGranted: false, retryAfterMs: Math.ceil(mineAtMs - atMs) };
    this.#nextSlotAtMs += everyMs;
    this.#reserved.set(device, mineAtMs);
    return { isGranted: false, retryAfterMs: Math.ceil(mineAtMs - atMs) };
  }

  /** What was turned away since last time, at most one entry a prefix; call about once a second. */
  drainBursts(atMs: number): readonly Burst[] {
    const sinceMs = this.#burstSinceMs;
    this.#burstSinceMs = atMs;
    const bursts = [...this.#refused.values()].map((refused) => ({ ...refused, sinceMs }));
    this.#refused.clear();
    return bursts;
  }

  #bucketOf(prefix: string, atMs: number): Bucket {
    const known = this.#prefixes.get(prefix);
    const tokens = this.#atOnce(this.#limits.handshakesPerPrefixPerSecond);
    const bucket = known ?? { tokens, atMs };
    this.#prefixes.delete(prefix);
    this.#prefixes.set(prefix, bucket);
    if (this.#prefixes.size > PREFIXES_MAX) {
      const [oldest] = this.#prefixes.keys();
      if (oldest !== undefined) this.#prefixes.delete(oldest);
    }
    return bucket;
  }

  /** Reservations lie in order of their slots, so the lapsed ones are in front. */
  #hasRoom(atMs: number): boolean {
    for (const [device, slotAtMs] of this.#reserved) {
      if (atMs - slotAtMs <= SLOT_KEPT_MS) break;
      this.#reserved.delete(device);
    }
    return this.#reserved.size < RESERVATIONS_MAX;
  }

  #refuse(reasonCode: ReasonCode, prefix: string | null): false {
    const isShared = prefix === null || this.#refused.size >= BURST_PREFIXES_MAX;
    const named = isShared && !this.#refused.has(`${reasonCode} ${prefix}`) ? null : prefix;
    const key = `${reasonCode} ${named}`;
    const refused = this.#refused.get(key);
    if (refused === undefined) this.#refused.set(key, { reasonCode, prefix: named, count: 1 });
    else refused.count += 1;
    return false;
  }
}

function fill(bucket: Bucket, perSecond: number, tokensMax: number, atMs: number): void {
  const gained = ((atMs - bucket.atMs) * perSecond) / 1_000;
  bucket.tokens = Math.min(tokensMax, bucket.tokens + gained);
  bucket.atMs = atMs;
}
