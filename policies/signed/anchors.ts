/**
 * Whom a device believes: public keys from its configuration, and those that took their place.
 *
 * A rotation is signed by a key that is trusted and names its successor. Both are trusted until the successor has signed a
 * document that was taken: a successor whose private key nobody has must not lock a fleet out. From then on the older key is
 * retired, whatever the configuration says.
 *
 * ◆ Who named whom is never forgotten, of retired keys either: a successor is trusted only while the configuration has a key that it
 * comes from. So a key in wrong hands is got rid of by taking it out of the configuration, with all that it named.
 *
 * @module
 */
import { blake2s } from '@noble/hashes/blake2.js';
import { bytesToHex } from '../../session/bytes.ts';
import { KEY_ID_BYTES } from './envelope.ts';

export const PUBLIC_KEY_BYTES = 32;
/** Successors that have not shown themselves (chosen). */
export const SUCCESSORS_MAX = 4;
/** Retired keys (chosen); each successor that has shown itself retired another one, so there are no more of those. */
export const RETIRED_MAX = 16;

export interface Successor {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Key id of the one that named it, in hex. */
  readonly namedBy: string;
  /** It has signed a document that was taken: the one that named it is retired. */
  readonly hasShown: boolean;
}

export interface Retired {
  /** In hex. */
  readonly keyId: string;
  /** Null: none, it was configured. */
  readonly namedBy: string | null;
}

/** What rotations made of the configured keys. On flash. */
export interface Rotated {
  readonly successors: readonly Successor[];
  readonly retired: readonly Retired[];
}

export const NOT_ROTATED: Rotated = { successors: [], retired: [] };

/** 8 bytes of BLAKE2s name a key among the few that one device trusts; what is proven is the whole key. */
export function keyIdOf(publicKey: Uint8Array): Uint8Array {
  return blake2s(publicKey, { dkLen: KEY_ID_BYTES });
}

export const keyIdText = (publicKey: Uint8Array) => bytesToHex(keyIdOf(publicKey));

export const isRetired = ({ retired }: Rotated, signer: string) =>
  retired.some(({ keyId }) => keyId === signer);

/** Key id in hex → public key. */
export function anchorsOf(
  configured: readonly Uint8Array[],
  rotated: Rotated,
): ReadonlyMap<string, Uint8Array> {
  const roots = configured.map(keyIdText);
  const successors = rotated.successors.filter((one) => comesFrom(roots, rotated, one));
  return new Map(
    [...configured, ...successors.map(({ publicKey }) => publicKey)]
      .map((key) => [keyIdText(key), key] as const)
      .filter(([keyId]) => !isRetired(rotated, keyId)),
  );
}

/** Whether one of `roots` named it, or named who named it, and so on. */
function comesFrom(roots: readonly string[], { successors, retired }: Rotated, one: Successor) {
  const named = new Map([
    ...retired.map(({ keyId, namedBy }) => [keyId, namedBy] as const),
    ...successors.map(({ publicKey, namedBy }) => [keyIdText(publicKey), namedBy] as const),
  ]);
  let namer: string | null | undefined = one.namedBy;
  // Each key once: two that named each other come from nowhere.
  for (let left = named.size; left >= 0 && namer != null; left--) {
    if (roots.includes(namer)) return true;
    namer = named.get(namer);
  }
  return false;
}

/** `signer` names its successor. Null where there is no room left, or the key was retired or named before. */
export function withSuccessor(
  rotated: Rotated,
  configured: readonly Uint8Array[],
  signer: string,
  publicKey: Uint8Array,
): Rotated | null {
  const keyId = keyIdText(publicKey);
  const { successors, retired } = rotated;
  if (keyId === signer || isRetired(rotated, keyId)) return null;
  const roots = configured.map(keyIdText);
  // A signer that names another successor takes the earlier one back, unless that has shown itself.
  const left = successors.filter((one) => one.hasShown || one.namedBy !== signer);
  // What waits and comes from nowhere any more needs no room.
  const others = left.filter(
    (one) => one.hasShown || comesFrom(roots, { successors: left, retired }, one),
  );
  if (others.some((other) => keyIdText(other.publicKey) === keyId)) return null;
  const waiting = others.filter(({ hasShown }) => !hasShown).length;
  // Each one that waits may retire another key: there has to be room for that.
  if (waiting >= SUCCESSORS_MAX || retired.length + waiting >= RETIRED_MAX) return null;
  return { successors: [...others, { publicKey, namedBy: signer, hasShown: false }], retired };
}

/** `signer` has signed a document that was taken: who named it is retired. */
export function withSigner(rotated: Rotated, signer: string): Rotated {
  const { successors, retired } = rotated;
  const idOf = ({ publicKey }: Successor) => keyIdText(publicKey);
  const shown = successors.find((one) => idOf(one) === signer);
  if (shown === undefined || shown.hasShown) return rotated;
  const keyId = shown.namedBy;
  const namedBy = successors.find((one) => idOf(one) === keyId)?.namedBy ?? null;
  return {
    // What the retired key named besides goes with it, and a retired successor needs no room.
    successors: successors
      .filter((one) => idOf(one) !== keyId)
      .filter((one) => one === shown || one.hasShown || one.namedBy !== keyId)
      .map((one) => (one === shown ? { ...one, hasShown: true } : one)),
    retired: isRetired(rotated, keyId) ? retired : [...retired, { keyId, namedBy }],
  };
}
