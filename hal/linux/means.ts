/**
 * The means of this machine: native key agreement, the system's randomness, memory with an address.
 *
 * Key agreement is libcrypto's where it opens and computes what it must. node:crypto serves where it does not, and is
 * loaded only then: with what it draws in, it takes two megabytes of each thread.
 *
 * @module
 */
import type { Dh } from '../../session/noise/dh.ts';
import type { Means, RandomBytes } from '../means.ts';
import { libcrypto, type OpenedLibcrypto } from './libcrypto.ts';
import { isProven, libcryptoDh } from './libcryptoDh.ts';
import { nativeMemory } from './memory.ts';

export const systemRandom: RandomBytes = (count) => crypto.getRandomValues(new Uint8Array(count));

export async function openMeans(): Promise<Means> {
  return { dh: await openDh(), random: systemRandom, newMemory: nativeMemory };
}

/** @param opened another library than this machine's, for tests. */
export async function openDh(opened: OpenedLibcrypto = libcrypto()): Promise<Dh> {
  const native = opened.ok ? libcryptoDh(opened.value.symbols) : null;
  if (native !== null && isProven(native)) return native;
  return (await import('./ciphers.ts')).nodeDh;
}
