/**
 * Whom a device has to trust, as docs/push.md says it ("Another signing key"): kept by whoever watches, apart from its own anchors.
 *
 * ```text
 *   current ──names──► next        both are trusted, until next has signed something that was taken
 *   current ──names──► another     the first one is withdrawn
 *   gone     current                by then: what next was is current, what current was is gone
 * ```
 *
 * @module
 */
import { ROOTS } from './keys.ts';

/** As many as a device remembers. */
const RETIRED_MAX = 16;
const WAITING_MAX = 4;

/** What became of one key of the configuration. */
interface Chain {
  readonly current: number;
  /** It was named, and has signed nothing yet. */
  readonly next: number | null;
}

export interface Trust {
  readonly chains: readonly Chain[];
  /** Retired or withdrawn, in that order in which they went: nothing that they sign counts any more. */
  readonly gone: readonly number[];
  /** How many of them were retired. */
  readonly retired: number;
}

export const CONFIGURED: Trust = {
  chains: ROOTS.map((current) => ({ current, next: null })),
  gone: [],
  retired: 0,
};

/** Ascending by chain, the older one of each first. */
export const trustedOf = ({ chains }: Trust): readonly number[] =>
  chains.flatMap(({ current, next }) => (next === null ? [current] : [current, next]));

/** A document of this trusted key was taken. */
export function signedBy(trust: Trust, signer: number): Trust {
  const chain = trust.chains.find(({ next }) => next === signer);
  if (chain === undefined) return trust;
  return {
    chains: trust.chains.with(trust.chains.indexOf(chain), { current: signer, next: null }),
    gone: [...trust.gone, chain.current],
    retired: trust.retired + 1,
  };
}

/** A rotation of this trusted key was taken, which names `successor`, a new one. Null: there is no room for it. */
export function namedBy(before: Trust, signer: number, successor: number): Trust | null {
  const trust = signedBy(before, signer);
  const { chains, gone, retired } = trust;
  const at = chains.findIndex(({ current }) => current === signer);
  const waiting = chains.filter(({ next }, other) => next !== null && other !== at).length;
  if (waiting >= WAITING_MAX || retired + waiting >= RETIRED_MAX) return null;
  const withdrawn = chains[at]?.next ?? null;
  return {
    ...{ chains: chains.with(at, { current: signer, next: successor }), retired },
    gone: withdrawn === null ? gone : [...gone, withdrawn],
  };
}
