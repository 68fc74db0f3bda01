/**
 * What both kinds of keypair have in common: where they come from, their indices, their refusals.
 *
 * `plainKeypair.ts` is WireGuard's, `sessionKeypair.ts` ours. Both are data-plane style: mutable,
 * numbers in and out, buffers of the caller. After a refusal nothing but a count has changed.
 *
 * @module
 */
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

  protected refuse(error: OpenError): OpenCode {
    this.refusals[error] += 1;
    return OPEN_CODE[error];
  }
}

/** A buffer that native code may be given: its own memory, kept referenced, never a pool's. */
export function stableBytes(count: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(count));
}
