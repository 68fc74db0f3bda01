/**
 * mac1 and mac2: the last 32 bytes of every initiation and response.
 *
 * mac1 proves that the sender knows our public key, so that strangers get no answer. mac2 proves
 * that it receives at its address; it is asked for under load only, by a cookie reply
 * (`cookie.ts`). Neither proves who the sender is.
 *
 * Source: WireGuard whitepaper §5.4.4, §5.4.7. Vectors: test/vectors/channel.json.
 *
 * @module
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { assert } from '../assert.ts';
import { equalBytes, utf8ToBytes } from '../bytes.ts';
import { hash, mac } from '../noise/kdf.ts';
import { fail, ok, type Result } from '../result.ts';
import { decodeCookieReply, type HandshakeError } from '../wire/handshake.ts';

export const MAC_BYTES = 16;

/** A cookie and the secret behind it live this long (WireGuard: Cookie-Refresh-Time). */
export const COOKIE_LIFETIME_MS = 120_000;

const LABEL_MAC1 = utf8ToBytes('mac1----');
const LABEL_COOKIE = utf8ToBytes('cookie--');

/** Keys that follow from the public key of the end that a message is sent TO. */
export interface MacKeys {
  readonly mac1: Uint8Array;
  readonly cookie: Uint8Array;
}

export function macKeysOf(receiverPublicKey: Uint8Array): MacKeys {
  return {
    mac1: hash(LABEL_MAC1, receiverPublicKey),
    cookie: hash(LABEL_COOKIE, receiverPublicKey),
  };
}

/** A cookie that a responder gave us, and when. */
export interface Cookie {
  readonly cookie: Uint8Array;
  readonly receivedAtMs: number;
}

/** The cookie to put on a message sent at `atMs`, or null where there is none of any use. */
export function usableCookie(cookie: Cookie | null, atMs: number): Uint8Array | null {
  if (cookie === null || atMs - cookie.receivedAtMs >= COOKIE_LIFETIME_MS) return null;
  return cookie.cookie;
}

/** Fill in mac1, and mac2 where there is a cookie (else zero). Last step of making a message. */
export function writeMacs(message: Uint8Array, keys: MacKeys, cookie: Uint8Array | null): void {
  const mac1At = message.length - 2 * MAC_BYTES;
  const mac2At = message.length - MAC_BYTES;
  message.set(mac(keys.mac1, message.subarray(0, mac1At)), mac1At);
  if (cookie === null) message.fill(0, mac2At);
  else message.set(mac(cookie, message.subarray(0, mac2At)), mac2At);
}

/** mac1 of an initiation or response, as a view; its length is the caller's promise. */
export function mac1Of(message: Uint8Array): Uint8Array {
  assert(message.length > 2 * MAC_BYTES, 'a message that ends in two macs');
  return message.subarray(-2 * MAC_BYTES, -MAC_BYTES);
}

/** Whether a message of any length carries the mac1 of these keys. */
export function isMac1Valid(message: Uint8Array, keys: MacKeys): boolean {
  if (message.length <= 2 * MAC_BYTES) return false;
  return equalBytes(mac(keys.mac1, message.subarray(0, -2 * MAC_BYTES)), mac1Of(message));
}

/** Whether a message of any length claims a cookie: its mac2 is not all zero, as whoever has none leaves it. */
export function hasMac2(message: Uint8Array): boolean {
  return message.length > 2 * MAC_BYTES && message.subarray(-MAC_BYTES).some((byte) => byte !== 0);
}

/** Whether a message of any length carries the mac2 that `cookie` makes. */
export function isMac2Valid(message: Uint8Array, cookie: Uint8Array): boolean {
  if (message.length <= 2 * MAC_BYTES) return false;
  return equalBytes(mac(cookie, message.subarray(0, -MAC_BYTES)), message.subarray(-MAC_BYTES));
}

export type CookieReplyError = HandshakeError | 'wrongReceiver' | 'authenticationFailed';

/** What a sender of an initiation or response remembers of it to recognise a cookie reply. */
export interface SentMessage {
  readonly senderIndex: number;
  readonly mac1: Uint8Array;
  /** Mac keys of the end it was sent to. */
  readonly remoteKeys: MacKeys;
}

/** The cookie inside a reply, any bytes from anyone. Resend only when the ordinary timer says so. */
export function consumeCookieReply(
  datagram: Uint8Array,
  sent: SentMessage,
): Result<Uint8Array, CookieReplyError> {
  const reply = decodeCookieReply(datagram);
  if (!reply.ok) return reply;
  if (reply.value.receiver !== sent.senderIndex) return fail('wrongReceiver');
  const { nonce, sealed } = reply.value;
  try {
    return ok(xchacha20poly1305(sent.remoteKeys.cookie, nonce, sent.mac1).decrypt(sealed));
  } catch {
    return fail('authenticationFailed'); // the library reports a wrong tag by throwing
  }
}
