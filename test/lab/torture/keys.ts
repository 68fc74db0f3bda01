/**
 * The signing keys of a torture, by their numbers: those that a device is configured with, those that come after them, a stranger's.
 *
 * @module
 */
import { signingPublicKey } from '../../../agent/cose.ts';

export interface SigningKey {
  /** 32 bytes each. */
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** Who has it has no part in the fleet. */
export const STRANGER = 0;
/** What a device is configured with. */
export const ROOTS = [1, 2] as const;
/** The successor that is named first. */
export const SUCCESSORS_FROM = 3;

const made = new Map<number, SigningKey>();

export function keyOf(number: number): SigningKey {
  const known = made.get(number);
  if (known !== undefined) return known;
  const privateKey = new Uint8Array(32).fill(7);
  new DataView(privateKey.buffer).setUint32(0, number);
  const key = { privateKey, publicKey: signingPublicKey(privateKey) };
  made.set(number, key);
  return key;
}
