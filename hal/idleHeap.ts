/**
 * When a thread that never returns to its event loop should give memory back.
 *
 * The runtime collects while its event loop is idle: garbage, and code that has not run for a minute. A thread that
 * sleeps in poll(2) never gets there and keeps what its start and every rush left behind. So after a rush it collects
 * twice: once quiet, and again when code that ran only then has aged. Small talk does not count as a rush.
 *
 * Pure: times in, answers out. The collection itself is the caller's, and only while nothing moves.
 *
 * @module
 */

/** Quiet for as long (chosen): long enough that a pause between two transfers costs no collection. */
const QUIET_MS = 10_000;
/** The runtime lets code go that has not run for a minute. */
const AGED_MS = 65_000;
/** Fewer bytes than this in ten seconds are small talk and leave nothing behind worth a collection (chosen). */
const RUSH_BYTES = 1_048_576;

export class IdleHeap {
  #windowAtMs: number;
  #movedBytes = 0;
  /** The start is a rush of its own. */
  #dueAtMs: number | null;
  #isSecond = false;

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
    this.#isSecond = false;
  }

  /** When to look again at the latest; null: not before something moves. */
  nextDeadlineMs(): number | null {
    return this.#dueAtMs;
  }

  /** Whether to collect now; if so, it counts as done. */
  take(nowMs: number): boolean {
    if (this.#dueAtMs === null || nowMs < this.#dueAtMs) return false;
    this.#dueAtMs = this.#isSecond ? null : nowMs + AGED_MS;
    this.#isSecond = true;
    return true;
  }
}
