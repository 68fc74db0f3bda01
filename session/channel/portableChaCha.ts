/**
 * ChaCha20-Poly1305 in TypeScript, by @noble/ciphers.
 *
 * @module
 */
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { assert } from '../assert.ts';
import { type AeadKey, TAG_BYTES } from './aead.ts';

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
