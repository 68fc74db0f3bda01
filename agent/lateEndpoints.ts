/**
 * Addresses of the hub that were told while the session carried: kept until it does not.
 *
 * The lookup runs in another thread, which hears of a binding later than it begins. Used at once, such an answer
 * would move the control frames of a session that works, and leave its data where they were. Refuses to use any
 * but the newest.
 *
 * @module
 */
import { carriesData, type State } from '../session/transitions.ts';
import type { Uplinks } from './uplinks.ts';

export class LateEndpoints {
  readonly #uplinks: Pick<Uplinks, 'setEndpoints'>;
  #kept: readonly (string | null)[] | null = null;

  constructor(uplinks: Pick<Uplinks, 'setEndpoints'>) {
    this.#uplinks = uplinks;
  }

  /** Canonical `ip:port`, for the time after `state`, or for now; whether the uplinks have them now. */
  keep(endpoints: readonly (string | null)[], state: State): boolean {
    this.#kept = endpoints;
    return this.settle(state);
  }

  /** The session is in `state`; whether the uplinks have other endpoints now. */
  settle(state: State): boolean {
    if (this.#kept === null || carriesData(state)) return false;
    this.#uplinks.setEndpoints(this.#kept);
    this.#kept = null;
    return true;
  }
}
