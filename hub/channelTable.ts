/**
 * Which peer a receiver index belongs to. One table for all peers, as the index is all a datagram says.
 *
 * @module
 */
import { type RandomBytes, randomIndex } from '../hal/means.ts';
import type { Keypair } from '../session/channel/keypair.ts';

export interface Channel<Owner> {
  readonly owner: Owner;
  /** Null while we are the initiator and wait for the response. */
  readonly keypair: Keypair | null;
}

export class ChannelTable<Owner> {
  readonly #channels = new Map<number, Channel<Owner>>();
  readonly #random: RandomBytes;

  constructor(random: RandomBytes) {
    this.#random = random;
  }

  get size(): number {
    return this.#channels.size;
  }

  /** An index that names nothing yet: random, so that strangers cannot guess which are in use. */
  freeIndex(): number {
    let drawn: number;
    do drawn = randomIndex(this.#random);
    while (this.#channels.has(drawn));
    return drawn;
  }

  set(index: number, owner: Owner, keypair: Keypair | null): void {
    this.#channels.set(index, { owner, keypair });
  }

  find(index: number): Channel<Owner> | undefined {
    return this.#channels.get(index);
  }

  delete(index: number): void {
    this.#channels.delete(index);
  }
}
