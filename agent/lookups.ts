/**
 * When the hub's names are looked up: at start, and again and again while the session has no binding.
 *
 * Never while it carries: a name that moves, or that somebody forged, moves no session that works. The pauses
 * grow, and nothing waits for an answer. Names go to the system's resolver, over whatever that uses.
 *
 * @module
 */
import { lookup } from 'node:dns/promises';
import { carriesData, type State } from '../session/transitions.ts';
import type { HubNames, LookUp, Since } from './hubNames.ts';

const PAUSE_MIN_MS = 5_000;
const PAUSE_MAX_MS = 60_000;

export const lookUpName: LookUp = async (name) =>
  (await lookup(name, { all: true })).map(({ address }) => address);

export interface LookupTimers {
  readonly set: (run: () => void, inMs: number) => unknown;
  readonly clear: (timer: never) => void;
}

export interface LookupParts {
  readonly names: Pick<HubNames, 'hasNames' | 'endpoints' | 'refresh'>;
  readonly tell: (endpoints: readonly (string | null)[]) => void;
  /** Whether a hub can be asked over some link now. Does not reject. */
  readonly hasLink: () => Promise<boolean>;
  readonly timers?: LookupTimers;
}

export class Lookups {
  readonly #names: LookupParts['names'];
  readonly #tell: LookupParts['tell'];
  readonly #hasLink: LookupParts['hasLink'];
  readonly #timers: LookupTimers;
  /** What the tunnel thread knows. */
  #told: string;
  #timer: unknown = null;
  #pauseMs = PAUSE_MIN_MS;
  #since: Since = 'unasked';
  #isCarrying = false;
  #isLooking = false;
  #isStopped = false;

  constructor({ names, tell, hasLink, timers }: LookupParts) {
    this.#names = names;
    this.#tell = tell;
    this.#hasLink = hasLink;
    this.#timers = timers ?? { set: setTimeout, clear: (timer) => clearTimeout(timer) };
    this.#told = JSON.stringify(names.endpoints);
    if (names.hasNames) void this.#look();
    else this.#isStopped = true;
  }

  /** The session moved. */
  onState(state: State): void {
    const wasCarrying = this.#isCarrying;
    this.#isCarrying = carriesData(state);
    if (this.#isCarrying || wasCarrying) this.#since = 'bound';
    if (this.#isCarrying) this.#disarm();
    if (this.#isStopped || this.#isCarrying || !wasCarrying) return;
    this.#pauseMs = PAUSE_MIN_MS;
    void this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    this.#disarm();
  }

  /** Asks, unless that is under way: then its end is the end of this one, too, and the pause follows that. */
  async #look(): Promise<void> {
    this.#disarm();
    if (this.#isLooking) return;
    this.#isLooking = true;
    await this.#names.refresh(() => this.#since);
    this.#isLooking = false;
    this.#since = 'unasked';
    if (this.#isStopped || this.#isCarrying) return;
    this.#tellNews();
    this.#timer = this.#timers.set(() => void this.#onPause(), this.#pauseMs);
    this.#pauseMs = Math.min(PAUSE_MAX_MS, this.#pauseMs * 2);
  }

  /** A pause has passed without a binding. In vain was only what could be asked. */
  async #onPause(): Promise<void> {
    this.#timer = null;
    const hasLink = await this.#hasLink();
    // Meanwhile a binding may have come, and gone: then there was a lookup.
    if (this.#isStopped || this.#isCarrying || this.#isLooking || this.#timer !== null) return;
    if (hasLink && this.#since === 'unasked') this.#since = 'inVain';
    void this.#look();
  }

  /** An answer that came while the session carried was kept to itself: it is news afterwards. */
  #tellNews(): void {
    const { endpoints } = this.#names;
    const text = JSON.stringify(endpoints);
    if (text === this.#told) return;
    this.#told = text;
    this.#tell(endpoints);
  }

  #disarm(): void {
    if (this.#timer !== null) this.#timers.clear(this.#timer as never);
    this.#timer = null;
  }
}
