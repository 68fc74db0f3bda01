/**
 * Every mutant there is. All of them have to be noticed by a run of some seed.
 *
 * @module
 */
import type { Mutant } from './mutant.ts';

/** The bug of `--canary`: as old as the simulator, and noticed by most seeds with a crash. */
export const CANARY = 'versions-forgotten-at-boot';

export const MUTANTS: readonly Mutant[] = [
  {
    id: 'versions-forgotten-at-boot',
    file: 'session/device/boot.ts',
    find: 'draft.stateVersion = remembered?.versionCeiling ?? 0;',
    replace: 'draft.stateVersion = 0;',
    breaks: 'A restarted device uses versions again.',
    invariant: 'I4',
  },
];

/** @throws Error with a sentence for a person. */
export function mutantOf(id: string): Mutant {
  const found = MUTANTS.find((mutant) => mutant.id === id);
  if (found === undefined) throw new Error(`there is no mutant "${id}" in test/sim/mutants`);
  return found;
}
