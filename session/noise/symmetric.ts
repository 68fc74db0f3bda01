/**
 * The symmetric state of one Noise handshake: chaining key, transcript hash, and a cipher key that
 * is used once.
 *
 * In IKpsk2 a key is mixed in before every encryption, so the nonce is always zero; a second use of
 * one key is our own bug and asserted. Source: Noise rev. 34 §5.2. Not reusable after a failed
 * `openAndHash`: work on a `clone` where foreign bytes are tried, and wipe it.
 *
 * What a step replaces is overwritten: chaining keys, cipher keys, and the shared secret that was mixed in.
 *
 * @module
 */
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { assert } from '../assert.ts';
import { HASH_BYTES, hash, kdf1, kdf2, kdf3 } from './kdf.ts';

export const TAG_BYTES = 16;

const NONCE_ZERO = new Uint8Array(12);

export class SymmetricState {
  #chainingKey: Uint8Array;
  #hash: Uint8Array;
  #key: Uint8Array | null = null;

  private constructor(chainingKey: Uint8Array, transcriptHash: Uint8Array) {
    this.#chainingKey = chainingKey;
    this.#hash = transcriptHash;
  }

  /** @param protocolName longer than a hash, as every 25519/BLAKE2s name with a psk is. */
  static start(protocolName: Uint8Array): SymmetricState {
    assert(protocolName.length > HASH_BYTES, 'a protocol name that has to be hashed');
    const name = hash(protocolName);
    return new SymmetricState(name, name.slice());
  }

  clone(): SymmetricState {
    assert(this.#key === null, 'no cipher key is left unused between messages');
    return new SymmetricState(this.#chainingKey.slice(), this.#hash.slice());
  }

  /** 32 bytes: everything that both sides have said so far. */
  get transcriptHash(): Uint8Array {
    return this.#hash;
  }

  mixHash(data: Uint8Array): void {
    this.#hash = hash(this.#hash, data);
  }

  /** An ephemeral public key in a psk handshake: into the transcript and into the chain. */
  mixEphemeral(publicKey: Uint8Array): void {
    this.mixHash(publicKey);
    this.#goOn(kdf1(this.#chainingKey, publicKey), null);
  }

  /** @param shared a fresh shared secret; it is wiped. */
  mixKey(shared: Uint8Array): void {
    const [chainingKey, key] = kdf2(this.#chainingKey, shared);
    shared.fill(0);
    this.#goOn(chainingKey, key);
  }

  mixKeyAndHash(psk: Uint8Array): void {
    const [chainingKey, hashInput, key] = kdf3(this.#chainingKey, psk);
    this.#goOn(chainingKey, key);
    this.mixHash(hashInput);
    hashInput.fill(0);
  }

  sealAndHash(plaintext: Uint8Array): Uint8Array {
    const key = this.#takeKey();
    const sealed = chacha20poly1305(key, NONCE_ZERO, this.#hash).encrypt(plaintext);
    key.fill(0);
    this.mixHash(sealed);
    return sealed;
  }

  /** The plaintext, or null where the tag does not fit key and transcript. */
  openAndHash(sealed: Uint8Array): Uint8Array | null {
    const key = this.#takeKey();
    let plaintext: Uint8Array;
    try {
      if (sealed.length < TAG_BYTES) return null;
      plaintext = chacha20poly1305(key, NONCE_ZERO, this.#hash).decrypt(sealed);
    } catch {
      return null; // the library reports a wrong tag by throwing
    } finally {
      key.fill(0);
    }
    this.mixHash(sealed);
    return plaintext;
  }

  /** Keys of the transport phase, initiator → responder first. `label` is empty in plain Noise. */
  split(label: Uint8Array): [Uint8Array, Uint8Array] {
    return kdf2(this.#chainingKey, label);
  }

  /** Forget the secrets; the state may not be used again. */
  wipe(): void {
    this.#chainingKey.fill(0);
    this.#key?.fill(0);
    this.#key = null;
  }

  /** A cipher key that nothing was sealed with (the response has three) goes with the chaining key. */
  #goOn(chainingKey: Uint8Array, key: Uint8Array | null): void {
    this.#chainingKey.fill(0);
    this.#chainingKey = chainingKey;
    this.#key?.fill(0);
    this.#key = key;
  }

  #takeKey(): Uint8Array {
    const key = this.#key;
    assert(key !== null, 'a cipher key is mixed in before each encryption and used once');
    this.#key = null;
    return key;
  }
}
