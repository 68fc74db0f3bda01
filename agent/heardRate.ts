/**
 * How often a broker may say something that we did not ask for: each time costs a judgement and an acknowledgement, and keeps a radio
 * awake.
 *
 * @module
 */

/**
 * Within a minute, of one connection (chosen): room for what is retained of a fleet, eight groups and a device when it connects, and
 * for commands behind that.
 */
export const HEARD_PER_MINUTE_MAX = 60;
const MINUTE_MS = 60_000;

export class HeardRate {
  #sinceMs = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** One more came at `atMs`. True: it is one too many. */
  isOver(atMs: number): boolean {
    if (atMs - this.#sinceMs >= MINUTE_MS) {
      this.#sinceMs = atMs;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count > HEARD_PER_MINUTE_MAX;
  }
}
