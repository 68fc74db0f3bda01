/**
 * Whether the next connection goes on with what the broker has kept since the one before (MQTT 5 §3.1.2.4, §3.1.2.11.2).
 *
 * Only while that does no harm: what makes a connection end would otherwise wait at the broker for the next one, for as long as
 * somebody comes back for it.
 *
 * @module
 */
import type { ProtocolLevel } from './version.ts';

export interface SessionAsked {
  /** For so long after the end of the connection; above 0. */
  readonly expiryS: number;
  /** False: what the broker has kept under this client id is to be forgotten. */
  readonly isResumed: boolean;
}

/** Connections in a row that did not last: the next one begins clean (chosen). */
const SHORT_MAX = 5;

export class KeptSession {
  readonly #expiryS: number;
  /** The broker keeps one that we may go on with, as far as we know. */
  #isOurs: boolean;
  #shortInRow = 0;

  /**
   * @param expiryS 0: none is asked for.
   * @param isOurs what an earlier process left at the broker is to be gone on with.
   */
  constructor(expiryS: number, isOurs: boolean) {
    this.#expiryS = expiryS;
    this.#isOurs = isOurs;
  }

  /** For the next CONNECT; null: none, and a clean start. 3.1.1 has no bound to how long a broker keeps one. */
  asked(level: ProtocolLevel): SessionAsked | null {
    if (level !== 5 || this.#expiryS === 0) return null;
    return { expiryS: this.#expiryS, isResumed: this.#isOurs };
  }

  onUp(level: ProtocolLevel): void {
    this.#isOurs = this.asked(level) !== null;
  }

  /** A connection that was up has ended. True: it is given up, because of those that did not last. */
  onEnd(wasStable: boolean): boolean {
    this.#shortInRow = wasStable ? 0 : this.#shortInRow + 1;
    const isGivenUp = this.#shortInRow >= SHORT_MAX;
    if (isGivenUp) this.forget();
    return isGivenUp;
  }

  /** The next one begins clean. */
  forget(): void {
    this.#isOurs = false;
    this.#shortInRow = 0;
  }
}
