/**
 * What makes both ends tell each other what arrived: a claim that was committed, or a rebind of its binding.
 *
 * An exchange is named by the version of the claim and a round: 0 with the claim, 1… with each rebind. A
 * RECEIVED of any other exchange does nothing, one that comes again does nothing more.
 *
 * @module
 */
import type { LinkKind } from '../wire/frames.ts';

export interface Exchange {
  /** Of the committed claim. */
  readonly stateVersion: number;
  readonly round: number;
  /** This end asks, and repeats what it received until the other end has said the same of that keypair. */
  readonly isAsking: boolean;
  /**
   * Null: the way before is dead. Else it delivers what is under way: ask when that is over, after so many
   * milliseconds, and hold nothing back meanwhile.
   */
  readonly drainMs: number | null;
  /** The binding that resending goes over. */
  readonly transportId: number;
  readonly linkKind: LinkKind;
  /** A round trip on it is over by then. */
  readonly timeoutMs: number;
}

/** Whether `a` belongs to a later claim or rebind than `b`. */
export function isLater(
  a: Pick<Exchange, 'stateVersion' | 'round'>,
  b: Pick<Exchange, 'stateVersion' | 'round'>,
): boolean {
  return (
    a.stateVersion > b.stateVersion || (a.stateVersion === b.stateVersion && a.round > b.round)
  );
}

export function isSameExchange(
  a: Pick<Exchange, 'stateVersion' | 'round'>,
  b: Pick<Exchange, 'stateVersion' | 'round'>,
): boolean {
  return a.stateVersion === b.stateVersion && a.round === b.round;
}
