/**
 * The interned parts of all states, and the steps of hubs, each computed once.
 *
 * @module
 */
import type { SessionRecord } from '../../../../session/hub/record.ts';
import { Interner, Pairs } from '../intern.ts';
import type { Turn } from './process.ts';
import type { Hub, Message, Rest, State, Store } from './state.ts';

export class Parts {
  readonly hubs = new Interner<Hub>();
  readonly stores = new Interner<Store>();
  readonly nets = new Interner<readonly Message[]>();
  readonly rests = new Interner<Rest>();
  readonly records = new Interner<SessionRecord | null>();
  readonly #messages = new Interner<Message>();
  /** By identity, to spare the text of those that were seen. */
  readonly #messageNumbers = new WeakMap<Message, number>();
  readonly #steps = new Map<string, { readonly turn: Turn; readonly hub: number }>();
  readonly #twoHubs = new Pairs();
  readonly #threeHubs = new Pairs();
  readonly #outside = new Pairs();
  readonly #sides = new Pairs();
  readonly #states = new Pairs();

  /** The number of a record, -1 for none. */
  recordNumber(record: SessionRecord | null): number {
    return record === null ? -1 : this.records.add(record);
  }

  recordAt(number: number): SessionRecord | null {
    return number < 0 ? null : this.records.at(number);
  }

  /** Messages are a bag: their order does not count, the same one twice is one (a repeat is identical). */
  netNumber(messages: readonly Message[]): number {
    const numbers = [...new Set(messages.map((message) => this.#messageNumber(message)))];
    numbers.sort((a, b) => a - b);
    const known = this.nets.find(numbers.join());
    if (known !== null) return known;
    return this.nets.add(
      numbers.map((number) => this.#messages.at(number)),
      numbers.join(),
    );
  }

  #messageNumber(message: Message): number {
    const known = this.#messageNumbers.get(message);
    if (known !== undefined) return known;
    const number = this.#messages.add(message);
    this.#messageNumbers.set(message, number);
    return number;
  }

  /** What `hub` does when it is told `news`; equal hubs do equally. */
  step(hub: number, news: string, run: (hub: Hub) => Turn) {
    const key = `${hub} ${news}`;
    const known = this.#steps.get(key);
    if (known !== undefined) return known;
    const turn = run(this.hubs.at(hub));
    const done = { turn, hub: this.hubs.add(turn.hub) };
    this.#steps.set(key, done);
    return done;
  }

  stateNumber({ hubs: [a = 0, b = 0, c = 0], store, net, rest }: State): number {
    const two = this.#twoHubs.add(a, b);
    const three = this.#threeHubs.add(two, c);
    const outside = this.#outside.add(store, net);
    return this.#states.add(this.#sides.add(three, outside), rest);
  }
}
