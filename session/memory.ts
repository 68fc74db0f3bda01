/**
 * Memory of the data path: bytes, and the address at which native code finds them.
 *
 * One is made for each job when a thread starts, and packets are named by offsets into it, so that
 * nothing is allocated for a packet. `hal/linux/memory.ts` makes those that native code may touch;
 * {@link plainMemory} is for the simulation and for tests.
 *
 * @module
 */

export interface Memory {
  /** All of it. Its owner keeps the reference as long as the address is in use. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of the first byte; 0 where no native code is involved. */
  readonly address: number;
}

/** Zeroed memory of so many bytes. */
export type NewMemory = (bytes: number) => Memory;

/** Memory that only TypeScript works on, made of `bytes` that exist. */
export function memoryOf(bytes: Uint8Array<ArrayBuffer>): Memory {
  return { bytes, address: 0 };
}

/** As {@link memoryOf}, of its own. */
export function plainMemory(bytes: number): Memory {
  return memoryOf(new Uint8Array(new ArrayBuffer(bytes)));
}
