/**
 * How many events of one device are kept: one that says without end that something happened must not push out those of all others. Pure.
 *
 * What a device has kept while the broker was away comes at once and is worth the most: there is room for it in one go, and from
 * then on for {@link EVENTS_A_MINUTE}. The numbers of what is not kept are missing, which whoever reads them sees.
 *
 * @module
 */

/** Chosen: the event store of a device (`telemetry.event_store_bytes`) has room for some 2,000 as shipped. */
export const EVENTS_AT_ONCE = 4_096;
/** Chosen: an agent that loses and finds its link all the time says twenty. */
export const EVENTS_A_MINUTE = 60;
const MINUTE_MS = 60_000;

interface Room {
  events: number;
  atMs: number;
}

/** @typeParam Key what a device is told from others by. */
export class EventPace<Key extends object> {
  readonly #rooms = new WeakMap<Key, Room>();

  /** Whether this one is kept. */
  admits(device: Key, nowMs: number): boolean {
    const room = this.#rooms.get(device) ?? { events: EVENTS_AT_ONCE, atMs: nowMs };
    // A clock that was put back gives nothing and takes nothing.
    const sinceMs = Math.max(0, nowMs - room.atMs);
    room.events = Math.min(EVENTS_AT_ONCE, room.events + (sinceMs * EVENTS_A_MINUTE) / MINUTE_MS);
    room.atMs = nowMs;
    this.#rooms.set(device, room);
    if (room.events < 1) return false;
    room.events -= 1;
    return true;
  }
}
