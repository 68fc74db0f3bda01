/**
 * A broker that has more to say than the line carries: what it says first stands before the answer to a ping.
 *
 * MQTT.js gives a ping half of the keepalive for its answer, and what is published to us meanwhile does not count; each connection behind that
 * one would meet the same flood.
 *
 * @module
 */
import type { MqttClient } from 'mqtt';

/** Of the keepalive: a broker hangs up behind one and a half without a word of ours (MQTT 5 §3.1.2.10). */
const PING_SHARE = 1 / 3;

/**
 * Whatever comes is an answer to the ping before it. Only silence for one to one and a half keepalives ends the connection.
 *
 * While something comes, a ping goes out each third of the keepalive: MQTT.js counts from an acknowledgement, which may come a flood later
 * than what it answers, and a broker from what we say.
 */
export function outlastFloods(client: MqttClient): void {
  let askedAtMs = performance.now();
  let isAsked = false;
  client.on('packetsend', ({ cmd }) => {
    if (cmd === 'pingreq') [askedAtMs, isAsked] = [performance.now(), true];
  });
  client.stream.on('data', () => {
    if (!client.connected || client.disconnecting) return;
    if (isAsked) client.reschedulePing(true);
    isAsked = false;
    const shareMs = (client.keepalive ?? 0) * 1_000 * PING_SHARE;
    if (performance.now() - askedAtMs >= shareMs) client.sendPing();
  });
}
