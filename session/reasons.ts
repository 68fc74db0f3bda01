/**
 * The one table of reason codes: why a session moved, why a claim was refused, what keeps a session from a better link,
 * what was noticed.
 *
 * Every transition carries exactly one of these codes, every refusal one; audit log, status, CLI,
 * dashboard and `docs/reasons.md` all read this table and nothing else. Codes are stable: they travel
 * in frames and lie in audit files, so a code is never renamed or given another meaning.
 *
 * Source: docs/protocol.md, "Transitions", "What a hub checks" and "Audit events". The rows live in
 * `reasons/`, one file for each moment at which a code is given.
 *
 * @module
 */
import { DENIAL_REASONS } from './reasons/denials.ts';
import { DOCUMENT_REASONS } from './reasons/documents.ts';
import { NOTICE_REASONS } from './reasons/notices.ts';
import { REFUSAL_REASONS } from './reasons/refusals.ts';
import { TRANSITION_REASONS } from './reasons/transitions.ts';

/** `info` is everyday life, `notice` is worth reading, `warning` needs a look, `alarm` a person now. */
export const SEVERITIES = ['info', 'notice', 'warning', 'alarm'] as const;
export type Severity = (typeof SEVERITIES)[number];

/**
 * What a refused claimant may do: nothing with this session (`never`), make a new claim at once
 * (`at_once`), or make a new claim when `retry_after` has passed (`after_wait`).
 */
export type Retry = 'never' | 'at_once' | 'after_wait';

export interface Reason {
  /** For a person who was woken by it. No jargon beyond docs/architecture.md's glossary. */
  readonly sentence: string;
  readonly severity: Severity;
  /** As a refusal: it ends the session for the claimant. Never ends the recorded session by itself. */
  readonly fatal: boolean;
  /** Null where the code is never given as a refusal. */
  readonly retry: Retry | null;
  /** What to look at first. */
  readonly hint: string;
}

/** The rows grouped by the moment at which a code is given; the reference page keeps this order. */
export const REASONS_BY_MOMENT = {
  transitions: TRANSITION_REASONS,
  refusals: REFUSAL_REASONS,
  denials: DENIAL_REASONS,
  notices: NOTICE_REASONS,
  documents: DOCUMENT_REASONS,
} as const;

export const REASONS = {
  ...TRANSITION_REASONS,
  ...REFUSAL_REASONS,
  ...DENIAL_REASONS,
  ...NOTICE_REASONS,
  ...DOCUMENT_REASONS,
} as const;

export type ReasonCode = keyof typeof REASONS;

/** Whether foreign text is one of our codes. */
export function isReasonCode(text: string): text is ReasonCode {
  return Object.hasOwn(REASONS, text);
}

/** The row of a code. */
export function reasonOf(code: ReasonCode): Reason {
  return REASONS[code];
}
