/**
 * What both kinds of keypair have in common: where they come from, their indices, their refusals.
 *
 * `plainKeypair.ts` is WireGuard's, `sessionKeypair.ts` ours. Both are data-plane style: mutable,
 * numbers in and out, buffers of the caller. After a refusal nothing but a count has changed.
 *
 * @module
 */
import { assert } from '../assert.ts';
import type { Memory } from '../memory.ts';
import type { Ciphers } from './aead.ts';
import {
  newRefusals,
  OPEN_CODE,
  type OpenCode,
  type OpenError,
  type Refusals,
} from './openCode.ts';
import type { ChannelSecrets } from './secrets.ts';

export interface KeypairOrigin {
  /** Copied into cipher keys; the caller wipes them afterwards (`wipeSecrets`). */
  readonly secrets: ChannelSecrets;
  readonly ciphers: Ciphers;
  /** By which the peer addresses us. */
  readonly localIndex: number;
  /** By which we address the peer. */
  readonly remoteIndex: number;
  readonly isInitiator: boolean;
  /** When the keys were derived, monotonic. */
  readonly createdAtMs: number;
}

export abstract class Keypair {
  readonly localIndex: number;
  readonly remoteIndex: number;
  readonly isInitiator: boolean;
  readonly createdAtMs: number;
  readonly refusals: Refusals = newRefusals();

  constructor(origin: KeypairOrigin) {
    this.localIndex = origin.localIndex;
    this.remoteIndex = origin.remoteIndex;
    this.isInitiator = origin.isInitiator;
    this.createdAtMs = origin.createdAtMs;
  }

  /** Wipe and free its keys. Data is refused afterwards (`dataNotEnabled`), and nothing is sealed. */
  abstract close(): void;

  protected refuse(error: OpenError): OpenCode {
    this.refusals[error] += 1;
    return OPEN_CODE[error];
  }
}

/** A buffer that native code may be given: its own memory, kept referenced, never a pool's. */
export function stableBytes(count: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(count));
}

/**
 * State that a packet and its datagram lie in their memories, and that sealing or opening there never
 * overwrites what is still to be read: apart, or in place (16 bytes between the two starts).
 *
 * @param shift of the source's start against the target's where both are in place.
 */
export function assertPlaces(
  source: Memory,
  sourceAt: number,
  sourceBytes: number,
  target: Memory,
  targetAt: number,
  targetBytes: number,
  shift: number,
): void {
  assert(sourceAt >= 0 && sourceAt + sourceBytes <= source.bytes.length, 'source holds its bytes');
  assert(targetAt >= 0 && targetAt + targetBytes <= target.bytes.length, 'target holds the result');
  if (source.bytes !== target.bytes || sourceAt - targetAt === shift) return;
  const isApart = sourceAt + sourceBytes <= targetAt || targetAt + targetBytes <= sourceAt;
  assert(isApart, 'source and target lie apart, or exactly in place');
}
