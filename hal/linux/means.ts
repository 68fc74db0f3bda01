/**
 * The means of this machine: native key agreement, the system's randomness, memory with an address.
 *
 * @module
 */
import type { Means, RandomBytes } from '../means.ts';
import { nodeDh } from './ciphers.ts';
import { nativeMemory } from './memory.ts';

export const systemRandom: RandomBytes = (count) => crypto.getRandomValues(new Uint8Array(count));

export const linuxMeans: Means = { dh: nodeDh, random: systemRandom, newMemory: nativeMemory };
