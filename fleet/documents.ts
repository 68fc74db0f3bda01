/**
 * What a device says of signed documents (docs/mqtt.md, "Policy reported"), as far as the fleet reckons with it. Pure.
 *
 * Whoever may publish may have written it: each field is looked at, texts are bounded, codes are of the one table.
 *
 * @module
 */
import { isReasonCode } from '../session/reasons.ts';
import { fail, ok, type Result } from '../session/result.ts';
import { type Document, isDocument } from './document.ts';
import type { VerdictWord } from './outcome.ts';
import { countAt, tableAt, textAt } from './report.ts';

/** What came of one document. */
export interface DocumentOutcome {
  /** Reason code (docs/reasons.md). */
  readonly code: string;
  /** The device's wall clock, which may be wrong. */
  readonly tsMs: number | null;
  readonly version: number | null;
  /** `policy`, `emergency`, …, where the device says it. */
  readonly kind: string | null;
  readonly why: string | null;
}

export interface Documents {
  readonly policyName: string | null;
  readonly policyVersion: number | null;
  /** Version of the policy that proved itself last, or is the configuration's. */
  readonly confirmed: number;
  readonly onTrial: number | null;
  /** Version of the emergency that holds. */
  readonly emergency: number | null;
  /** Of the newest that was taken, and of the newest that was not: anybody can have one refused. Null: none since the agent started. */
  readonly step: DocumentOutcome | null;
  readonly refused: DocumentOutcome | null;
}

/** What a device says of the newest policy that it ever spoke of. */
export interface DocumentVerdict {
  readonly version: number;
  readonly word: VerdictWord;
}

export function readPolicyReported(
  document: Document,
): Result<Documents, 'versionUnknown' | 'fieldWrong'> {
  if (document['v'] !== 1) return fail('versionUnknown');
  const confirmed = countAt(document, 'confirmed');
  if (confirmed === null) return fail('fieldWrong');
  const policy = tableAt(document, 'policy');
  return ok({
    ...{ policyName: textAt(policy, 'name'), policyVersion: countAt(policy, 'version') },
    confirmed,
    onTrial: countAt(document, 'on_trial'),
    emergency: countAt(document, 'emergency'),
    step: outcomeOf(document['last_step']),
    refused: outcomeOf(document['last_refusal']),
  });
}

/** Null: the device has named no version yet. */
export function verdictAfter(
  before: DocumentVerdict | null,
  { confirmed, onTrial, step, refused }: Documents,
): DocumentVerdict | null {
  const said: DocumentVerdict[] = [];
  if (confirmed > 0) said.push({ version: confirmed, word: 'confirmed' });
  if (onTrial !== null) said.push({ version: onTrial, word: 'on_trial' });
  if (step?.code === 'policy_rolled_back' && step.version !== null) {
    said.push({ version: step.version, word: 'rolled_back' });
  }
  if (refused?.kind === 'policy' && refused.version !== null) {
    said.push({ version: refused.version, word: 'refused' });
  }
  // Who confirms less than it did is another, or has lost its flash: what was said before it is not its own.
  const isAnother = before?.word === 'confirmed' && confirmed < before.version;
  // What is not on trial any more and was not confirmed was rolled back, whether that was heard or not.
  if (before !== null && !isAnother) {
    said.push(before.word === 'on_trial' ? { ...before, word: 'rolled_back' } : before);
  }
  // Of one version the first counts: what it is now says more than what was said of it.
  return said.reduce<DocumentVerdict | null>(
    (newest, one) => (newest === null || one.version > newest.version ? one : newest),
    null,
  );
}

export function isSameDocuments(a: Documents, b: Documents): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function outcomeOf(table: unknown): DocumentOutcome | null {
  if (!isDocument(table)) return null;
  const code = textAt(table, 'code');
  if (code === null || !isReasonCode(code)) return null;
  const kind = textAt(table, 'kind');
  const tsMs = countAt(table, 'ts_ms');
  return { code, tsMs, version: countAt(table, 'version'), kind, why: textAt(table, 'why') };
}
