/**
 * How fast a path is taken to be, when something has to be sent again over it.
 *
 * Nobody tells a sender the rate of a path, and a cut is no time to find out. So the receiver measures what
 * arrives on each transport while it is the binding, and says the best of it in RECEIVED: that much the path has
 * really delivered. Below that, and for a path that has carried nothing yet, counts what a link of its kind
 * can do at the least; all kinds chosen low, since too low costs a few packets and too high a queue.
 *
 * @module
 */
import type { LinkKind } from '../wire/frames.ts';

const MBIT_BYTES = 125_000;

/** Bytes a second, chosen. */
const ASSUMED: Readonly<Record<LinkKind, number>> = {
  ethernet: 100 * MBIT_BYTES,
  wifi: 20 * MBIT_BYTES,
  lte: 8 * MBIT_BYTES,
  usb: 8 * MBIT_BYTES,
  other: 8 * MBIT_BYTES,
};

/** What a peer may claim to have received: 10 Gbit/s. */
export const RATE_MAX = 10_000 * MBIT_BYTES;

/** Bytes a second; `told` is what the receiving end measured, 0 where it has nothing to say. */
export function rateOf(kind: LinkKind, told: number): number {
  return Math.min(RATE_MAX, Math.max(ASSUMED[kind], told));
}

/** A shorter one would take what had waited in a queue for a rate. Chosen. */
const WINDOW_MS = 100;
/** A best rate this old is replaced by whatever comes: links change (chosen). */
const PEAK_MS = 600_000;
/** As many as a keypair knows. */
const TRANSPORTS_MAX = 32;

interface Peak {
  readonly bytesPerSecond: number;
  readonly atMs: number;
}

const isOld = ({ atMs }: Peak, nowMs: number) => nowMs - atMs > PEAK_MS;

/** What arrived at best on each transport. Allocates once a window, not for a packet. */
export class ArrivalRate {
  readonly #peaks = new Map<number, Peak>();
  #transportId = 0;
  #sinceMs = 0;
  #bytes = 0;
  #notedAtMs = 0;
  /** The window follows a pause: what it counts may have waited for a reader that stood still. */
  #isBacklog = false;

  /** `bytes` arrived on the binding. */
  note(transportId: number, bytes: number, atMs: number): void {
    const isOver = transportId !== this.#transportId || atMs - this.#sinceMs >= WINDOW_MS;
    if (isOver) this.#roll(transportId, atMs);
    this.#bytes += bytes;
    this.#notedAtMs = atMs;
  }

  /** Bytes a second, 0 where nothing was measured, or too long ago. */
  of(transportId: number, atMs: number): number {
    const peak = this.#peaks.get(transportId);
    return peak === undefined || isOld(peak, atMs) ? 0 : peak.bytesPerSecond;
  }

  #roll(next: number, atMs: number): void {
    const forMs = atMs - this.#sinceMs;
    if (this.#bytes > 0 && forMs >= WINDOW_MS && !this.#isBacklog) {
      const bytesPerSecond = Math.min(RATE_MAX, Math.floor((this.#bytes * 1_000) / forMs));
      this.#takePeak(this.#transportId, { bytesPerSecond, atMs });
    }
    this.#isBacklog = next === this.#transportId && atMs - this.#notedAtMs > WINDOW_MS;
    this.#transportId = next;
    this.#sinceMs = atMs;
    this.#bytes = 0;
  }

  #takePeak(transportId: number, peak: Peak): void {
    const known = this.#peaks.get(transportId);
    const isBest = known !== undefined && known.bytesPerSecond >= peak.bytesPerSecond;
    if (known !== undefined && isBest && !isOld(known, peak.atMs)) return;
    if (known === undefined && this.#peaks.size >= TRANSPORTS_MAX) {
      const [oldest] = this.#peaks.keys();
      if (oldest !== undefined) this.#peaks.delete(oldest);
    }
    this.#peaks.set(transportId, peak);
  }
}
