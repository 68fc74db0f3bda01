/**
 * One key in libcrypto: an EVP_CIPHER_CTX whose key is set once, so that a packet costs five calls.
 *
 * Works on addresses; whoever calls vouches that they lie in living native memory. Every call's result
 * is checked. One that fails while sealing is an InvariantError: nothing is sent that was not sealed.
 * While opening, only the tag may be wrong. `EVP_Cipher` as final call would save 40 ns with ChaCha20,
 * but says success by 0, which other failures say as well; so the calls are those whose success is 1.
 *
 * ```text
 *   seal   init(nonce)   associated   packet   final   get tag
 *   open   init(nonce)   set tag      associated   packet   final → authentic or not
 * ```
 *
 * Source: EVP_EncryptInit(3), "AEAD Interface".
 *
 * @module
 */
import type { Pointer } from 'bun:ffi';
import { assert } from '../../session/assert.ts';
import { type CipherSuite, NONCE_BYTES, TAG_BYTES } from '../../session/channel/aead.ts';
import { type Libcrypto, type LibcryptoSymbols, pointerOf } from './libcrypto.ts';
import { addressOf, nativeBytes } from './memory.ts';

/** openssl/evp.h */
const EVP_CTRL_AEAD_GET_TAG = 16;
const EVP_CTRL_AEAD_SET_TAG = 17;
const OPENING = 0;
const SEALING = 1;

const KEY_BYTES = 32;

/** As an argument half as dear as `null`. */
const NULL = 0 as Pointer;

export class EvpContext {
  /** 12 bytes, written before each `seal` and `open`; kept here because its address is. */
  readonly nonce = nativeBytes(NONCE_BYTES);
  readonly #nonceAddress = addressOf(this.nonce);
  readonly #lib: LibcryptoSymbols;
  /** Update and final say here how much they put out: always as much as went in. */
  readonly #outLength = nativeBytes(16);
  readonly #outLengthAddress = addressOf(this.#outLength);
  #context: Pointer | null;

  /** @param key 32 bytes, copied. */
  constructor({ symbols, cipherOf }: Libcrypto, suite: CipherSuite, key: Uint8Array) {
    assert(key.length === KEY_BYTES, 'a cipher key has 32 bytes');
    const cipher = cipherOf(suite);
    assert(cipher !== null, 'libcrypto has this cipher');
    this.#lib = symbols;
    this.#context = pointerOf(symbols.EVP_CIPHER_CTX_new());
    assert(this.#context !== null, 'libcrypto has memory for a key');
    const copy = nativeBytes(KEY_BYTES);
    copy.set(key);
    const keyed = symbols.EVP_CipherInit_ex(
      this.#context,
      cipher,
      NULL,
      addressOf(copy),
      this.#nonceAddress,
      SEALING,
    );
    copy.fill(0);
    assert(keyed === 1, 'libcrypto takes the key');
  }

  /** Ciphertext goes to `target`, and 16 bytes of tag behind it. */
  seal(
    associated: number,
    associatedBytes: number,
    plaintext: number,
    bytes: number,
    target: number,
  ): void {
    const lib = this.#lib;
    const context = this.#context;
    assert(context !== null, 'a closed key seals nothing');
    this.#begin(context, SEALING);
    this.#feed(context, associated, associatedBytes, plaintext, bytes, target);
    assert(this.#finish(context) === 1, 'libcrypto finishes the packet');
    const tag = (target + bytes) as Pointer;
    const tagged = lib.EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag);
    assert(tagged === 1, 'libcrypto gives the tag');
  }

  /** `bytes` of ciphertext and 16 bytes of tag lie at `sealed`; what was opened is worth nothing if false. */
  open(
    associated: number,
    associatedBytes: number,
    sealed: number,
    bytes: number,
    target: number,
  ): boolean {
    const context = this.#context;
    assert(context !== null, 'a closed key opens nothing');
    this.#begin(context, OPENING);
    const tag = (sealed + bytes) as Pointer;
    const taken = this.#lib.EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag);
    assert(taken === 1, 'libcrypto takes the tag');
    this.#feed(context, associated, associatedBytes, sealed, bytes, target);
    return this.#finish(context) === 1;
  }

  /** Wipe and free; the library overwrites a context before it frees it. Repeating it is harmless. */
  close(): void {
    if (this.#context === null) return;
    this.#lib.EVP_CIPHER_CTX_free(this.#context);
    this.#context = null;
  }

  #begin(context: Pointer, direction: number): void {
    const begun = this.#lib.EVP_CipherInit_ex(
      context,
      NULL,
      NULL,
      NULL,
      this.#nonceAddress,
      direction,
    );
    assert(begun === 1, 'libcrypto takes the nonce');
  }

  #feed(
    context: Pointer,
    associated: number,
    associatedBytes: number,
    source: number,
    bytes: number,
    target: number,
  ): void {
    const lib = this.#lib;
    const outLength = this.#outLengthAddress;
    if (associatedBytes > 0) {
      const from = associated as Pointer;
      const fed = lib.EVP_CipherUpdate(context, NULL, outLength, from, associatedBytes);
      assert(fed === 1, 'libcrypto takes the associated data');
    }
    if (bytes > 0) {
      const from = source as Pointer;
      const fed = lib.EVP_CipherUpdate(context, target as Pointer, outLength, from, bytes);
      assert(fed === 1, 'libcrypto takes the packet');
    }
  }

  #finish(context: Pointer): number {
    return this.#lib.EVP_CipherFinal_ex(context, this.#outLengthAddress, this.#outLengthAddress);
  }
}
