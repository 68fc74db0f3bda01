/**
 * Why a document was not taken: a reason code for counters and reports, and a sentence for a person.
 *
 * @module
 */
import type { DOCUMENT_REFUSALS } from '../../session/reasons/documents.ts';

export type RefusalCode = keyof typeof DOCUMENT_REFUSALS;

export interface Refused {
  readonly refused: RefusalCode;
  /** Continues the code's sentence. Holds nothing of the document but numbers, field paths and names that were checked. */
  readonly detail: string;
}

export const refuse = (refused: RefusalCode, detail: string): Refused => ({ refused, detail });

export function isRefused(value: object): value is Refused {
  return 'refused' in value;
}
