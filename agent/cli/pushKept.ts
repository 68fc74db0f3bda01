/**
 * What the broker keeps for a target, against what is to take its place there.
 *
 * @module
 */
import { targetText } from '../../policies/signed/claims.ts';
import { reopenDocument, type SignedDocument } from '../../policies/signed/open.ts';
import { isRefused } from '../../policies/signed/refusal.ts';
import { textOfBody } from './pushDocument.ts';
import type { Prepared } from './pushParts.ts';
import { Unusable } from './signing.ts';

/** `claimed`: by its own word, and nobody has checked that. */
const SIGNER = {
  verified: 'signed by this key',
  claimed: 'which names the signer of FILE as its own',
} as const;

/**
 * Retained, an older one would take the place of a newer one, and devices that are away would get none. One that says something else
 * under the same version would be followed by nobody who has that version already, and reported by all of them.
 *
 * @throws Unusable
 */
export function refuseKept(
  kept: SignedDocument | null,
  signer: keyof typeof SIGNER,
  { rollout, steps }: Prepared,
): void {
  const { sought, plan } = rollout;
  const { version } = sought;
  if (kept === null || kept.version < version) return;
  const whose = `the broker keeps version ${kept.version} for ${targetText(plan.target)}, ${SIGNER[signer]}`;
  if (kept.version > version) throw new Unusable(`${whose}: ${version} is older`, 1);
  // What is taken back has a version above this one.
  if (steps.isAbort) return;
  const document = version === plan.sought.version ? 'forward' : 'revert';
  const sent = reopenDocument(steps.documentFor(document, plan.target).bytes);
  if (isRefused(sent) || textOfBody(sent.body) === textOfBody(kept.body)) return;
  throw new Unusable(
    `${whose}, and it says something else: devices take a version once; raise the version to at least ${version + 1}`,
    1,
  );
}
