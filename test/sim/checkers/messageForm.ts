/**
 * Which of our messages a datagram has the form of, told by its first bytes and its length.
 *
 * @module
 */
import {
  CLOCK_HINT_BYTES,
  COOKIE_REPLY_BYTES,
  INITIATION_BYTES,
  MESSAGE_TYPE,
  type MessageType,
  RESPONSE_BYTES,
  TRANSPORT_BYTES_MIN,
  UNKNOWN_CHANNEL_BYTES,
} from '../../../session/wire/messages.ts';

const FIXED: Partial<Record<MessageType, number>> = {
  initiation: INITIATION_BYTES,
  response: RESPONSE_BYTES,
  cookieReply: COOKIE_REPLY_BYTES,
  clockHint: CLOCK_HINT_BYTES,
  unknownChannel: UNKNOWN_CHANNEL_BYTES,
};

/** Null: none of them. Devices of the simulator are never plain peers. */
export function decodeMessageType(bytes: Uint8Array): MessageType | null {
  for (const [name, type] of Object.entries(MESSAGE_TYPE) as [MessageType, number][]) {
    if (type !== bytes[0] || name === 'transport') continue;
    const fixed = FIXED[name];
    const isRight =
      fixed === undefined ? bytes.length >= TRANSPORT_BYTES_MIN : bytes.length === fixed;
    return isRight ? name : null;
  }
  return null;
}
