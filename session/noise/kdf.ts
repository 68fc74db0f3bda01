/**
 * BLAKE2s as Noise uses it: HASH, and HKDF with one, two or three outputs.
 *
 * Source: Noise Protocol Framework rev. 34 §4.3 (HKDF), WireGuard whitepaper §5.4. Vectors for the
 * hash: test/vectors/blake2s.json.
 *
 * @module
 */
import { blake2s } from '@noble/hashes/blake2.js';
import { hmac } from '@noble/hashes/hmac.js';
import { concatBytes } from '@noble/hashes/utils.js';

export const HASH_BYTES = 32;

/** HASH of the concatenation of `parts`: 32 bytes. */
export function hash(...parts: Uint8Array[]): Uint8Array {
  const state = blake2s.create({ dkLen: HASH_BYTES });
  for (const part of parts) state.update(part);
  return state.digest();
}

/** Keyed BLAKE2s with 16 bytes of output (the `Mac` of the WireGuard whitepaper). */
export function mac(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  const state = blake2s.create({ dkLen: 16, key });
  for (const part of parts) state.update(part);
  return state.digest();
}

const hmacOf = (key: Uint8Array, message: Uint8Array) => hmac(blake2s, key, message);
const byte = (value: number) => Uint8Array.of(value);

/** One 32-byte key out of a chaining key and any input. What lies between is wiped, here and below. */
export function kdf1(chainingKey: Uint8Array, input: Uint8Array): Uint8Array {
  const secret = hmacOf(chainingKey, input);
  const first = hmacOf(secret, byte(1));
  secret.fill(0);
  return first;
}

/** Two 32-byte keys; the first continues the chain where there is one. */
export function kdf2(chainingKey: Uint8Array, input: Uint8Array): [Uint8Array, Uint8Array] {
  const secret = hmacOf(chainingKey, input);
  const first = hmacOf(secret, byte(1));
  const second = next(secret, first, 2);
  secret.fill(0);
  return [first, second];
}

/** Three 32-byte keys: chain, hash input and cipher key of a psk token. */
export function kdf3(
  chainingKey: Uint8Array,
  input: Uint8Array,
): [Uint8Array, Uint8Array, Uint8Array] {
  const secret = hmacOf(chainingKey, input);
  const first = hmacOf(secret, byte(1));
  const second = next(secret, first, 2);
  const third = next(secret, second, 3);
  secret.fill(0);
  return [first, second, third];
}

function next(secret: Uint8Array, before: Uint8Array, number: number): Uint8Array {
  const message = concatBytes(before, byte(number));
  const key = hmacOf(secret, message);
  message.fill(0);
  return key;
}
