/**
 * What a hub may believe of an address, or wait for: planted in its trial of addresses and in what its shell is told.
 *
 * @module
 */
import { CUT_SEEDS_FROM } from '../draw/cuts.ts';
import type { Mutant } from './mutant.ts';

const OUTPUTS = 'session/hub/outputs.ts';
const CANDIDATE = '  const candidate = trial?.answered ?? null;';

export const ADDRESS_MUTANTS: readonly Mutant[] = [
  {
    id: 'seat-address-on-sight',
    file: 'session/hub/trial.ts',
    find: '  if (draft.source === arrival.source && draft.isSourceValidated) return;',
    replace:
      '  if (draft.source === arrival.source && draft.isSourceValidated) return;\n  if (draft.source !== arrival.source) return adopt(turn, arrival.source);',
    breaks: 'Whoever repeats a packet from elsewhere redirects the data there.',
    invariant: 'I9',
  },
  {
    id: 'seat-token-from-elsewhere',
    file: 'session/hub/replies.ts',
    find: 'question.target === source && ',
    replace: '',
    breaks: 'A challenge is answered from another address than it went to.',
    invariant: 'I9',
  },
  {
    id: 'route-waits-for-old-address',
    file: OUTPUTS,
    find: CANDIDATE,
    replace: '  const candidate = null;',
    breaks:
      'After a NAT rebind no data goes to the address that answered until the old one was silent for long enough.',
    invariant: 'liveness',
    seedsFrom: CUT_SEEDS_FROM,
  },
  {
    id: 'route-to-unanswered-address',
    file: OUTPUTS,
    find: CANDIDATE,
    replace: '  const candidate = trial?.candidates[0]?.target ?? null;',
    breaks: 'A copy of all data goes to an address that was asked and has not answered.',
    invariant: 'I9',
  },
];
