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
import type { HubNames, LookUp } from './hubNames.ts';

const PAUSE_MIN_MS = 5_000;
const PAUSE_MAX_MS = 60_000;

export const lookUpName: LookUp = async (name) =>
  (await lookup(name, { all: true })).map(({ address }) => address);

export interface LookupTimers {
  readonly set: (run: () => void, inMs: number) => unknown;
  readonly clear: (timer: never) => void;
}

export class Lookups {
  readonly #names: Pick<HubNames, 'hasNames' | 'endpoints' | 'refresh'>;
  readonly #tell: (endpoints: readonly (string | null)[]) => void;
  readonly #timers: LookupTimers;
  /** What the tunnel thread knows. */
  #told: string;
  #timer: unknown = null;
  #pauseMs = PAUSE_MIN_MS;
  #isCarrying = false;
  #isLooking = false;
  #isStopped = false;

  constructor(
    names: Pick<HubNames, 'hasNames' | 'endpoints' | 'refresh'>,
    tell: (endpoints: readonly (string | null)[]) => void,
    timers: LookupTimers = { set: setTimeout, clear: (timer) => clearTimeout(timer) },
  ) {
    this.#names = names;
    this.#tell = tell;
    this.#timers = timers;
    this.#told = JSON.stringify(names.endpoints);
    if (names.hasNames) void this.#look();
    else this.#isStopped = true;
  }

  /** The session moved. */
  onState(state: State): void {
    const wasCarrying = this.#isCarrying;
    this.#isCarrying = carriesData(state);
    if (this.#isCarrying) this.#disarm();
    if (this.#isStopped || this.#isCarrying || !wasCarrying) return;
    this.#pauseMs = PAUSE_MIN_MS;
    void this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    this.#disarm();
  }

  /**
   * Asks, unless that is under way: then its end is the end of this one, too, and the pause follows that.
   *
   * @param isInVain a pause has passed without a binding.
   */
  async #look(isInVain = false): Promise<void> {
    this.#disarm();
    if (this.#isLooking) return;
    this.#isLooking = true;
    await this.#names.refresh(isInVain);
    this.#isLooking = false;
    if (this.#isStopped || this.#isCarrying) return;
    this.#tellNews();
    this.#timer = this.#timers.set(() => void this.#look(true), this.#pauseMs);
    this.#pauseMs = Math.min(PAUSE_MAX_MS, this.#pauseMs * 2);
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
