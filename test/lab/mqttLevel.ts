/**
 * Which version a CONNECT asks for, and what a broker answers that knows 3.1.1 at most.
 *
 * @module
 */

/** CONNACK with "unacceptable protocol version": 3.1.1 §3.2.2.3, and MQTT 5 §4.13 for who asks with 5. */
export const REFUSES_5: Uint8Array = Uint8Array.of(0x20, 2, 0, 1);

const CONNECT = 0x10;
const NAME = 'MQTT';

/** 4: MQTT 3.1.1; 5: MQTT 5; null: `bytes` do not begin with a CONNECT of either. */
export function levelOf(bytes: Uint8Array): number | null {
  if (bytes[0] !== CONNECT) return null;
  // Behind the remaining length, of one to four bytes, is the name with its own length in two.
  const lengthEnd = bytes.findIndex((byte, at) => at > 0 && byte < 0x80);
  const nameAt = lengthEnd + 3;
  const name = String.fromCharCode(...bytes.subarray(nameAt, nameAt + NAME.length));
  return lengthEnd > 0 && name === NAME ? (bytes[nameAt + NAME.length] ?? null) : null;
}
