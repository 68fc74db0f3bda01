/**
 * The cryptography of a run: the real one, or a cheap one of the same shape.
 *
 * Both are exchanged where the product takes them (`hal/means.ts`, `ChosenCiphers`); hashes, the Noise
 * handshake and the flash seal are the real ones in either case.
 *
 * @module
 */
import { nodeCiphers, nodeDh } from '../../../hal/linux/ciphers.ts';
import type { Ciphers } from '../../../session/channel/aead.ts';
import type { Dh } from '../../../session/noise/dh.ts';
import { fastCiphers } from './fastCiphers.ts';
import { fastDh } from './fastDh.ts';

export interface Primitives {
  readonly name: 'real' | 'fast';
  readonly dh: Dh;
  readonly ciphers: Ciphers;
}

/** X25519 and AES-256-GCM of node:crypto, ChaCha20-Poly1305 of @noble. */
export const realPrimitives: Primitives = { name: 'real', dh: nodeDh, ciphers: nodeCiphers };

/** STAND-IN: nothing is secret and nothing is secure, but a wrong key or a changed byte never opens. */
export const fastPrimitives: Primitives = { name: 'fast', dh: fastDh, ciphers: fastCiphers };
