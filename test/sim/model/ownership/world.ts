/**
 * The ownership world: who may serve a session when three hubs share a store.
 *
 * @module
 */
import type { Move, World } from '../explorer.ts';
import { Violation } from '../violation.ts';
import { apply, tell } from './delivery.ts';
import { opening } from './device.ts';
import { healed } from './heal.ts';
import { heard, movesOf, started } from './moves.ts';
import { Parts } from './parts.ts';
import { feedSeat } from './process.ts';
import { Properties } from './properties.ts';
import { type Budget, HUBS, type State } from './state.ts';

export const BUDGET: Budget = { claims: 2, lapses: 2, crashes: 1, unknowns: 1, moments: 0 };

export class OwnershipWorld implements World<State> {
  readonly name = 'ownership';
  readonly about: readonly string[];
  readonly #parts = new Parts();
  readonly #properties = new Properties(this.#parts);
  readonly #start: State;
  readonly #memoryKey: Uint8Array;
  readonly #hubs: 2 | 3;

  constructor(budget: Budget = BUDGET, hubs: 2 | 3 = 3) {
    this.#hubs = hubs;
    const { claims, lapses, crashes, unknowns, moments } = budget;
    this.about = [
      `${hubs} hubs: real lease cores and seats; a serves the session, b came up before it, c (if there) after it`,
      `at most ${claims} claims (each repeated at will), ${lapses} ends of leases, ${crashes} crashes or stops, ${unknowns} unknown outcomes, ${moments} moments`,
      'messages overtake each other and wait without bound; the same message twice is one',
    ];
    this.#start = this.#begin(budget);
    const record = this.#parts.stores.at(this.#start.store).record;
    if (record === null) throw new Error('the session is open');
    this.#memoryKey = record.memoryKey;
  }

  start(): State {
    return this.#start;
  }

  moves(state: State): Move<State>[] {
    return movesOf(this.#parts, state, this.#memoryKey).map(({ label, take }) => ({
      label,
      take: () => {
        const after = this.#properties.remember(take());
        if (typeof after === 'string') throw new Violation(after);
        return after;
      },
    }));
  }

  violation(before: State, after: State): string | null {
    return this.#properties.violation(before, after);
  }

  numberOf(state: State): number {
    return this.#parts.stateNumber(state);
  }

  /** Whichever hub the device turns to comes to serve it once everything works. */
  heal(state: State): string | null {
    const target = this.numberOf(state) % this.#hubs;
    return healed(this.#parts, this.#properties, state, target, this.#memoryKey)
      ? null
      : `liveness: hub ${HUBS[target]} never comes to own the session`;
  }

  /** Three leases, and a session that was opened at a. */
  #begin(budget: Budget): State {
    const parts = this.#parts;
    const dead = HUBS.map((name) => parts.hubs.add({ name, life: 0, process: null }));
    let state: State = {
      hubs: dead,
      store: parts.stores.add({ record: null, grants: [null, null, null], served: null }),
      net: parts.netNumber([]),
      rest: parts.rests.add({ budget, version: 1, claimant: 'a' }),
    };
    state = this.#settle(started(parts, this.#settle(started(parts, state, 0)), 1));
    state = tell(parts, state, 0, 'open', (hub) => feedSeat(hub, opening(hub)));
    state = this.#settle(state);
    if (this.#hubs === 3) state = this.#settle(started(parts, state, 2));
    const after = this.#properties.remember(state);
    if (typeof after === 'string') throw new Error(after);
    return after;
  }

  #settle(before: State): State {
    let state = before;
    for (;;) {
      const [message] = this.#parts.nets.at(state.net);
      if (message === undefined) return state;
      if (message.kind === 'ask') state = apply(this.#parts, state, message);
      else if (message.kind === 'answer') state = heard(this.#parts, state, message);
      else return state;
    }
  }
}
