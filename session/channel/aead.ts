/**
 * The two ciphers that packets are sealed with, and their portable implementation.
 *
 * `hal/linux/ciphers.ts` implements the same interface with native code; both run the same vectors
 * (test/vectors/aead-*.json: RFC 8439 §2.8.2 and A.5, GCM specification cases 13–16). Nonces are the
 * caller's: an `AeadKey` remembers nothing, so a nonce used twice is not noticed here.
 *
 * @module
 */
import { gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { assert } from '../assert.ts';

export const TAG_BYTES = 16;
export const NONCE_BYTES = 12;

/** The same words as the wire's `DATA_CIPHER`. */
export type CipherSuite = 'aes-256-gcm' | 'chacha20-poly1305';

export interface AeadKey {
  /**
   * Write ciphertext and tag, `plaintext.length + 16` bytes, at the start of `target`. In place is
   * allowed (`target` starts where `plaintext` starts); any other overlap is not.
   */
  seal(nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array, target: Uint8Array): void;
  /**
   * Write the plaintext, `sealed.length − 16` bytes, at the start of `target`, or return false and
   * write nothing. Never throws for foreign bytes. Overlap as in `seal`.
   */
  open(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array, target: Uint8Array): boolean;
}

export interface Ciphers {
  /** @param key 32 bytes, copied. */
  newKey(suite: CipherSuite, key: Uint8Array): AeadKey;
}

/** ChaCha20-Poly1305 in TypeScript: no native code, one small object a packet. */
export class PortableChaChaKey implements AeadKey {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key.slice();
  }

  seal(nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array, target: Uint8Array): void {
    const out = target.subarray(0, plaintext.length + TAG_BYTES);
    chacha20poly1305(this.#key, nonce, associated).encrypt(plaintext, out);
  }

  open(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array, target: Uint8Array): boolean {
    if (sealed.length < TAG_BYTES) return false;
    assert(target.length >= sealed.length - TAG_BYTES, 'target holds the plaintext');
    const out = target.subarray(0, sealed.length - TAG_BYTES);
    try {
      chacha20poly1305(this.#key, nonce, associated).decrypt(sealed, out);
    } catch {
      return false; // the library reports a wrong tag by throwing, before it writes
    }
    return true;
  }
}

class PortableAesKey implements AeadKey {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key.slice();
  }

  seal(nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array, target: Uint8Array): void {
    target.set(gcm(this.#key, nonce, associated).encrypt(plaintext));
  }

  open(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array, target: Uint8Array): boolean {
    if (sealed.length < TAG_BYTES) return false;
    assert(target.length >= sealed.length - TAG_BYTES, 'target holds the plaintext');
    let plaintext: Uint8Array;
    try {
      plaintext = gcm(this.#key, nonce, associated).decrypt(sealed);
    } catch {
      return false;
    }
    target.set(plaintext);
    return true;
  }
}

/** Both suites without native code: 17 µs a packet of 1,400 bytes (ChaCha20, x86-64), AES slower. */
export const nobleCiphers: Ciphers = {
  newKey(suite, key) {
    assert(key.length === 32, 'a cipher key has 32 bytes');
    return suite === 'aes-256-gcm' ? new PortableAesKey(key) : new PortableChaChaKey(key);
  },
};
