/**
 * A connection to a broker over MQTT.js, as far as everybody who has one does the same: how it is asked for, and why it ended.
 *
 * Reconnecting and queueing are the caller's; MQTT.js is told to do neither. What a broker may not say: `packetLimits.ts`; how to leave it:
 * `leave.ts`.
 *
 * @module
 */
import type { IClientOptions, MqttClient } from 'mqtt';
import { oneLine } from '../oneLine.ts';
import type { SessionAsked } from './keptSession.ts';
import { placeOf } from './place.ts';
import { readSecrets, type SecretFiles, type Secrets } from './secrets.ts';
import type { ProtocolLevel } from './version.ts';

/** How a connection ended. `versionRefused` and `hungUp` come instead of an answer to CONNECT. */
export interface ConnectionEnd {
  readonly code:
    | 'unreachable'
    | 'versionRefused'
    | 'hungUp'
    | 'refused'
    | 'lost'
    | 'fileUnreadable'
    | 'closed';
  /** For a person: one line of printable ASCII without secrets. */
  readonly detail: string;
}

export interface ConnectionOptions extends SecretFiles {
  readonly url: string;
  readonly username: string | null;
  readonly clientId: string;
  readonly level: ProtocolLevel;
  /** Left out: none, and a clean start. */
  readonly session?: SessionAsked | null;
}

/** MQTT.js puts the broker's reason code there as a number, the system its own as text. */
export type CodedError = Error & { readonly code?: unknown };

/** "Unacceptable protocol version" of 3.1.1 §3.2.2.3 and "Unsupported Protocol Version" of 5 §3.2.2.2. */
const VERSION_REFUSED = [1, 0x84];

/** Where to connect, and with what; or why that is of no use. */
export async function whereTo(
  options: Pick<ConnectionOptions, 'url'> & SecretFiles,
): Promise<{ readonly place: IClientOptions; readonly secrets: Secrets } | ConnectionEnd> {
  const place = placeOf(options.url);
  // Not shown: there may be a password in it.
  if (place === null) return { code: 'unreachable', detail: 'the url is no address' };
  const secrets = await readSecrets(options);
  if (typeof secrets === 'string') return { code: 'fileUnreadable', detail: oneLine(secrets) };
  return { place, secrets };
}

/**
 * Without a `clientId` MQTT.js makes one up.
 *
 * @param properties of MQTT 5 CONNECT, beside the session's.
 */
export function connectOptions(
  {
    level,
    clientId,
    username,
    session = null,
  }: Pick<ConnectionOptions, 'level' | 'username' | 'session'> &
    Partial<Pick<ConnectionOptions, 'clientId'>>,
  properties: NonNullable<IClientOptions['properties']>,
): IClientOptions {
  const expiry = session === null ? {} : { sessionExpiryInterval: session.expiryS };
  return {
    ...{ protocolVersion: level, clean: session?.isResumed !== true },
    ...{ reconnectPeriod: 0, resubscribe: false },
    ...(clientId === undefined ? {} : { clientId }),
    ...(level === 5 ? { properties: { ...properties, ...expiry } } : {}),
    ...(username === null ? {} : { username }),
  };
}

/** What is heard of a connection before it ends. */
export class LastWords {
  /** Of the broker's DISCONNECT (MQTT 5 §3.14.2.1). */
  reasonCode: number | null = null;
  #error: CodedError | null = null;

  constructor(client: MqttClient) {
    client.on('error', (error) => {
      this.#error = error;
    });
    client.on('disconnect', ({ reasonCode = 0 }) => {
      this.reasonCode = reasonCode;
      this.#error = new Error(`the broker ended it, reason ${reasonCode}`);
    });
  }

  /** @param isAnswered the broker had let us in. */
  diagnosis(isAnswered: boolean): ConnectionEnd {
    const error = this.#error;
    const detail = error === null ? '' : oneLine(error);
    if (isAnswered) return { code: 'lost', detail };
    if (error === null) return { code: 'hungUp', detail: 'closed instead of an answer' };
    if (typeof error.code === 'number') {
      const code = VERSION_REFUSED.includes(error.code) ? 'versionRefused' : 'refused';
      return { code, detail };
    }
    const hungUp = error.code === 'ECONNRESET' || error.code === 'EPIPE';
    return { code: hungUp ? 'hungUp' : 'unreachable', detail };
  }
}
