/**
 * What an operator is told when somebody else has published for the target of a push that was under way, or for a device of its canary.
 *
 * @module
 */
import type { Rollout } from '../../policies/rollout/rollout.ts';
import { targetText } from '../../policies/signed/claims.ts';
import type { SignedDocument } from '../../policies/signed/open.ts';

/** So many are named. */
const NAMED_MAX = 3;

/** What stays on topics of single devices; null where nothing does. */
export function leftText(left: readonly SignedDocument[]): string | null {
  if (left.length === 0) return null;
  const named = left
    .slice(0, NAMED_MAX)
    .map(
      ({ version, target, signer }) =>
        `${targetText(target)} (version ${version}, key id ${signer})`,
    );
  const others = left.length > NAMED_MAX ? [`${left.length - NAMED_MAX} more`] : [];
  return `what somebody else published stays for ${[...named, ...others].join(', ')}`;
}

/** `isOurKey`: its signer is that of the push. */
export function overtakenAdvice(
  { plan, stage }: Rollout,
  { version }: SignedDocument,
  isOurKey: boolean,
): string {
  const { sought, canary } = plan;
  const again = 'run the same command again to publish over it';
  // An emergency is signed anew each time, with a version above.
  if (sought.kind !== 'policy') return `Where it is not to stay, ${again}`;
  const anew = canary === null || stage === 'aborted' ? '' : ' and name another --state-file';
  // The same state file takes none below what was taken back.
  const newest = stage === 'aborted' ? Math.max(version, canary?.revertVersion ?? 0) : version;
  const raise = `raise the version to at least ${newest + 1}${anew}`;
  if (isOurKey) return `To send this policy behind it, ${raise}`;
  const ask = 'Ask whose key that is';
  // Taken back, the same command has nothing to go on with.
  if (stage === 'aborted') return ask;
  const back = canary === null ? '' : ', or with --abort to take this policy back';
  const newer = version < sought.version ? '' : `; for devices that took it, ${raise}`;
  return `${ask}; where it is not to stay, ${again}${back}${newer}`;
}
