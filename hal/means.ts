/**
 * What a shell works with besides its devices: key agreement, randomness and memory.
 *
 * Handed in, so that the simulator runs the shells with its own, and the same seed gives the same bytes.
 *
 * @module
 */
import type { NewMemory } from '../session/memory.ts';
import type { Dh } from '../session/noise/dh.ts';

/** So many unpredictable bytes, the caller's own. */
export type RandomBytes = (count: number) => Uint8Array<ArrayBuffer>;

export interface Means {
  readonly dh: Dh;
  readonly random: RandomBytes;
  readonly newMemory: NewMemory;
}

/** A receiver index, 0…2^32−1. */
export function randomIndex(random: RandomBytes): number {
  const [a = 0, b = 0, c = 0, d = 0] = random(4);
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}

/** 0…1 without 1, for jitter only. */
export const randomFraction = (random: RandomBytes): number => randomIndex(random) / 2 ** 32;
