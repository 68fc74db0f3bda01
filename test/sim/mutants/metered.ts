/**
 * What a metered link has spent, and a restart between.
 *
 * @module
 */
import { SPENT_AND_RESTARTED } from '../regressions.ts';
import type { Mutant } from './mutant.ts';

const SPENDING = 'agent/spending.ts';

export const METERED_MUTANTS: readonly Mutant[] = [
  {
    id: 'spending-forgotten-at-boot',
    file: SPENDING,
    find: 'new Spending(links, open, store.value, { ...metering, spent })',
    replace: 'new Spending(links, open, store.value, { ...metering, spent: spent.slice(0, 0) })',
    breaks: 'A restarted agent has the whole budget of the day again.',
    invariant: 'I7',
  },
  {
    id: 'spending-not-written',
    file: SPENDING,
    find: '    if (this.#store === null) return;',
    replace: '    if (this.#store === null || links.length > 0) return;',
    breaks: 'What was spent of a budget never reaches flash.',
    invariant: 'I7',
    scenario: SPENT_AND_RESTARTED,
  },
];
