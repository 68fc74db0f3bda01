/**
 * When to look at the links again although nothing happened to them: a dump failed, or a link got no socket. Nobody tells
 * when that would succeed.
 *
 * @module
 */

/** Chosen: a kernel that is short of memory for a moment is the usual cause. */
const RETRY_MS = 1_000;
/** What is refused for good is asked for this often (chosen). */
const RETRY_MAX_MS = 60_000;

export class LinkRetry {
  #atMs: number | null = null;
  #pauseMs = RETRY_MS;

  /** Whether something is owed, as it is at `nowMs`; what is not owed any more begins with a short pause the next time. */
  note(isOwed: boolean, nowMs: number): void {
    if (!isOwed) {
      this.#atMs = null;
      this.#pauseMs = RETRY_MS;
    } else this.#atMs ??= nowMs + this.#pauseMs;
  }

  /** Whether it is time; the pause before the next time is twice as long. */
  take(nowMs: number): boolean {
    if (this.#atMs === null || nowMs < this.#atMs) return false;
    this.#atMs = null;
    this.#pauseMs = Math.min(RETRY_MAX_MS, this.#pauseMs * 2);
    return true;
  }

  nextDeadlineMs(): number | null {
    return this.#atMs;
  }
}
