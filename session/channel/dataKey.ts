/**
 * One key of the data path: seals packets into datagrams and opens them, by offsets, without objects.
 *
 * ```text
 *   datagram   | 16 bytes of header | ciphertext | 16 bytes of tag |
 *   nonce      0, 0, 0, 0 │ counter u64 LE
 * ```
 *
 * The header is in place before `seal` is called. A session datagram has it as associated data, a
 * WireGuard one has none. Counters are the caller's: a key remembers nothing, so one that is used
 * twice is not noticed here.
 *
 * @module
 */
import type { Memory } from '../memory.ts';

/** Whether the 16 bytes in front of the ciphertext are associated data (session) or not (WireGuard). */
export type HeaderUse = 'associated' | 'bare';

export interface DataKey {
  /**
   * Seal `bytes` of `source` from `sourceAt` on into the datagram at `targetAt` of `target`. In place
   * is allowed (the same memory, `sourceAt === targetAt + 16`); any other overlap is not.
   *
   * @param counter 0…2^53−1.
   */
  seal(
    counter: number,
    source: Memory,
    sourceAt: number,
    bytes: number,
    target: Memory,
    targetAt: number,
  ): void;
  /**
   * Open the datagram of `bytes` (header and tag counted, at least 32) at `sourceAt` of `source`: its
   * plaintext, `bytes − 32`, goes to `targetAt` of `target`. False if it is not authentic; what lies
   * at the target is worthless then. Never throws for foreign bytes. Overlap as in `seal`.
   */
  open(
    counter: number,
    source: Memory,
    sourceAt: number,
    bytes: number,
    target: Memory,
    targetAt: number,
  ): boolean;
  /** Wipe and free. Nothing else may be called afterwards; repeating it is harmless. */
  close(): void;
}
