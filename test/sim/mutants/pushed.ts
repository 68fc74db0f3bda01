/**
 * What becomes of documents that are pushed: planted where they are admitted, staged, confirmed, rolled back and left for later.
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
  {
    id: 'confirmed-without-proof',
    file: STAGING,
    find: '    return stay({ ...next, trial: { ...trial, isApplied } });',
    replace: '    return stay({ ...next, trial: { ...trial, isApplied, isProven: true } });',
    breaks: 'A policy on trial is confirmed when it is followed, whether the session holds or not.',
    invariant: 'I4',
    seedsFrom,
  },
  {
    id: 'trial-of-three-windows',
    file: STAGING,
    find: '      const endsAtMs = atMs + policy.push.confirmWindowMs;',
    replace: '      const endsAtMs = atMs + 3 * policy.push.confirmWindowMs;',
    breaks: 'A policy is on trial for three times its window.',
    invariant: 'I4',
    seedsFrom,
  },
  {
    id: 'early-document-taken',
    file: 'policies/signed/admit.ts',
    find: '  return nowS < notBeforeS ? refuse(',
    replace: '  return nowS < 0 ? refuse(',
    breaks: 'A policy that begins later is tried when it arrives.',
    invariant: 'I4',
    seedsFrom,
  },
  {
    id: 'document-refused-unsaid',
    file: 'policies/signed/take.ts',
    find: '  return { state, effects: [reportOf(taken.refused, detail), ...answer] };',
    replace: '  return { state, effects: answer };',
    breaks: 'A document is refused, and nobody is told.',
    invariant: 'I8',
    seedsFrom,
  },
  {
    id: 'later-policy-forgotten',
    file: 'agent/laterDocuments.ts',
    find: '    this.#kept.set(stream, { event, tries: 0, isWaiting: false });',
    replace: '',
    breaks: 'A policy that came while another one was on trial never gets its turn.',
    invariant: 'I8',
    seedsFrom,
  },
];
