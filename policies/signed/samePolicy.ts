/**
 * Whether a document says the same as one that is held, for somebody else.
 *
 * A rollout sends its canary a document each and then all of them one for the fleet, with the same version: to the canary that
 * is no news (docs/push.md, "A rollout").
 *
 * @module
 */
import { equalBytes } from '../../session/bytes.ts';
import { encodeCbor } from './cbor.ts';
import { isSameTarget } from './claims.ts';
import { reopenDocument, type SignedDocument } from './open.ts';
import { isRefused } from './refusal.ts';

/** @param held bytes of a document that was taken before. */
export function isSamePolicy(
  held: Uint8Array,
  { kind, target, version, body }: SignedDocument,
): boolean {
  const other = reopenDocument(held);
  if (isRefused(other) || kind !== 'policy' || other.kind !== kind) return false;
  const isSame = other.version === version && !isSameTarget(other.target, target);
  return isSame && equalBytes(encodeCbor(other.body), encodeCbor(body));
}
