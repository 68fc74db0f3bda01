/**
 * Static identities: X25519 key pairs, and their text form as `wg` prints and reads it.
 *
 * Refuses text that is not exactly one 32-byte key in padded base64, and keys that no handshake can
 * be made with. Never prints a private key by itself.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { type Dh, KEY_BYTES, publicKeyOf } from '../noise/dh.ts';
import type { KeyPair } from '../noise/ikpsk2.ts';
import { fail, ok, type Result } from '../result.ts';

export type Identity = KeyPair;

export type KeyError = 'keyLengthWrong' | 'keyCharacterWrong' | 'keyNotCanonical';

/** 32 bytes in base64: 43 characters and one `=`. */
const KEY_TEXT_CHARACTERS = 44;

/** Peers without a preshared key use 32 zero bytes (WireGuard whitepaper §5.4.2). */
export const NO_PSK: Uint8Array = new Uint8Array(KEY_BYTES);

/** `privateKey` with the bits fixed that RFC 7748 §5 fixes; a copy. `wg genkey` prints such keys. */
export function clampPrivateKey(privateKey: Uint8Array): Uint8Array {
  assert(privateKey.length === KEY_BYTES, 'a private key has 32 bytes');
  const clamped = privateKey.slice();
  clamped[0] = (clamped[0] ?? 0) & 248;
  clamped[31] = ((clamped[31] ?? 0) & 127) | 64;
  return clamped;
}

/** The identity of a private key; any 32 bytes are one. */
export function newIdentity(privateKey: Uint8Array, dh: Dh): Identity {
  const clamped = clampPrivateKey(privateKey);
  const publicKey = publicKeyOf(clamped, dh);
  assert(publicKey !== null, 'a clamped key times the base point is never zero');
  return { privateKey: clamped, publicKey };
}

/** A 32-byte key as `wg` prints it. */
export function encodeKey(key: Uint8Array): string {
  assert(key.length === KEY_BYTES, 'a key has 32 bytes');
  return btoa(String.fromCharCode(...key));
}

/** Read a key as `wg` prints it; surrounding white space is the caller's to trim. */
export function decodeKey(text: string): Result<Uint8Array, KeyError> {
  if (text.length !== KEY_TEXT_CHARACTERS) return fail('keyLengthWrong');
  if (!/^[A-Za-z0-9+/]{43}=$/.test(text)) return fail('keyCharacterWrong');
  const key = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  // The last character carries two bits that no byte uses: two texts for one key would be two names.
  return encodeKey(key) === text ? ok(key) : fail('keyNotCanonical');
}
