/**
 * Proofs of possession: HMAC-BLAKE2s over a label, the channel's handshake hash and what is claimed.
 *
 * The handshake hash ties a proof to one channel, so a captured proof is worthless in another
 * (docs/protocol.md, "Proofs").
 *
 * @module
 */
import { blake2s } from '@noble/hashes/blake2.js';
import { hmac } from '@noble/hashes/hmac.js';
import { concatBytes, equalBytes, hexToBytes, utf8ToBytes } from './bytes.ts';
import type { Claim } from './claim.ts';

export const PROOF_BYTES = 32;

/** What a proof is for. A proof made for one purpose never passes for another. */
export type ProofLabel = 'attach' | 'reattach' | 'rotate';

/** 34 bytes: session id, version, transport id, nonce, all big-endian. */
export function claimBytes(claim: Claim): Uint8Array {
  const bytes = new Uint8Array(16 + 8 + 2 + 8);
  const view = new DataView(bytes.buffer);
  bytes.set(hexToBytes(claim.sessionId), 0);
  view.setBigUint64(16, BigInt(claim.stateVersion));
  view.setUint16(24, claim.transportId);
  bytes.set(hexToBytes(claim.nonce), 26);
  return bytes;
}

/** Prove that we hold `key`, on the channel with `handshakeHash`, for `what`. */
export function prove(
  label: ProofLabel,
  key: Uint8Array,
  handshakeHash: Uint8Array,
  what: Uint8Array,
): Uint8Array {
  const message = concatBytes(utf8ToBytes(`jvpn v1 ${label}\0`), handshakeHash, what);
  return hmac(blake2s, key, message);
}

/** Check a proof in constant time. `key` may be null where the record holds none. */
export function isProven(
  label: ProofLabel,
  key: Uint8Array | null,
  handshakeHash: Uint8Array,
  what: Uint8Array,
  proof: Uint8Array | null,
): boolean {
  if (key === null || proof === null || proof.length !== PROOF_BYTES) return false;
  return equalBytes(prove(label, key, handshakeHash, what), proof);
}

/** Bytes that only the holder of `seed` can foretell: ids, nonces, tokens and issued keys come from here. */
export function derive(seed: Uint8Array, label: string, count: number, bytes: number): Uint8Array {
  return hmac(blake2s, seed, utf8ToBytes(`jvpn v1 ${label}\0${count}`)).slice(0, bytes);
}
