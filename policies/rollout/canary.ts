/**
 * Which devices get a policy first: those with the lowest hash of the rollout's id and their name.
 *
 * The same ones however often it is asked, others for each rollout: no device is the one on which everything is tried.
 *
 * @module
 */
import { blake2s } from '@noble/hashes/blake2.js';
import { bytesToHex } from '../../session/bytes.ts';

/** `--canary`: of all devices that the policy is for, or as many as that. */
export type Share =
  | { readonly kind: 'percent'; readonly percent: number }
  | { readonly kind: 'count'; readonly count: number };

export function parseShare(text: string): Share | null {
  const [, digits, percent] = /^([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*(%?)$/.exec(text.trim()) ?? [];
  const value = Number(digits);
  if (digits === undefined || value <= 0) return null;
  if (percent === '%') return value <= 100 ? { kind: 'percent', percent: value } : null;
  return Number.isInteger(value) ? { kind: 'count', count: value } : null;
}

/**
 * @param candidates those that can be told now. All of them where there are fewer than asked for.
 * @param targeted how many the policy is for, those that are away included.
 * @returns at least one, if there is one, in the order of their names.
 */
export function canaryOf(
  candidates: readonly string[],
  targeted: number,
  share: Share,
  rolloutId: string,
): readonly string[] {
  const asked = share.kind === 'count' ? share.count : Math.ceil((targeted * share.percent) / 100);
  return candidates
    .map((device) => ({ device, hash: hashOf(rolloutId, device) }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1))
    .slice(0, Math.max(1, asked))
    .map(({ device }) => device)
    .sort();
}

const utf8 = new TextEncoder();

/** Neither an id nor a name has a space. */
function hashOf(rolloutId: string, device: string): string {
  return bytesToHex(blake2s(utf8.encode(`${rolloutId} ${device}`), { dkLen: 16 }));
}
