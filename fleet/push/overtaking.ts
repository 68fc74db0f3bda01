/**
 * Whether a document on a push's own topic is somebody else's, who published it while the push was under way.
 *
 * Judged as what a broker keeps is when a push begins: what names the signer of ours has to be signed by that key, and there is no key of
 * anybody else. So whoever may publish there can stop the rest of a push and the way back from it; a canary is watched all the same.
 *
 * @module
 */
import type { DesiredStream } from '../../hal/mqtt/topics.ts';
import { encodeCbor } from '../../policies/signed/cbor.ts';
import { isSameTarget, type Target, targetText } from '../../policies/signed/claims.ts';
import { reopenDocument, type SignedDocument } from '../../policies/signed/open.ts';
import { isRefused } from '../../policies/signed/refusal.ts';

/** Of a push. */
export interface Own {
  readonly target: Target;
  readonly stream: DesiredStream;
  /** What it publishes for the target, sooner or later. */
  readonly documents: readonly Uint8Array[];
  /** What was there when it began: that it takes the place of that was decided. */
  readonly before: Uint8Array | null;
  /** Whether a document that names the signer of ours is that key's, as far as that can be known. */
  readonly isGenuine: (bytes: Uint8Array) => boolean;
}

export interface Sought {
  readonly version: number;
  /** The target was sent it: signed by the same key once more, as by the same command in another terminal, it is no other one. */
  readonly isSent: boolean;
}

/**
 * Null for what may be published over: what nobody signed or for others, ours, what was there before, and what is below the version of the same
 * key, which a broker that was brought back may keep. Takes any bytes.
 */
export function othersDocument(
  bytes: Uint8Array,
  { version, isSent }: Sought,
  { target, stream, documents, before, isGenuine }: Own,
): SignedDocument | null {
  const isKnown = (known: Uint8Array | null) =>
    known !== null && Buffer.compare(known, bytes) === 0;
  if (isKnown(before) || documents.some(isKnown)) return null;
  const found = reopenDocument(bytes);
  if (isRefused(found) || found.kind !== stream || !isSameTarget(found.target, target)) return null;
  const own = documents.map(reopenDocument).flatMap((one) => (isRefused(one) ? [] : [one]));
  if (own.every(({ signer }) => signer !== found.signer)) return found;
  if (found.version < version || !isGenuine(bytes)) return null;
  return isSent && own.some((one) => isSameButTimes(one, found)) ? null : found;
}

/** For a person. */
export function overtakenText({ version, signer, target }: SignedDocument): string {
  return `version ${version} for ${targetText(target)}, of key id ${signer}, was published meanwhile, and nothing of ours is sent over it`;
}

/** One and the same policy, signed once more. */
export function isSameButTimes(one: SignedDocument, other: SignedDocument): boolean {
  const isSameBody = Buffer.compare(encodeCbor(one.body), encodeCbor(other.body)) === 0;
  return one.version === other.version && isSameBody;
}
