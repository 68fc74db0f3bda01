/**
 * When a thread that never returns to its event loop should give memory back.
 *
 * The runtime collects while its event loop is idle: garbage, and code that has not run for a minute. A thread that
 * sleeps in poll(2) never gets there and keeps what its start and every rush left behind. So after a rush it collects
 * once quiet, and again when code that ran only then has aged: that time it lets go of all compiled code, which the next
 * rush, however far, compiles again in milliseconds. Small talk does not count as a rush, but leaves something behind
 * as well: so it goes on collecting, ever so often, as each collection wakes some threads several times.
 *
 * A collection waits for a second in which nothing moves; a flow that never pauses is interrupted once in ten minutes.
 *
 * Pure: times in, answers out. The collection itself is the caller's.
 *
 * @module
 */

/** Quiet for as long (chosen): long enough that a pause between two transfers costs no collection. */
const QUIET_MS = 10_000;
/** The runtime lets code go that has not run for a minute. */
const AGED_MS = 65_000;
/** The pace of small talk (chosen): what is hardly ever compiled leaves half a megabyte meanwhile. */
const TALK_MS = 300_000;
/** Fewer bytes than this in ten seconds are small talk and leave nothing behind worth a collection (chosen). */
const RUSH_BYTES = 1_048_576;
/** Without a packet for as long (chosen), a flow has paused. */
const PAUSE_MS = 1_000;
/** How long a flow that never pauses puts a collection off (chosen). */
const PUT_OFF_MS = 600_000;

export class IdleHeap {
  #windowAtMs: number;
  #movedBytes = 0;
  /** The start is a rush of its own. */
  #dueAtMs: number;
  #movedAtMs = Number.NEGATIVE_INFINITY;
  /** Since the last rush. */
  #collections = 0;

  constructor(nowMs: number) {
    this.#windowAtMs = nowMs;
    this.#dueAtMs = nowMs + QUIET_MS;
  }

  /** So many bytes moved. */
  note(bytes: number, nowMs: number): void {
    if (bytes === 0) return;
    this.#movedAtMs = nowMs;
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
    const pausedAtMs = Math.max(this.#dueAtMs, this.#movedAtMs + PAUSE_MS);
    return Math.min(pausedAtMs, this.#dueAtMs + PUT_OFF_MS);
  }

  /** What to give back now, if anything; it counts as done. */
  take(nowMs: number): 'nothing' | 'garbage' | 'garbageAndCode' {
    if (nowMs < this.nextDeadlineMs()) return 'nothing';
    this.#collections += 1;
    this.#dueAtMs = nowMs + (this.#collections === 1 ? AGED_MS : TALK_MS);
    return this.#collections === 2 ? 'garbageAndCode' : 'garbage';
  }
}
