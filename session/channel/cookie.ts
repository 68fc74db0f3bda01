/**
 * The responder's side of cookies: who gets through under load.
 *
 * A cookie is a mac over the sender's address under a secret that changes every 120 s, so the
 * responder keeps no state per sender. Whether it is under load is the caller's decision; the
 * secret and the reply's nonce come from outside. Refuses nothing by itself: it answers questions.
 *
 * Source: WireGuard whitepaper §5.3, §5.4.7.
 *
 * @module
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { assert } from '../assert.ts';
import { mac } from '../noise/kdf.ts';
import { encodeCookieReply } from '../wire/handshake.ts';
import {
  COOKIE_LIFETIME_MS,
  hasMac2,
  isMac1Valid,
  isMac2Valid,
  type MacKeys,
  mac1Of,
  macKeysOf,
} from './macs.ts';

export const COOKIE_SECRET_BYTES = 32;

export class CookieChecker {
  readonly #keys: MacKeys;
  #secret: Uint8Array | null = null;
  #secretAtMs = 0;

  constructor(ownPublicKey: Uint8Array) {
    this.#keys = macKeysOf(ownPublicKey);
  }

  /** Whether `useSecret` has to be called before the next reply. */
  needsSecret(atMs: number): boolean {
    return this.#secret === null || atMs - this.#secretAtMs >= COOKIE_LIFETIME_MS;
  }

  /** @param secret 32 fresh random bytes, copied. Cookies of the one before are void at once. */
  useSecret(secret: Uint8Array, atMs: number): void {
    assert(secret.length === COOKIE_SECRET_BYTES, 'a cookie secret has 32 bytes');
    this.#secret?.fill(0);
    this.#secret = secret.slice();
    this.#secretAtMs = atMs;
  }

  /** Whether a message of any length has a valid mac1. If not, it is not for us: say nothing. */
  isAddressed(message: Uint8Array): boolean {
    return isMac1Valid(message, this.#keys);
  }

  /**
   * Whether it carries our cookie for this address. Under load, if not: answer with a cookie, do no DH.
   *
   * @param address what names the sender on the network: IP address and port, any fixed encoding.
   */
  isProven(message: Uint8Array, address: Uint8Array, atMs: number): boolean {
    if (this.#secret === null || this.needsSecret(atMs) || !hasMac2(message)) return false;
    return isMac2Valid(message, mac(this.#secret, address));
  }

  /**
   * The answer to a message that is addressed to us and not proven: smaller than what it answers.
   *
   * @param nonce 24 fresh random bytes.
   */
  reply(message: Uint8Array, address: Uint8Array, nonce: Uint8Array, atMs: number): Uint8Array {
    assert(this.#secret !== null && !this.needsSecret(atMs), 'the cookie secret is of today');
    const cookie = mac(this.#secret, address);
    const sealed = xchacha20poly1305(this.#keys.cookie, nonce, mac1Of(message)).encrypt(cookie);
    const view = new DataView(message.buffer, message.byteOffset);
    return encodeCookieReply({ receiver: view.getUint32(4, true), nonce, sealed });
  }
}
