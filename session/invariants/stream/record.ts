/**
 * One line of an audit log, as the auditor reads it back.
 *
 * Refuses whatever is not an event as `hal/linux/auditLog.ts` writes it: a log may be torn, cut or not a log at all.
 * Source: docs/protocol.md, "Audit events".
 *
 * @module
 */
import { AUDIT_KINDS, type AuditEvent } from '../../audit.ts';
import { fail, ok, type Result } from '../../result.ts';
import { STATES } from '../../transitions.ts';

/** `reasonCode` may be a code that this version does not know: judging that is the auditor's job. */
export interface AuditRecord extends Omit<AuditEvent, 'reasonCode'> {
  readonly seq: number;
  readonly reasonCode: string;
  readonly policyVersion: number;
}

/** What one daemon wrote, in the order of its lines. */
export interface AuditStream {
  readonly writer: 'device' | 'hub';
  readonly records: readonly AuditRecord[];
  /** Left out: true. False of what is published: without its claims nobody knows under which policy a switch began. */
  readonly hasClaims?: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Never throws. */
export function decodeAuditLine(line: string): Result<AuditRecord, 'notJson' | 'notAnEvent'> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return fail('notJson');
  }
  if (!isFields(value)) return fail('notAnEvent');
  const record = recordOf(value);
  return record === null ? fail('notAnEvent') : ok(record);
}

function recordOf(row: Fields): AuditRecord | null {
  const event = oneOf(AUDIT_KINDS, row['event']);
  const from = row['from'] === null ? null : oneOf(STATES, row['from']);
  const to = row['to'] === null ? null : oneOf(STATES, row['to']);
  const [seq, atMs] = [row['seq'], row['mono_ms']];
  const [stateVersion, hubSeq, ownerEpoch] = [
    row['state_version'],
    row['hub_seq'],
    row['owner_epoch'],
  ];
  const { reason_code: reasonCode, device, session_id: sessionId, transport, detail } = row;
  const policyVersion = row['policy_version'];
  if (
    event === undefined ||
    from === undefined ||
    to === undefined ||
    !isCount(seq) ||
    !isTime(atMs) ||
    !isCount(stateVersion) ||
    !isCount(hubSeq) ||
    !isCount(ownerEpoch) ||
    !isCount(policyVersion) ||
    typeof reasonCode !== 'string' ||
    typeof device !== 'string' ||
    !isTextOrNull(sessionId) ||
    !isTextOrNull(transport) ||
    !isFields(detail) ||
    !Object.values(detail).every(isPlain)
  ) {
    return null;
  }
  return {
    ...{ seq, atMs, event, reasonCode, device, sessionId, from, to },
    ...{ stateVersion, hubSeq, ownerEpoch, transport, policyVersion },
    detail: detail as AuditEvent['detail'],
  };
}

const oneOf = <T extends string>(known: readonly T[], value: unknown): T | undefined =>
  known.find((item) => item === value);

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

/** JSON has no infinity, but 1e999 is read as one. */
const isTime = (value: unknown): value is number => Number.isFinite(value);

const isPlain = (value: unknown) =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);

const isTextOrNull = (value: unknown): value is string | null =>
  value === null || typeof value === 'string';

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
