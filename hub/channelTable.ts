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
  /** Found last: nearly always that of the next datagram too. */
  #lastIndex = -1;
  #last: Channel<Owner> | undefined = undefined;
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
    this.#forgetLast();
    this.#channels.set(index, { owner, keypair });
  }

  find(index: number): Channel<Owner> | undefined {
    if (index === this.#lastIndex) return this.#last;
    const channel = this.#channels.get(index);
    if (channel === undefined) return undefined;
    this.#lastIndex = index;
    this.#last = channel;
    return channel;
  }

  delete(index: number): void {
    this.#forgetLast();
    this.#channels.delete(index);
  }

  #forgetLast(): void {
    this.#lastIndex = -1;
    this.#last = undefined;
  }
}
