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
import { CONFIGURED, type Trust } from './trust.ts';
import { recordOn } from './verdict.ts';

/** Longer than the window of a policy on trial: 120 s where nothing else is said. */
export const WINDOW_MS = 121_000;
/** Documents that a broker has kept to show them again. */
const TAKEN_MAX = 24;

/** A document on its way to the device. */
export interface Delivery {
  readonly bytes: Uint8Array;
  /** The key that signed it, if it is a rotation. */
  readonly rotatedBy: number | null;
  readonly isRetained: boolean;
  /** Of the command on whose topic it comes; null: where everything else comes. */
  readonly place: { readonly name: 'refresh_health' | 'rebind'; readonly id: string } | null;
}

export interface Emergency {
  readonly version: number;
  readonly expiresS: number;
}

/** What the device has for a clock: the right one, one that was never set, or one that was set wrong long ago. */
export type WallClock = 'right' | 'unset' | 'behind';

/** When they begin, seconds since 1970; the last is in 2025. */
const CLOCKS: Readonly<Record<WallClock, number>> = {
  ...{ right: BEGAN_S, unset: 0, behind: 1_748_736_000 },
};

export class World {
  readonly steps = new Steps();
  readonly flash: SimFlash;
  /** Since the torture began; the clock of a device that is started anew goes on. */
  atMs = 0;
  /** Version of the policy that proved itself last, 1 for that of the configuration. */
  confirmed = 1;
  /** What the record of the session remembers for I4. */
  rememberedVersion = 1;
  /** The newest that was taken and not withdrawn; it may be over. */
  emergency: Emergency | null = null;
  trust: Trust = CONFIGURED;
  clock: WallClock = 'right';
  /** It is at least that late, as what the device took proves. Seconds since 1970. */
  learnedS = 0;
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

  /** What the device's clock says. */
  get wallMs(): number {
    return CLOCKS[this.clock] * 1_000 + this.atMs;
  }

  /** The device does not know what time it is. */
  get isDark(): boolean {
    return this.clock !== 'right' || this.nowS < this.learnedS;
  }

  /**
   * Version under which an emergency holds now. Without a clock it begins anew with each start, and outlasts whatever is done here, unless
   * flash says that a clock has ended it: which it may say of none that is not over.
   */
  holds(one: Emergency | null): number | null {
    if (one === null) return null;
    const isOver = one.expiresS <= this.nowS;
    const isEnded = isOver && (!this.isDark || recordOn(this)?.isEmergencyOver === true);
    return isEnded ? null : one.version;
  }

  /** The same device once more, with a flash of its own. */
  copy(): World {
    const other = new World(this.#random);
    other.flash.copyFrom(this.flash);
    const { atMs, confirmed, rememberedVersion, emergency, ran, taken } = this;
    const { trust, clock, learnedS } = this;
    return Object.assign(other, {
      ...{ atMs, confirmed, rememberedVersion, emergency, ran, taken },
      ...{ trust, clock, learnedS },
    });
  }

  take(delivery: Delivery): void {
    this.taken = [...this.taken, delivery].slice(-TAKEN_MAX);
  }
}
