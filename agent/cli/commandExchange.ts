/**
 * One signed command to a broker, and the answer that a device publishes: one connection, to its end.
 *
 * The answer is subscribed to before the command is published, so none is missed. MQTT 5 first, for what it says more: that nobody
 * hears the topic, and an answer that knows its question; 3.1.1 where the broker knows no other.
 *
 * @module
 */
import { connect, type MqttClient } from 'mqtt';
import { connectOptions, LastWords } from '../../hal/mqtt/connection.ts';
import { cut } from '../../hal/mqtt/leave.ts';
import { limitPackets } from '../../hal/mqtt/packetLimits.ts';
import { placeOf } from '../../hal/mqtt/place.ts';
import { flagOfFile, readSecrets, type SecretFiles } from '../../hal/mqtt/secrets.ts';
import { oneLine } from '../../hal/oneLine.ts';

export interface Exchange extends SecretFiles {
  readonly url: string;
  readonly username: string | null;
  readonly commandTopic: string;
  readonly answerTopic: string;
  readonly document: Uint8Array;
  /** 16 bytes: the id of the command. */
  readonly correlation: Uint8Array;
  /** So long a broker of MQTT 5 keeps it for a device whose connection is away. Whole seconds, at least 1. */
  readonly expiresInS: number;
  readonly timeoutMs: number;
}

export type Exchanged =
  | { readonly ok: true; readonly answer: Uint8Array }
  | { readonly ok: false; readonly message: string };

/** MQTT 5 §3.4.2.1: the broker has the message, and nobody subscribes to it. */
const NOBODY_HEARS = 0x10;
/** No device has a longer answer. */
const PACKET_BYTES_MAX = 65_536;
const UNHEARD =
  'nobody hears this topic: the device is not connected, has another name there, or takes no documents. Nothing was done.';

type Outcome = Exchanged | 'otherVersion';

/** Never rejects. */
export async function exchange(asked: Exchange): Promise<Exchanged> {
  const place = placeOf(asked.url);
  if (place === null) return failed('--broker: mqtt, mqtts, ws or wss, a host and maybe a port');
  const secrets = await readSecrets(asked, flagOfFile);
  if (typeof secrets === 'string') return failed(oneLine(secrets));
  const endsAtMs = performance.now() + asked.timeoutMs;
  for (const level of [5, 4] as const) {
    const { username, timeoutMs } = asked;
    const options = {
      ...place,
      ...connectOptions({ level, username }, { maximumPacketSize: PACKET_BYTES_MAX }),
      ...{ ...secrets, connectTimeout: timeoutMs },
    };
    const outcome = await once(connect(options), asked, level, endsAtMs - performance.now());
    if (outcome !== 'otherVersion') return outcome;
  }
  return failed('the broker speaks neither MQTT 5 nor 3.1.1');
}

function once(
  client: MqttClient,
  asked: Exchange,
  level: 5 | 4,
  timeoutMs: number,
): Promise<Outcome> {
  const { promise, resolve: end } = Promise.withResolvers<Outcome>();
  let hasEnded = false;
  const resolve = (outcome: Outcome) => {
    hasEnded = true;
    end(outcome);
  };
  let waitsFor = 'the broker';
  const patience = setTimeout(
    () => resolve(failed(`no answer of ${waitsFor} within ${asked.timeoutMs / 1_000} s`)),
    Math.max(0, timeoutMs),
  );
  const words = new LastWords(client);
  client.on('error', (error) => {
    const isOther = level === 5 && words.diagnosis(false).code === 'versionRefused';
    resolve(isOther ? 'otherVersion' : failed(oneLine(error)));
  });
  client.on('close', () => resolve(failed('the broker closed the connection')));
  client.on('message', (topic, payload) => {
    if (topic === asked.answerTopic) resolve({ ok: true, answer: Uint8Array.from(payload) });
  });
  // Of what one connection publishes there is one acknowledgement.
  client.on('packetreceive', (packet) => {
    const isUnheard = packet.cmd === 'puback' && packet.reasonCode === NOBODY_HEARS;
    if (isUnheard) resolve(failed(UNHEARD));
  });
  limitPackets(client, {
    ...{ bytesMax: PACKET_BYTES_MAX, readsProperties: false },
    hasEnded: () => hasEnded,
    onMisbehaves: (what) => resolve(failed(`the broker says what it may not say: ${what}`)),
  });
  client.on('connect', () => {
    client.subscribe(asked.answerTopic, { qos: 1 }, (error, granted) => {
      if (error !== null || granted?.some(({ qos }) => qos >= 0x80) !== false) {
        return resolve(failed(`the broker does not let us hear ${asked.answerTopic}`));
      }
      waitsFor = 'the device';
      publish(client, asked, level, (message) => resolve(failed(message)));
    });
  });
  return promise.finally(() => {
    clearTimeout(patience);
    cut(client);
  });
}

function publish(
  client: MqttClient,
  { commandTopic, answerTopic, document, correlation, expiresInS }: Exchange,
  level: 5 | 4,
  onFailure: (message: string) => void,
): void {
  const properties = {
    ...{ responseTopic: answerTopic, correlationData: Buffer.from(correlation) },
    messageExpiryInterval: expiresInS,
  };
  const options = { qos: 1, retain: false, ...(level === 5 ? { properties } : {}) } as const;
  client.publish(commandTopic, Buffer.from(document), options, (error) => {
    if (error) onFailure(`the broker does not take it: ${oneLine(error)}`);
  });
}

const failed = (message: string) => ({ ok: false, message }) as const;
