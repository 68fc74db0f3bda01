/**
 * What each stage of a rollout publishes, as often as it is gone on with.
 *
 * @module
 */
import { fleetOf } from '../signed/claims.ts';
import type { Plan, Progress, RolloutEffect } from './plan.ts';

export function publicationsOf(
  { target }: Plan,
  { stage, canary, isWide }: Progress,
): readonly RolloutEffect[] {
  const toCanary = (document: 'forward' | 'revert') =>
    canary.map((name) => ({
      ...{
        kind: 'publish' as const,
        document,
        to: { level: 'device' as const, fleet: fleetOf(target), name },
      },
    }));
  const cleared = canary
    .filter((device) => target.level !== 'device' || target.name !== device)
    .map((device) => ({ kind: 'clear' as const, device }));
  if (stage === 'canary') return toCanary('forward');
  if (stage === 'rest') return [{ kind: 'publish', document: 'forward', to: target }];
  if (stage === 'done') return cleared;
  if (stage !== 'reverting') return [];
  return isWide
    ? [{ kind: 'publish', document: 'revert', to: target }, ...cleared]
    : toCanary('revert');
}
