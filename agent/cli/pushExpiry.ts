/**
 * Until when devices take what a push sends: nothing that is over goes forward, and the way back holds from when it begins.
 *
 * @module
 */
import type { Stage } from '../../policies/rollout/plan.ts';
import { BEHIND_S, POLICY_S, type Times } from './pushDocument.ts';
import type { PushFile } from './pushFile.ts';
import { type CanaryFlags, type PushFlags, PushUsage } from './pushFlags.ts';
import { Unusable } from './signing.ts';

/** @throws Unusable where devices would refuse it for that. `advice`: what to do instead. */
export function refuseExpired(
  version: number,
  expiresS: number,
  nowS: number,
  advice: string,
): void {
  if (nowS < expiresS) return;
  const at = new Date(expiresS * 1_000).toISOString();
  throw new Unusable(
    `version ${version} expired at ${at}, and devices take it no more: nothing of it is sent. ${advice}`,
    1,
  );
}

/** What a rollout that is in `stage` sends devices is the new policy. @throws Unusable where that has expired. */
export function refuseForward(
  { version, revertVersion, expiresS }: PushFile,
  stage: Stage,
  nowS: number,
): void {
  if (stage === 'reverting' || stage === 'done' || stage === 'aborted') return;
  const advice = `Take it back with --abort, then push it as version ${revertVersion + 1} or above with a later --expires`;
  refuseExpired(version, expiresS, nowS, advice);
}

/**
 * A soak that stands still takes longer; that is seen when it is over.
 *
 * @param answerMs how long is waited for a trial.
 * @throws PushUsage where the new policy would be over before the rest has tried it, even if all goes well.
 */
export function refuseShort(
  { expiresMs, answerWithinMs }: PushFlags,
  { soakMs, isAbort }: CanaryFlags,
  answerMs: number,
): void {
  const leastMs = soakMs + 2 * (answerWithinMs ?? answerMs);
  if (isAbort || (expiresMs ?? POLICY_S * 1_000) >= leastMs) return;
  throw new PushUsage(
    `--expires: it would be over before the rest has tried it: at least ${Math.ceil(leastMs / 1_000)}s with this --soak and two trials`,
  );
}

/** When the policy before holds that is sent from `nowS` on: for a canary device that is parked, no shorter than by default. */
export function timesBack({ notBeforeS, expiresS }: PushFile, nowS: number): Times {
  const lengthS = Math.max(POLICY_S, expiresS - notBeforeS - BEHIND_S);
  return { notBeforeS: nowS - BEHIND_S, expiresS: nowS + lengthS };
}
