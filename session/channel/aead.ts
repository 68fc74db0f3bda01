/**
 * The two ciphers that packets are sealed with, as interfaces.
 *
 * `noble.ts` implements them without native code, `hal/linux` with node:crypto and with libcrypto; all
 * run the same vectors (test/vectors/aead-*.json: RFC 8439, the GCM specification, Wycheproof). Nonces
 * are the caller's: an `AeadKey` remembers nothing, so a nonce used twice is not noticed here.
 *
 * @module
 */
import type { DataKey, HeaderUse } from './dataKey.ts';

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
  /** Wipe and free. Nothing else may be called afterwards; repeating it is harmless. */
  close(): void;
}

export interface Ciphers {
  /** For handshakes and control frames. @param key 32 bytes, copied. */
  newKey(suite: CipherSuite, key: Uint8Array): AeadKey;
  /** For packets. @param key 32 bytes, copied. */
  newDataKey(suite: CipherSuite, key: Uint8Array, use: HeaderUse): DataKey;
}
