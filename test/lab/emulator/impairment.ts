/**
 * What a link does to frames that travel in one direction, and the decision for each frame.
 *
 * Pure and deterministic: every frame draws the same four random numbers whatever the settings are, so the fate of frame
 * n depends on the seed, n and the settings in force, and on nothing that happened before.
 *
 * Jitter alone does not reorder: a frame never overtakes one that was sent before it. Reordering is asked for separately.
 *
 * @module
 */

export interface Impairment {
  /** Travel time in this direction, 0…60000. */
  readonly delayMs: number;
  /** Up to this much more or less than `delayMs`, evenly spread, 0…60000. */
  readonly jitterMs: number;
  /** Frames that vanish, 0…100. */
  readonly lossPercent: number;
  /** Frames that arrive twice, 0…100. */
  readonly duplicatePercent: number;
  /** Frames that are held back by `reorderMs`, so that later ones overtake them, 0…100. */
  readonly reorderPercent: number;
  /** How long such a frame is held back, 0…60000. */
  readonly reorderMs: number;
  /** Bottleneck in Mbit/s; 0 is no bottleneck. */
  readonly rateMbit: number;
  /** What may wait in front of the bottleneck; more is dropped. */
  readonly queueBytes: number;
}

export const NO_IMPAIRMENT: Impairment = {
  delayMs: 0,
  jitterMs: 0,
  lossPercent: 0,
  duplicatePercent: 0,
  reorderPercent: 0,
  reorderMs: 10,
  rateMbit: 0,
  queueBytes: 256 * 1024,
};

/** Largest value of each field. */
const MAXIMUM: Impairment = {
  delayMs: 60_000,
  jitterMs: 60_000,
  lossPercent: 100,
  duplicatePercent: 100,
  reorderPercent: 100,
  reorderMs: 60_000,
  rateMbit: 100_000,
  queueBytes: 2 ** 30,
};

/** `before` with `changes`; throws on an unknown field or a value out of range. */
export function changeImpairment(before: Impairment, changes: Partial<Impairment>): Impairment {
  for (const [field, value] of Object.entries(changes)) {
    const maximum = MAXIMUM[field as keyof Impairment];
    if (maximum === undefined) throw new Error(`impairment: no field ${field}`);
    if (typeof value !== 'number' || !(value >= 0 && value <= maximum)) {
      throw new Error(`impairment: ${field} is ${value}, allowed 0…${maximum}`);
    }
  }
  return { ...before, ...changes };
}

export type Fate = 'pass' | 'pass twice' | 'lost' | 'queue full';

/** The shaper of one direction. After {@link decide} said that a frame passes, `dueAtMs` says when it arrives. */
export class Shaper {
  impairment: Impairment = NO_IMPAIRMENT;
  dueAtMs = 0;
  /** Whether the frame of the last decision was held back. */
  heldBack = false;
  readonly #random: () => number;
  /** When the bottleneck has sent everything it accepted. */
  #freeAtMs = 0;
  /** Latest arrival time of a frame that was not held back. */
  #lastDueAtMs = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** The fate of a frame of `bytes` that enters now. */
  decide(nowMs: number, bytes: number): Fate {
    const set = this.impairment;
    const lost = this.#random() * 100 < set.lossPercent;
    const twice = this.#random() * 100 < set.duplicatePercent;
    this.heldBack = this.#random() * 100 < set.reorderPercent;
    const jitter = (this.#random() * 2 - 1) * set.jitterMs;

    let sentAtMs = nowMs;
    if (set.rateMbit > 0) {
      const bytesPerMs = set.rateMbit * 125;
      const startAtMs = Math.max(nowMs, this.#freeAtMs);
      if ((startAtMs - nowMs) * bytesPerMs + bytes > set.queueBytes) return 'queue full';
      sentAtMs = startAtMs + bytes / bytesPerMs;
      this.#freeAtMs = sentAtMs;
    }
    // Loss lies behind the bottleneck: a lost frame has used its share of the rate.
    if (lost) return 'lost';

    const dueAtMs = sentAtMs + Math.max(0, set.delayMs + jitter);
    if (this.heldBack) {
      this.dueAtMs = dueAtMs + set.reorderMs;
    } else {
      // A shortened delay lets frames overtake those under way, as a changed route does; jitter does not.
      this.dueAtMs = set.jitterMs > 0 ? Math.max(dueAtMs, this.#lastDueAtMs) : dueAtMs;
      this.#lastDueAtMs = this.dueAtMs;
    }
    return twice ? 'pass twice' : 'pass';
  }
}
