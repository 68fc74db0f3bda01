/**
 * How far a policy has come, and where an emergency holds, in words. Pure.
 *
 * @module
 */
import type { DocumentOutcome, DocumentsRow, Emergency, Rollout } from './answers.ts';
import { countText, UNKNOWN } from './format.ts';
import { wordsOf } from './reasonWords.ts';

/** In the order of their rows. */
const OUTCOMES = [
  { id: 'confirmed', words: 'it proved itself, and is kept' },
  { id: 'on_trial', words: 'followed, and has to prove itself' },
  { id: 'rolled_back', words: 'it did not prove itself: the one before is followed' },
  { id: 'refused', words: 'not taken' },
  { id: 'silent', words: 'nothing was said of it: not reached, away, or not meant for them' },
  {
    id: 'ahead',
    words: 'it alone speaks of a newer version: the first of a rollout, or a wrong one',
  },
] as const;

export interface OutcomeShare {
  readonly id: (typeof OUTCOMES)[number]['id'];
  /** The id as a word. */
  readonly name: string;
  readonly words: string;
  readonly count: number;
  /** 0…100 of those that take documents. */
  readonly percent: number;
}

export function outcomesOf(rollout: Rollout): readonly OutcomeShare[] {
  return OUTCOMES.map(({ id, words }) => {
    const count = rollout[id];
    const percent = rollout.devices === 0 ? 0 : (100 * count) / rollout.devices;
    return { id, name: id.replaceAll('_', ' '), words, count, percent };
  });
}

/** `Policy version 8: 9,000 of 10,000 devices have confirmed it.` */
export function rolloutText({ version, confirmed, devices }: Rollout): string {
  const have = devices === 1 ? 'device has' : 'devices have';
  return `Policy version ${version}: ${countText(confirmed)} of ${countText(devices)} ${have} confirmed it.`;
}

/** Empty where none holds. */
export function emergencyText({ devices, versions }: Emergency): string {
  if (devices === 0) return '';
  const which = versions.length === 1 ? 'version' : 'versions';
  const whom = devices === 1 ? '1 device' : `${countText(devices)} devices`;
  return `An emergency holds on ${whom}: ${which} ${versions.join(', ')}.`;
}

/** What a device says of signed documents, as facts; none where it takes none. */
export function documentFacts(
  documents: DocumentsRow | null | undefined,
): readonly { readonly words: string; readonly text: string }[] {
  if (documents === null || documents === undefined) return [];
  const { confirmed, on_trial, emergency, last, last_refusal } = documents;
  return [
    { words: 'Policy confirmed', text: `version ${confirmed}` },
    { words: 'Policy on trial', text: on_trial === null ? 'none' : `version ${on_trial}` },
    { words: 'Emergency', text: emergency === null ? 'none' : `version ${emergency}` },
    { words: 'Last document', text: outcomeText(last) },
    { words: 'Last refused document', text: outcomeText(last_refusal) },
  ];
}

/** `policy version 8, document_expired: A document came after …` */
function outcomeText(outcome: DocumentOutcome | null): string {
  if (outcome === null) return UNKNOWN;
  const { code, version, kind, why } = outcome;
  const which = version === null ? '' : `${kind ?? 'document'} version ${version}, `;
  const reason = why === null ? '' : ` (${why})`;
  return `${which}${code}: ${wordsOf(code).sentence}${reason}`;
}
