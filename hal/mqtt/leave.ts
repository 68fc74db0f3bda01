/**
 * How a connection to a broker is ended so that it is gone, whatever the broker does.
 *
 * MQTT.js says goodbye and closes its half. A broker that takes no notice keeps the other one for as long as it likes, and what it sends
 * is still gathered; a second `end` does nothing while the first is under way.
 *
 * @module
 */
import type { IDisconnectPacket, MqttClient } from 'mqtt';

/** How long `leave` waits for what is not acknowledged, and for the broker to close its half (chosen). */
const LEAVE_MAX_MS = 2_000;

/** At once and without a word. */
export function cut(client: MqttClient): void {
  client.end(true);
  client.stream.destroy();
}

/** In order, or cut where that takes longer than 2 s. `onGone` comes once. */
export function leave(
  client: MqttClient,
  saying: Partial<IDisconnectPacket>,
  onGone: () => void,
): void {
  let isGone = false;
  const gone = () => {
    if (isGone) return;
    isGone = true;
    clearTimeout(patience);
    onGone();
  };
  const patience = setTimeout(() => {
    cut(client);
    gone();
  }, LEAVE_MAX_MS);
  client.once('close', gone);
  client.end(false, saying);
}
