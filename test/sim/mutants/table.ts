/**
 * Every mutant there is. Those of the simulator have to be noticed by a run of some seed, the others by a torture.
 *
 * @module
 */
import { ADDRESS_MUTANTS } from './address.ts';
import { CADENCE_MUTANTS } from './cadence.ts';
import { CHANNEL_MUTANTS } from './channel.ts';
import { DEVICE_MUTANTS } from './device.ts';
import { DURABLE_MUTANTS } from './durable.ts';
import { GOVERNOR_MUTANTS } from './governor.ts';
import { HEARSAY_MUTANTS } from './hearsay.ts';
import { HUB_MUTANTS } from './hub.ts';
import { METERED_MUTANTS } from './metered.ts';
import type { Mutant } from './mutant.ts';
import { ONLY_LINK_MUTANTS } from './onlyLink.ts';
import { OWNERSHIP_MUTANTS } from './ownership.ts';
import { PUSHED_MUTANTS } from './pushed.ts';
import { QUALITY_MUTANTS } from './quality.ts';
import { RESEND_MUTANTS } from './resend.ts';
import { ROTATION_MUTANTS } from './rotations.ts';

/** The bug of `--canary`: as old as the simulator, and noticed by most seeds with a crash. */
export const CANARY = 'versions-forgotten-at-boot';

/** What the simulator has to notice. */
export const MUTANTS: readonly Mutant[] = [
  ...DEVICE_MUTANTS,
  ...HUB_MUTANTS,
  ...ADDRESS_MUTANTS,
  ...DURABLE_MUTANTS,
  ...CHANNEL_MUTANTS,
  ...OWNERSHIP_MUTANTS,
  ...RESEND_MUTANTS,
  ...ONLY_LINK_MUTANTS,
  ...HEARSAY_MUTANTS,
  ...METERED_MUTANTS,
  ...GOVERNOR_MUTANTS,
  ...CADENCE_MUTANTS,
  ...QUALITY_MUTANTS,
  ...PUSHED_MUTANTS,
];

/** What `scripts/torture` can plant: of the simulator's those whose place a push gets to. */
export const TORTURE_MUTANTS: readonly Mutant[] = [...MUTANTS, ...ROTATION_MUTANTS];

/** @throws Error with a sentence for a person. */
export function mutantOf(id: string, mutants = MUTANTS): Mutant {
  const found = mutants.find((mutant) => mutant.id === id);
  if (found === undefined) throw new Error(`there is no mutant "${id}" in test/sim/mutants`);
  return found;
}
