/**
 * The interned parts of all states of the claim world.
 *
 * @module
 */
import { Interner, Pairs } from '../intern.ts';
import type { Budget, Hub, Message, Process, State, Store } from './state.ts';

export class Parts {
  readonly processes = new Interner<Process>();
  readonly hubs = new Interner<Hub>();
  readonly stores = new Interner<Store>();
  readonly nets = new Interner<readonly Message[]>();
  readonly budgets = new Interner<Budget>();
  /** With which keys a claim was made, by its nonce: nonces are derived and never made twice. */
  readonly authors = new Map<string, Pick<Author, 'name' | 'secret' | 'memoryKey'>>();
  readonly #pairs = Array.from({ length: 6 }, () => new Pairs());

  stateNumber({ processes, hubs, store, net, budget }: State): number {
    const parts = [(processes[1] ?? -1) + 1, hubs[0] ?? 0, (hubs[1] ?? -1) + 1, store, net, budget];
    return parts.reduce((left, right, at) => this.#pairs[at]!.add(left, right), processes[0] ?? 0);
  }
}

export interface Author {
  readonly name: Process['name'];
  readonly secret: Uint8Array | null;
  readonly memoryKey: Uint8Array | null;
}
