/**
 * When a thread that never returns to its event loop should give memory back.
 *
 * The runtime collects while its event loop is idle: garbage, and code that has not run for a minute. A thread that
 * sleeps in poll(2) never gets there and keeps what its start and every rush left behind. So after a rush it collects
 * once quiet, and again when code that ran only then has aged: that time it lets go of all compiled code, which the next
 * rush, however far, compiles again in milliseconds. Small talk does not count as a rush, but leaves something behind
 * as well: so it goes on collecting at that pace, and keeps the code that small talk uses.
 *
 * Pure: times in, answers out. The collection itself is the caller's, and only while nothing moves.
 *
 * @module
 */

/** Quiet for as long (chosen): long enough that a pause between two transfers costs no collection. */
const QUIET_MS = 10_000;
/** The runtime lets code go that has not run for a minute. Also the pace of small talk (chosen). */
const AGED_MS = 65_000;
/** Fewer bytes than this in ten seconds are small talk and leave nothing behind worth a collection (chosen). */
const RUSH_BYTES = 1_048_576;

export class IdleHeap {
  #windowAtMs: number;
  #movedBytes = 0;
  /** The start is a rush of its own. */
  #dueAtMs: number;
  /** Since the last rush. */
  #collections = 0;

  constructor(nowMs: number) {
    this.#windowAtMs = nowMs;
    this.#dueAtMs = nowMs + QUIET_MS;
  }

  /** So many bytes moved. */
  note(bytes: number, nowMs: number): void {
    if (bytes === 0) return;
    if (nowMs - this.#windowAtMs >= QUIET_MS) {
      this.#windowAtMs = nowMs;
      this.#movedBytes = 0;
    }
    this.#movedBytes += bytes;
    if (this.#movedBytes < RUSH_BYTES) return;
    this.#dueAtMs = nowMs + QUIET_MS;
    this.#collections = 0;
  }

  /** When to look again at the latest. */
  nextDeadlineMs(): number {
    return this.#dueAtMs;
  }

  /** What to give back now, if anything; it counts as done. */
  take(nowMs: number): 'nothing' | 'garbage' | 'garbageAndCode' {
    if (nowMs < this.#dueAtMs) return 'nothing';
    this.#dueAtMs = nowMs + AGED_MS;
    this.#collections += 1;
    return this.#collections === 2 ? 'garbageAndCode' : 'garbage';
  }
}
