/**
 * X25519 in TypeScript, by @noble/curves: the reference for native code, and for tools that run once.
 *
 * A file of its own: the curve and what it is made of take two megabytes of a thread that loads them, and no daemon does.
 *
 * @module
 */
import { x25519 } from '@noble/curves/ed25519.js';
import type { Dh } from './dh.ts';

/** Clamps the private key as RFC 7748 §5 says; keys are 32 bytes each. */
export const nobleDh: Dh = (privateKey, publicKey) => {
  try {
    return x25519.getSharedSecret(privateKey, publicKey);
  } catch {
    return null; // the library throws for a point of low order; lengths are the caller's promise
  }
};
