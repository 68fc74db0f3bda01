/**
 * When to ask for more handshake timestamps: one question at a time, and again where flash said no.
 *
 * @module
 */

/** Between two tries. Chosen: a full or failing medium is not mended faster, and a handshake waits. */
const RETRY_MS = 2_000;

export class TimestampReservation {
  #isAsked = false;
  #retryAtMs: number | null = null;

  /** Whether to ask now; if so, it counts as asked. */
  ask(isWanted: boolean, atMs: number): boolean {
    if (this.#retryAtMs !== null && this.#retryAtMs > atMs) return false;
    this.#retryAtMs = null;
    if (!isWanted || this.#isAsked) return false;
    this.#isAsked = true;
    return true;
  }

  onAnswer(isGranted: boolean, atMs: number): void {
    this.#isAsked = false;
    this.#retryAtMs = isGranted ? null : atMs + RETRY_MS;
  }

  /** When to ask again at the latest; null: nothing was refused. */
  nextDeadlineMs(): number | null {
    return this.#retryAtMs;
  }
}
