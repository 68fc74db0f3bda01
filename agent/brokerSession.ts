/**
 * Whether the next connection goes on with what the broker has kept for the one before (MQTT 5 §3.1.2.4, §3.1.2.11.2).
 *
 * Only with what it has kept for this process: another one's queue is of another boot. And only while that does no harm: what makes
 * a connection end would otherwise wait at the broker for the next one, for as long as somebody comes back for it.
 *
 * @module
 */
import type { ProtocolLevel } from '../hal/mqtt/version.ts';
import type { BrokerEnd } from './broker.ts';

export interface SessionAsked {
  /** For so long after the end of the connection; above 0. */
  readonly expiryS: number;
  /** False: what the broker has kept under this client id is to be forgotten. */
  readonly isResumed: boolean;
}

/** Connections in a row that did not last: the next one begins clean (chosen). */
const SHORT_MAX = 5;

export class BrokerSession {
  readonly #expiryS: number;
  /** The broker keeps one that this process has begun. */
  #isOurs = false;
  #shortInRow = 0;

  /** @param expiryS 0: none is asked for. */
  constructor(expiryS: number) {
    this.#expiryS = expiryS;
  }

  /** For the next CONNECT; null: none, and a clean start. 3.1.1 has no bound to how long a broker keeps one. */
  asked(level: ProtocolLevel): SessionAsked | null {
    if (level !== 5 || this.#expiryS === 0) return null;
    return { expiryS: this.#expiryS, isResumed: this.#isOurs };
  }

  onUp(level: ProtocolLevel): void {
    this.#isOurs = this.asked(level) !== null;
  }

  /** @param wasStable it lasted. */
  onEnd({ code }: Pick<BrokerEnd, 'code'>, wasStable: boolean): void {
    this.#shortInRow = wasStable ? 0 : this.#shortInRow + 1;
    if (code !== 'misbehaves' && this.#shortInRow < SHORT_MAX) return;
    this.#isOurs = false;
    this.#shortInRow = 0;
  }
}
