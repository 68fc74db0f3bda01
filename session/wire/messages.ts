/**
 * The outer messages: what a datagram between two ends can be, told by its first bytes.
 *
 * Types 1–4 are WireGuard's and all that a plain peer may use. Types 16–19 are ours and only for
 * peers enrolled as `session`. Each type has a fixed form, refused before any cryptography:
 *
 * ```text
 *   1  initiation      148 bytes          first four bytes: type, 0, 0, 0
 *   2  response         92 bytes          "
 *   3  cookieReply      64 bytes          "
 *   4  transport        32 bytes or more  "
 *  16  data             32 bytes or more  first two bytes: type, version 1
 *  17  control          32 bytes or more  "
 *  18  clockHint        60 bytes          first four bytes: type, version 1, 0, 0
 *  19  unknownChannel   16 bytes          first two bytes: type, version 1
 * ```
 *
 * `handshake.ts` has the fields of 1, 2, 3 and 18, `transport.ts` those of 4, 16 and 17, `unknownChannel.ts` those of 19.
 * Source: WireGuard whitepaper §5.4; docs/protocol.md. Vectors: test/vectors/channel.json.
 *
 * @module
 */
import { fail, ok, type Result } from '../result.ts';

/** Wire values are written out: reordering this list must not change the protocol. */
export const MESSAGE_TYPE = {
  initiation: 1,
  response: 2,
  cookieReply: 3,
  transport: 4,
  data: 16,
  control: 17,
  clockHint: 18,
  unknownChannel: 19,
} as const;
export type MessageType = keyof typeof MESSAGE_TYPE;

/** Version of the session messages (16–19). */
export const SESSION_VERSION = 1;

export const INITIATION_BYTES = 148;
export const RESPONSE_BYTES = 92;
export const COOKIE_REPLY_BYTES = 64;
export const CLOCK_HINT_BYTES = 60;

/** Header of types 4, 16 and 17; with an empty plaintext, 16 bytes of tag follow. */
export const TRANSPORT_HEADER_BYTES = 16;
/** Such a header, said again. */
export const UNKNOWN_CHANNEL_BYTES = TRANSPORT_HEADER_BYTES;
export const TRANSPORT_BYTES_MIN = 32;

export type MessageError =
  | 'tooShort'
  | 'typeUnknown'
  | 'reservedNotZero'
  | 'versionUnknown'
  | 'lengthWrong';

const typeOf = new Map<number, MessageType>(
  Object.entries(MESSAGE_TYPE).map(([type, byte]) => [byte, type as MessageType]),
);

const exactBytes: Partial<Record<MessageType, number>> = {
  initiation: INITIATION_BYTES,
  response: RESPONSE_BYTES,
  cookieReply: COOKIE_REPLY_BYTES,
  clockHint: CLOCK_HINT_BYTES,
  unknownChannel: UNKNOWN_CHANNEL_BYTES,
};

/** Which message `datagram`, any bytes from anyone, has the form of. Nothing in it is trusted yet. */
export function messageType(datagram: Uint8Array): Result<MessageType, MessageError> {
  if (datagram.length < 4) return fail('tooShort');
  const type = typeOf.get(datagram[0] ?? 0);
  if (type === undefined) return fail('typeUnknown');

  if (!isPlain(type) && datagram[1] !== SESSION_VERSION) return fail('versionUnknown');
  if (isPlain(type) && datagram[1] !== 0) return fail('reservedNotZero');
  // The transport id lies there.
  const usesThird = type === 'data' || type === 'control' || type === 'unknownChannel';
  if (!usesThird && (datagram[2] !== 0 || datagram[3] !== 0)) return fail('reservedNotZero');

  const exact = exactBytes[type];
  if (exact === undefined && datagram.length < TRANSPORT_BYTES_MIN) return fail('tooShort');
  if (exact !== undefined && datagram.length !== exact) return fail('lengthWrong');
  return ok(type);
}

/** Whether a peer enrolled as `plain` may send it and be sent it. */
export function isPlain(type: MessageType): boolean {
  return MESSAGE_TYPE[type] <= MESSAGE_TYPE.transport;
}
