/**
 * What can become of a policy on a device: the one list, for whoever reckons and for the pages. Pure.
 *
 * @module
 */

/** What a device says of it; the words are those of `/api/overview`. */
export const VERDICT_WORDS = ['confirmed', 'on_trial', 'rolled_back', 'refused'] as const;
export type VerdictWord = (typeof VERDICT_WORDS)[number];

/** On a device that takes documents, in the order in which they are shown. */
export const OUTCOMES = [
  ...VERDICT_WORDS,
  // It has said nothing about it: not reached, away, or it is not meant for it.
  'silent',
  // It alone speaks of a newer version.
  'ahead',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const isOutcome = (text: string): text is Outcome => OUTCOMES.includes(text as Outcome);
