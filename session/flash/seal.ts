/**
 * Seals the resumption secret for flash, under a key that only this device's private key yields.
 *
 * XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): its 24-byte nonce may be drawn at random for every
 * write. The session id is associated data, so a secret cannot be moved into another session's record.
 * Does not protect from somebody who has the private key, too: that is the clone of docs/protocol.md.
 *
 * ```text
 *  0               24                              56              72
 *  +---------------+-------------------------------+---------------+
 *  |     nonce     |       sealed secret           |      tag      |
 *  +---------------+-------------------------------+---------------+
 * ```
 *
 * @module
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { blake2s } from '@noble/hashes/blake2.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { assert } from '../assert.ts';
import { concatBytes, hexToBytes, utf8ToBytes } from '../bytes.ts';
import { fail, ok, type Result } from '../result.ts';

export const SEAL_NONCE_BYTES = 24;
export const SECRET_BYTES = 32;
export const SEALED_BYTES = SEAL_NONCE_BYTES + SECRET_BYTES + 16;
const LABEL = 'jvpn v1 flash seal';

export type SealError = 'sealSizeWrong' | 'sealBroken';

/** The sealing key of a device, 32 bytes. Derive it once at start. */
export function deriveSealKey(privateKey: Uint8Array): Uint8Array {
  assert(privateKey.length === 32, 'a private key has 32 bytes');
  return hkdf(blake2s, privateKey, undefined, utf8ToBytes(LABEL), 32);
}

/** @param nonce 24 fresh random bytes; never the same twice. */
export function sealSecret(
  key: Uint8Array,
  nonce: Uint8Array,
  sessionId: string,
  secret: Uint8Array,
): Uint8Array {
  assert(nonce.length === SEAL_NONCE_BYTES, 'the nonce has 24 bytes');
  assert(secret.length === SECRET_BYTES, 'a resumption secret has 32 bytes');
  return concatBytes(nonce, xchacha20poly1305(key, nonce, hexToBytes(sessionId)).encrypt(secret));
}

/** Open what flash gave back. Fails on another device's key, another session, or damage. */
export function openSecret(
  key: Uint8Array,
  sessionId: string,
  sealed: Uint8Array,
): Result<Uint8Array, SealError> {
  if (sealed.length !== SEALED_BYTES) return fail('sealSizeWrong');
  const nonce = sealed.subarray(0, SEAL_NONCE_BYTES);
  const cipher = xchacha20poly1305(key, nonce, hexToBytes(sessionId));
  try {
    return ok(cipher.decrypt(sealed.subarray(SEAL_NONCE_BYTES)));
  } catch {
    return fail('sealBroken'); // noble's only way to say that the tag is wrong
  }
}
