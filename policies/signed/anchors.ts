/**
 * Whom a device believes: public keys from its configuration, and those that took their place.
 *
 * A rotation is signed by a key that is trusted and names its successor. Both are trusted until the successor has signed a
 * document that was taken: a successor whose private key nobody has must not lock a fleet out. From then on the older key is
 * retired, whatever the configuration says.
 *
 * @module
 */
import { blake2s } from '@noble/hashes/blake2.js';
import { bytesToHex } from '../../session/bytes.ts';
import { KEY_ID_BYTES } from './envelope.ts';

export const PUBLIC_KEY_BYTES = 32;
/** Successors that have not retired theirs, and those that have (chosen). */
export const SUCCESSORS_MAX = 4;
export const RETIRED_MAX = 16;

export interface Successor {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Key id of the one that named it, in hex; null once that is retired. */
  readonly replaces: string | null;
}

/** What rotations made of the configured keys. On flash. */
export interface Rotated {
  readonly successors: readonly Successor[];
  /** Key ids in hex. */
  readonly retired: readonly string[];
}

export const NOT_ROTATED: Rotated = { successors: [], retired: [] };

/** 8 bytes of BLAKE2s name a key among the few that one device trusts; what is proven is the whole key. */
export function keyIdOf(publicKey: Uint8Array): Uint8Array {
  return blake2s(publicKey, { dkLen: KEY_ID_BYTES });
}

export const keyIdText = (publicKey: Uint8Array) => bytesToHex(keyIdOf(publicKey));

/** Key id in hex → public key. */
export function anchorsOf(
  configured: readonly Uint8Array[],
  rotated: Rotated,
): ReadonlyMap<string, Uint8Array> {
  const keys = [...configured, ...rotated.successors.map(({ publicKey }) => publicKey)];
  return new Map(
    keys
      .map((key) => [keyIdText(key), key] as const)
      .filter(([keyId]) => !rotated.retired.includes(keyId)),
  );
}

/** `signer` names its successor. Null where there is no room left, or the key was retired or named before. */
export function withSuccessor(
  rotated: Rotated,
  signer: string,
  publicKey: Uint8Array,
): Rotated | null {
  const keyId = keyIdText(publicKey);
  const { successors, retired } = rotated;
  if (keyId === signer || retired.includes(keyId)) return null;
  // A signer that names another successor takes the earlier one back, unless that has shown itself.
  const others = successors.filter(({ replaces }) => replaces !== signer);
  if (others.some((other) => keyIdText(other.publicKey) === keyId)) return null;
  if (others.length >= SUCCESSORS_MAX || retired.length >= RETIRED_MAX) return null;
  return { successors: [...others, { publicKey, replaces: signer }], retired };
}

/** `signer` has signed a document that was taken: whom it replaces is retired. */
export function withSigner(rotated: Rotated, signer: string): Rotated {
  const shown = rotated.successors.find(({ publicKey }) => keyIdText(publicKey) === signer);
  const older = shown?.replaces;
  if (older === undefined || older === null) return rotated;
  return {
    // What the retired key named besides goes with it, and a retired successor needs no room.
    successors: rotated.successors
      .filter(({ publicKey }) => keyIdText(publicKey) !== older)
      .filter((one) => one === shown || one.replaces !== older)
      .map((one) => (one === shown ? { ...one, replaces: null } : one)),
    retired: rotated.retired.includes(older) ? rotated.retired : [...rotated.retired, older],
  };
}
