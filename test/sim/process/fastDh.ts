/**
 * STAND-IN for X25519: multiplication modulo 2^32 in eight lanes.
 *
 * Keeps what the handshake relies on: two private keys and each other's public keys give the same
 * secret, other keys give another one, and an all-zero public key gives none. Keeps nothing secret.
 *
 * @module
 */
import type { Dh } from '../../../session/noise/dh.ts';

const LANES = 8;
/** Odd, so that multiplying by it loses nothing. Chosen. */
const GENERATOR = 0x9e3779b1;

export const fastDh: Dh = (privateKey, publicKey) => {
  const shared = new Uint8Array(4 * LANES);
  const isBase = isBasePoint(publicKey);
  let any = 0;
  for (let at = 0; at < shared.length; at += 4) {
    const theirs = isBase ? GENERATOR + 2 * at : word(publicKey, at);
    // The bits that clamping fixes count as they are: both ends see the same key.
    const product = Math.imul(word(privateKey, at) | 1, theirs);
    shared[at] = product;
    shared[at + 1] = product >>> 8;
    shared[at + 2] = product >>> 16;
    shared[at + 3] = product >>> 24;
    any |= product;
  }
  return any === 0 ? null : shared;
};

const word = (bytes: Uint8Array, at: number) =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);

/** 9, as X25519 writes it: what `publicKeyOf` multiplies. */
function isBasePoint(key: Uint8Array): boolean {
  if (key[0] !== 9) return false;
  for (let at = 1; at < key.length; at++) if (key[at] !== 0) return false;
  return true;
}
