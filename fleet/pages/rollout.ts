/**
 * How far a policy has come, and where an emergency holds, in words. Pure.
 *
 * @module
 */
import { OUTCOMES, type Outcome } from '../outcome.ts';
import type { DocumentOutcome, DocumentsRow, Emergency, Rollout } from './answers.ts';
import { countText, UNKNOWN } from './format.ts';
import { wordsOf } from './reasonWords.ts';

interface Wording {
  readonly words: string;
  /** Those that a list of them has. */
  readonly devices: string;
}

const WORDING: Readonly<Record<Outcome, Wording>> = {
  confirmed: { words: 'it proved itself, and is kept', devices: 'that confirmed the policy' },
  on_trial: { words: 'followed, and has to prove itself', devices: 'with the policy on trial' },
  rolled_back: {
    words: 'it did not prove itself: the one before is followed',
    devices: 'that rolled the policy back',
  },
  refused: { words: 'not taken', devices: 'that refused the policy' },
  silent: {
    words: 'nothing was said of it: not reached, away, or not meant for them',
    devices: 'silent about the policy',
  },
  ahead: {
    words: 'it alone speaks of a newer version: the first of a rollout, or a wrong one',
    devices: 'ahead of the policy',
  },
};

/** `on trial`. */
export const outcomeWord = (outcome: string): string => outcome.replaceAll('_', ' ');

/** `that refused the policy`, behind `4 devices`. */
export const outcomeDevices = (outcome: Outcome): string => WORDING[outcome].devices;

export interface OutcomeShare {
  readonly id: Outcome;
  /** The id as a word. */
  readonly name: string;
  readonly words: string;
  readonly count: number;
  /** 0…100 of those that take documents. */
  readonly percent: number;
}

export function outcomesOf(rollout: Rollout): readonly OutcomeShare[] {
  return OUTCOMES.map((id) => {
    const { words } = WORDING[id];
    const count = rollout[id];
    const percent = rollout.devices === 0 ? 0 : (100 * count) / rollout.devices;
    return { id, name: outcomeWord(id), words, count, percent };
  });
}

/** `Policy version 8: 9,000 of 10,000 devices have confirmed it.` */
export function rolloutText({ version, confirmed, devices }: Rollout): string {
  const have = devices === 1 ? 'device has' : 'devices have';
  return `Policy version ${version}: ${countText(confirmed)} of ${countText(devices)} ${have} confirmed it.`;
}

/** `8 on trial`; `none yet` where a device takes documents and has named no policy. */
export function verdictText(documents: DocumentsRow | null | undefined): string {
  if (documents === null || documents === undefined) return UNKNOWN;
  const { verdict } = documents;
  if (verdict === null || verdict === undefined) return 'none yet';
  return `${verdict.version} ${outcomeWord(verdict.word)}`;
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
