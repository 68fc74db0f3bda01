/**
 * What is done to the device of a torture, and what has to come of it.
 *
 * @module
 */
import type { Allowed } from './device.ts';
import { signedBy, type Trust } from './trust.ts';
import type { Delivery, World } from './world.ts';

/** How the session takes a policy. */
export type Proof = 'holds' | 'never' | 'late';

export interface Act {
  readonly kind: string;
  /** In order; at one moment, unless `isApart`: the second one comes when the first one is through. */
  readonly deliveries: readonly Delivery[];
  readonly isApart?: boolean;
  /** Behind the first one the device gets to know what time it is. */
  readonly isClockLate?: boolean;
  readonly proof: Proof;
  readonly allowed: Allowed;
  /** What an uninterrupted device says, each as the codes of which it is one, '' for none; in any order. */
  readonly expected: readonly (readonly string[])[];
  /** The version that holds behind it, of an uninterrupted device; null: the one before. */
  readonly confirms: number | null;
  /** The emergency that it begins, null: it ends the one there is; left out: neither. */
  readonly emergency?: { readonly version: number; readonly expiresS: number } | null;
  /** Whom an uninterrupted device trusts behind it, and what it knows of the time. */
  readonly trust: Trust;
  readonly learnedS: number;
}

/** Who signs, for which device. */
export interface By {
  readonly world: World;
  readonly signer: number;
}

/** What a document leaves that was taken. */
export const taken = ({ world, signer }: By, notBeforeS: number) => ({
  trust: signedBy(world.trust, signer),
  learnedS: Math.max(world.learnedS, notBeforeS),
});

/** What one leaves that was refused. */
export const refused = ({ world: { trust, learnedS } }: By) => ({ trust, learnedS });

/** Why a device without a clock does not take what nothing may make up for. */
export const untimely = ({ learnedS }: World, expiresS: number) =>
  learnedS >= expiresS ? 'document_expired' : 'clock_unknown';

export const trialsOf = (...versions: readonly number[]): Allowed => ({
  trials: new Set(versions),
  command: null,
});
