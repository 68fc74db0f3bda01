/**
 * Reason codes in words, from the one table of reasons. Pure.
 *
 * A device may be newer than this page: a code that the table does not have is shown as it came.
 *
 * @module
 */
import { isReasonCode, reasonOf, type Severity } from '../../session/reasons.ts';
import { NO_REASON, OTHER_REASONS, TWO_PROCESSES } from '../signs.ts';

export interface ReasonWords {
  readonly code: string;
  readonly sentence: string;
  /** `null` of a code that this version does not know. */
  readonly severity: Severity | null;
  readonly hint: string | null;
}

const RANK = { alarm: 0, warning: 1, notice: 2, info: 3 } as const satisfies Record<
  Severity,
  number
>;

/** What is no code of a device. */
const OWN = new Map<string, ReasonWords>(
  [
    {
      code: NO_REASON,
      sentence: 'No reason given: the device says that a session ended, and not why.',
      severity: 'alarm',
      hint: 'No agent does that; look at the audit log of the device.',
    } as const,
    {
      code: TWO_PROCESSES,
      sentence: 'Two processes report in turn under the name of this device.',
      severity: 'warning',
      hint: 'A copy of the device, or another with its name: look for the second one before trusting what is shown of either.',
    } as const,
    {
      code: OTHER_REASONS,
      sentence: 'Other codes that this version of the dashboard does not know.',
      ...{ severity: null, hint: null },
    },
  ].map((words) => [words.code, words]),
);

export function wordsOf(code: string): ReasonWords {
  const own = OWN.get(code);
  if (own !== undefined) return own;
  if (!isReasonCode(code)) {
    const sentence = 'This version of the dashboard does not know that code.';
    return { code, sentence, severity: null, hint: null };
  }
  const { sentence, severity, hint } = reasonOf(code);
  return { code, sentence, severity, hint };
}

/** The most frequent first; of equals the graver one. Codes that never came are left out. */
export function ranked(
  counts: Readonly<Record<string, number>>,
): readonly (ReasonWords & { readonly count: number })[] {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([code, count]) => ({ ...wordsOf(code), count }))
    .sort((a, b) => b.count - a.count || rankOf(a) - rankOf(b) || (a.code < b.code ? -1 : 1));
}

/** A code that nobody knows is looked at before what is everyday life. */
const rankOf = ({ severity }: ReasonWords) => (severity === null ? 1.5 : RANK[severity]);
