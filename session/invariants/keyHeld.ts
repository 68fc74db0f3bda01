/**
 * The clone rule (◆, part of I5 and I6): whoever changes a living session held one of its keys when it claimed, so a
 * copy older than one rotation never wins.
 *
 * A birth that was never confirmed may be repeated by its own device with what it has, which is nothing yet.
 *
 * Source: docs/protocol.md, "Proofs" and "The record". Asserted by the hub as its proof checks
 * (`session/hub/judge.ts`); watched by the simulator, which knows what each claimant really had.
 *
 * @module
 */
import { equalBytes } from '../bytes.ts';
import { type Claim, isSameClaim } from '../claim.ts';

/** What a process had when it opened a claim. */
export interface Claimant {
  readonly name: string;
  readonly secret: Uint8Array | null;
  readonly memoryKey: Uint8Array | null;
}

/** What of a record counts here. */
export interface KeyedRecord {
  readonly sessionId: string;
  readonly terminated: string | null;
  readonly claim: Claim;
  readonly claimKind: 'attach' | 'reattach';
  readonly secret: Uint8Array;
  readonly previousSecret: Uint8Array | null;
  readonly memoryKey: Uint8Array;
  readonly predecessorMemoryKey: Uint8Array | null;
}

/** What is wrong with `claimant`'s claim turning `before` into `after`, or null. */
export function unheldKey(
  claimant: Claimant,
  before: KeyedRecord,
  after: KeyedRecord,
): string | null {
  const { secret, memoryKey } = claimant;
  const isProven =
    isAmong(secret, before.secret, before.previousSecret) ||
    isAmong(memoryKey, before.memoryKey, before.predecessorMemoryKey);
  const isUnconfirmedBirth =
    before.claimKind === 'attach' && secret === null && before.sessionId === after.sessionId;
  if (isProven || isUnconfirmedBirth) return null;
  return `clone: ${claimant.name} won without a key of the session`;
}

const isAmong = (key: Uint8Array | null, ...known: readonly (Uint8Array | null)[]) =>
  key !== null && known.some((one) => one !== null && equalBytes(one, key));

/** Who opened which claim. */
export class KeyHeldWatch {
  readonly #claimants = new Map<string, Claimant>();

  /** A claim was opened. Its claimant's keys are those of that moment. */
  claimed(nonce: string, claimant: Claimant): void {
    this.#claimants.set(nonce, claimant);
  }

  /** The store took `after`. Claims of processes that nobody watches are passed over. */
  committed(before: KeyedRecord | null, after: KeyedRecord): string | null {
    if (before === null || before.terminated !== null) return null;
    if (isSameClaim(before.claim, after.claim)) return null;
    const claimant = this.#claimants.get(after.claim.nonce);
    return claimant === undefined ? null : unheldKey(claimant, before, after);
  }
}
