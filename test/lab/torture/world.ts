/**
 * What is true of the device of a torture, whatever it says itself: kept by whoever watches, copied wherever the power may go or stay.
 *
 * @module
 */
import { PUSH_RECORD_BYTES } from '../../../policies/signed/record.ts';
import { SimFlash } from '../../sim/disk/simFlash.ts';
import type { Random } from '../../sim/random.ts';
import { BEGAN_S } from './operator.ts';
import { Steps } from './steps.ts';

/** Documents that a broker has kept to show them again. */
const TAKEN_MAX = 24;

/** A document on its way to the device. */
export interface Delivery {
  readonly bytes: Uint8Array;
  readonly isRetained: boolean;
  /** Of the command on whose topic it comes; null: where everything else comes. */
  readonly place: { readonly name: 'refresh_health' | 'rebind'; readonly id: string } | null;
}

export interface Emergency {
  readonly version: number;
  readonly expiresS: number;
}

export class World {
  readonly steps = new Steps();
  readonly flash: SimFlash;
  /** Since the torture began; the clock of a device that is started anew goes on. */
  atMs = 0;
  /** Version of the policy that proved itself last, 1 for that of the configuration. */
  confirmed = 1;
  /** What the record of the session remembers for I4. */
  rememberedVersion = 1;
  emergency: Emergency | null = null;
  /** Ids of commands that were carried out. */
  ran: ReadonlySet<string> = new Set();
  /** What it said it took; coming again, nothing may come of it. */
  taken: readonly Delivery[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
    this.flash = new SimFlash(PUSH_RECORD_BYTES, 0, random, this.steps);
  }

  get nowS(): number {
    return BEGAN_S + Math.floor(this.atMs / 1_000);
  }

  /** The same device once more, with a flash of its own. */
  copy(): World {
    const other = new World(this.#random);
    other.flash.copyFrom(this.flash);
    const { atMs, confirmed, rememberedVersion, emergency, ran, taken } = this;
    return Object.assign(other, { atMs, confirmed, rememberedVersion, emergency, ran, taken });
  }

  take(delivery: Delivery): void {
    this.taken = [...this.taken, delivery].slice(-TAKEN_MAX);
  }
}
