/**
 * Fields of the messages that make or help a handshake: WireGuard's 1, 2 and 3, and our clock hint.
 * All integers are little-endian.
 *
 * ```text
 *  initiation   0 type u32 │ 4 sender u32 │ 8 noise 108 │ 116 mac1 16 │ 132 mac2 16        = 148
 *  response     0 type u32 │ 4 sender u32 │ 8 receiver u32 │ 12 noise 48 │ 60 mac1 │ 76 mac2 = 92
 *  cookieReply  0 type u32 │ 4 receiver u32 │ 8 nonce 24 │ 32 sealed cookie 32              = 64
 *  clockHint    0 type u8 │ 1 version u8 │ 2 zero u16 │ 4 receiver u32 │ 8 nonce 24
 *               │ 32 sealed timestamp 28                                                    = 60
 * ```
 *
 * Encoders leave the macs zero: `channel/macs.ts` writes them last, over everything before them.
 * Decoders return views into the datagram. Source: WireGuard whitepaper §5.4.2–5.4.7.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { fail, ok, type Result } from '../result.ts';
import {
  CLOCK_HINT_BYTES,
  COOKIE_REPLY_BYTES,
  INITIATION_BYTES,
  MESSAGE_TYPE,
  type MessageError,
  type MessageType,
  messageType,
  RESPONSE_BYTES,
  SESSION_VERSION,
} from './messages.ts';

export const NOISE_INITIATION_BYTES = 108;
export const NOISE_RESPONSE_BYTES = 48;
export const LONG_NONCE_BYTES = 24;
export const SEALED_COOKIE_BYTES = 32;
export const SEALED_TIMESTAMP_BYTES = 28;

export interface Initiation {
  /** Index by which the initiator wants to be addressed, 0…2^32−1. */
  readonly sender: number;
  readonly noise: Uint8Array;
}

export interface Response {
  readonly sender: number;
  /** The initiation's `sender`. */
  readonly receiver: number;
  readonly noise: Uint8Array;
}

export interface CookieReply {
  /** The `sender` of the message that was refused. */
  readonly receiver: number;
  readonly nonce: Uint8Array;
  readonly sealed: Uint8Array;
}

export interface ClockHint {
  /** The `sender` of the initiation that was not newer. */
  readonly receiver: number;
  readonly nonce: Uint8Array;
  readonly sealed: Uint8Array;
}

export type HandshakeError = MessageError | 'typeWrong';

export function encodeInitiation(initiation: Initiation): Uint8Array {
  assert(initiation.noise.length === NOISE_INITIATION_BYTES, 'a WireGuard first message');
  const message = new Uint8Array(INITIATION_BYTES);
  message[0] = MESSAGE_TYPE.initiation;
  writeIndex(message, 4, initiation.sender);
  message.set(initiation.noise, 8);
  return message;
}

export function decodeInitiation(datagram: Uint8Array): Result<Initiation, HandshakeError> {
  const wrong = formError(datagram, 'initiation');
  if (wrong !== null) return fail(wrong);
  return ok({ sender: readIndex(datagram, 4), noise: datagram.subarray(8, 116) });
}

export function encodeResponse(response: Response): Uint8Array {
  assert(response.noise.length === NOISE_RESPONSE_BYTES, 'a WireGuard second message');
  const message = new Uint8Array(RESPONSE_BYTES);
  message[0] = MESSAGE_TYPE.response;
  writeIndex(message, 4, response.sender);
  writeIndex(message, 8, response.receiver);
  message.set(response.noise, 12);
  return message;
}

export function decodeResponse(datagram: Uint8Array): Result<Response, HandshakeError> {
  const wrong = formError(datagram, 'response');
  if (wrong !== null) return fail(wrong);
  return ok({
    sender: readIndex(datagram, 4),
    receiver: readIndex(datagram, 8),
    noise: datagram.subarray(12, 60),
  });
}

export function encodeCookieReply(reply: CookieReply): Uint8Array {
  assert(reply.sealed.length === SEALED_COOKIE_BYTES, 'a sealed cookie has 32 bytes');
  return encodeSealed(COOKIE_REPLY_BYTES, MESSAGE_TYPE.cookieReply, 0, reply);
}

export function decodeCookieReply(datagram: Uint8Array): Result<CookieReply, HandshakeError> {
  const wrong = formError(datagram, 'cookieReply');
  return wrong === null ? ok(decodeSealed(datagram)) : fail(wrong);
}

export function encodeClockHint(hint: ClockHint): Uint8Array {
  assert(hint.sealed.length === SEALED_TIMESTAMP_BYTES, 'a sealed timestamp has 28 bytes');
  return encodeSealed(CLOCK_HINT_BYTES, MESSAGE_TYPE.clockHint, SESSION_VERSION, hint);
}

export function decodeClockHint(datagram: Uint8Array): Result<ClockHint, HandshakeError> {
  const wrong = formError(datagram, 'clockHint');
  return wrong === null ? ok(decodeSealed(datagram)) : fail(wrong);
}

interface Sealed {
  readonly receiver: number;
  readonly nonce: Uint8Array;
  readonly sealed: Uint8Array;
}

function encodeSealed(bytes: number, type: number, version: number, fields: Sealed): Uint8Array {
  assert(fields.nonce.length === LONG_NONCE_BYTES, 'an XChaCha20 nonce has 24 bytes');
  const message = new Uint8Array(bytes);
  message[0] = type;
  message[1] = version;
  writeIndex(message, 4, fields.receiver);
  message.set(fields.nonce, 8);
  message.set(fields.sealed, 32);
  return message;
}

function decodeSealed(datagram: Uint8Array): Sealed {
  return {
    receiver: readIndex(datagram, 4),
    nonce: datagram.subarray(8, 32),
    sealed: datagram.subarray(32),
  };
}

function formError(datagram: Uint8Array, expected: MessageType): HandshakeError | null {
  const type = messageType(datagram);
  if (!type.ok) return type.code;
  return type.value === expected ? null : 'typeWrong';
}

function writeIndex(message: Uint8Array, offset: number, index: number): void {
  assert(Number.isInteger(index) && index >= 0 && index <= 0xffffffff, 'an index is 0…2^32−1');
  new DataView(message.buffer, message.byteOffset).setUint32(offset, index, true);
}

function readIndex(datagram: Uint8Array, offset: number): number {
  return new DataView(datagram.buffer, datagram.byteOffset).getUint32(offset, true);
}
