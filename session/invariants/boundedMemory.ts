/**
 * I11 bounded-memory: every queue, table, buffer and window has a limit, a drop rule and a counter.
 *
 * Source: docs/protocol.md, "Invariants". Asserted by both daemons after each step for the lists of their state; the
 * shells' tables and queues show sizes and counters to the simulator.
 *
 * @module
 */

export interface Size {
  readonly name: string;
  /** Entries or bytes, in the unit of `max`. */
  readonly size: number;
  readonly max: number;
}

/** What is wrong with one size, or null. */
export function overSize(name: string, size: number, max: number): string | null {
  return size <= max ? null : `I11: ${name} holds ${size}, its limit is ${max}`;
}

/** What is wrong with `sizes`, or null. */
export function overfull(sizes: readonly Size[]): string | null {
  for (const { name, size, max } of sizes) {
    const fault = overSize(name, size, max);
    if (fault !== null) return fault;
  }
  return null;
}

/** What went into a queue and what became of it, since its process began. */
export interface Passage {
  readonly name: string;
  readonly offered: number;
  readonly handedOn: number;
  readonly held: number;
  /** As the queue's own counter says. */
  readonly dropped: number;
}

/** What is wrong with a queue's count of what it dropped, or null: nothing vanishes uncounted. */
export function uncounted({ name, offered, handedOn, held, dropped }: Passage): string | null {
  const missing = offered - handedOn - held - dropped;
  return missing === 0 ? null : `I11: ${name} does not account for ${missing} of ${offered}`;
}
