/**
 * What a policy on trial must not leave behind: planted where documents are staged, confirmed and rolled back.
 *
 * @module
 */
import { PUSHED_SEEDS_FROM } from '../draw/pushed.ts';
import type { Mutant } from './mutant.ts';

const STAGING = 'policies/signed/staging.ts';

/** Seeds of policies that are pushed. */
const seedsFrom = PUSHED_SEEDS_FROM;

export const PUSHED_MUTANTS: readonly Mutant[] = [
  {
    id: 'rolled-back-to-file',
    file: STAGING,
    find: '  const next = { ...state, trial: null };\n  return {',
    replace:
      '  const next = { ...state, trial: null, confirmed: state.setup.configured };\n  return {',
    breaks:
      'A policy that is rolled back is followed by that of the file, whatever was confirmed since.',
    invariant: 'I4',
    seedsFrom,
  },
  {
    id: 'rolled-back-unsaid',
    file: STAGING,
    find: "    effects: [follow(next), reportOf('policy_rolled_back', { version, why })],",
    replace: '    effects: [follow(next)],',
    breaks:
      'A device goes back to the policy before and does not say that another one was given up.',
    invariant: 'I4',
    seedsFrom,
  },
];
