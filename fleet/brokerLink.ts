/**
 * Keeps a connection to the broker: comes back with growing waits, and finds the version of MQTT.
 *
 * @module
 */
import { backoffMs } from '../hal/backoff.ts';
import { KeptSession } from '../hal/mqtt/keptSession.ts';
import { MqttVersion } from '../hal/mqtt/version.ts';
import { Subscription, type SubscriptionEnd, type SubscriptionOptions } from './subscription.ts';

export interface BrokerLinkParts {
  readonly address: Omit<SubscriptionOptions, 'level' | 'session'>;
  /**
   * Under which client id the broker keeps what comes while nobody hears, for an earlier process too, and for how long; 0: not at all.
   * Without MQTT 5 that of `address` is another one for each process.
   */
  readonly kept: { readonly clientId: string; readonly expiryS: number };
  /** `connection` counts from 1 and is another for each try. */
  readonly onMessage: (
    topic: string,
    payload: Uint8Array,
    isRetained: boolean,
    connection: number,
  ) => void;
  readonly onUp: () => void;
  readonly onDown: (why: string) => void;
  /** Tests shorten them. */
  readonly waits?: { readonly firstMs: number; readonly maxMs: number };
}

/** A connection that lasted as long was a good one (chosen). */
const STABLE_MS = 30_000;
/** A fleet that was lost wants to be seen again soon (chosen). */
const WAITS = { firstMs: 500, maxMs: 15_000 } as const;

export class BrokerLink {
  /** Granted connections. */
  connections = 0;
  failures = 0;
  isUp = false;
  lastError: string | null = null;
  readonly #parts: BrokerLinkParts;
  readonly #version = new MqttVersion();
  readonly #session: KeptSession;
  #clientId: string;
  #upAtMs: number | null = null;
  #subscription: Subscription | null = null;
  #timer: Timer | null = null;
  #tries = 0;
  #failuresInRow = 0;
  /** So many in a row were granted and did not last that it is no second one of our name. */
  #isInVain = false;
  #isStopped = false;

  constructor(parts: BrokerLinkParts) {
    this.#parts = parts;
    this.#session = new KeptSession(parts.kept.expiryS, true);
    this.#clientId = parts.kept.clientId;
    this.#connect();
  }

  /** The number that messages of this connection have. */
  get connection(): number {
    return this.#tries;
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#subscription?.end({ code: 'closed', detail: '' });
  }

  #connect(): void {
    const { address, onMessage, onUp } = this.#parts;
    // Retained messages may come before the word that the subscription is granted.
    this.#tries += 1;
    const connection = this.#tries;
    const { level } = this.#version;
    const session = this.#session.asked(level);
    const clientId = session === null ? address.clientId : this.#clientId;
    this.#subscription = new Subscription(
      { ...address, clientId, level, session },
      {
        onMessage: (topic, payload, isRetained) =>
          onMessage(topic, payload, isRetained, connection),
        onUp: () => {
          this.#session.onUp(level);
          this.#version.onAccepted();
          this.#upAtMs = performance.now();
          this.connections += 1;
          this.isUp = true;
          onUp();
        },
        onEnd: (end) => this.#onEnd(end),
      },
    );
  }

  #onEnd({ code, detail }: SubscriptionEnd): void {
    this.isUp = false;
    if (code === 'versionRefused') this.#version.onRefused();
    if (code === 'hungUp') this.#version.onHangUp();
    if (this.#isStopped) return;
    const wasUp = this.#upAtMs !== null;
    const wasStable = performance.now() - (this.#upAtMs ?? Infinity) >= STABLE_MS;
    const isGivenUp = wasUp && this.#session.onEnd(wasStable);
    this.#upAtMs = null;
    // Where there is a copy of our history, two of one name would throw each other out for ever. Not every broker says so.
    if (isGivenUp || code === 'takenOver') {
      this.#clientId = this.#parts.address.clientId;
      this.#session.forget();
    }
    this.failures += 1;
    // Two of one name part soon. A broker that grants all and hangs up would have everything that is retained read without end.
    this.#isInVain = isGivenUp || (this.#isInVain && !wasStable);
    const isAgain = !wasUp || this.#isInVain;
    this.#failuresInRow = isAgain ? this.#failuresInRow + 1 : 1;
    this.lastError = detail === '' ? code : `${code}: ${detail}`;
    const waitMs = backoffMs(this.#failuresInRow, this.#parts.waits ?? WAITS, Math.random());
    this.#timer = setTimeout(() => this.#connect(), waitMs);
    this.#parts.onDown(this.lastError);
  }
}
