/**
 * What an audit found, as JSON and as lines for people.
 *
 * Pure: logs and verdicts in, text out.
 *
 * @module
 */
import {
  type InvariantVerdict,
  NOT_IN_EVENTS,
  NOT_IN_LOGS,
} from '../../session/invariants/stream/auditor.ts';
import type { AuditRecord } from '../../session/invariants/stream/record.ts';
import { type Advice, adviceLines, adviceOf } from './auditAdvice.ts';
import { cutLines, eventLines, eventsJson } from './auditCuts.ts';
import type { EventSources } from './auditDatabase.ts';
import type { Sources } from './auditFiles.ts';
import { table } from './show.ts';

export interface Audit {
  readonly logs: Sources;
  /** Where it is of what a fleet keeps, and not of logs: what that is, and what it lacks. */
  readonly events?: EventSources;
  /** Whose bounds these are, at least one, ascending by version. */
  readonly policies: readonly { readonly name: string; readonly version: number }[];
  readonly verdicts: readonly InvariantVerdict[];
  /** The one session that was asked for, or null: all of them, their moves only. */
  readonly sessionId: string | null;
}

/** Whether no invariant broke and each line is an event. An event that is missing breaks I8. */
export function isClean({ logs, verdicts }: Audit): boolean {
  const isHeld = verdicts.every(({ violations }) => violations.length === 0);
  return isHeld && logs.unreadable.length === 0;
}

interface Step {
  readonly writer: string;
  readonly record: AuditRecord;
}

const MOVES = ['transition', 'switch'];

/** The lives of the sessions, each in the order of the wall clock. */
function livesOf({ logs, sessionId }: Audit): ReadonlyMap<string, readonly Step[]> {
  const lives = new Map<string, Step[]>();
  for (const { writer, records } of logs.logs) {
    for (const record of records) {
      if (record.sessionId === null || (sessionId !== null && record.sessionId !== sessionId)) {
        continue;
      }
      const isShown = sessionId !== null || MOVES.includes(record.event) || isBeginning(record);
      const life = lives.get(record.sessionId) ?? [];
      if (isShown) life.push({ writer, record });
      lives.set(record.sessionId, life);
    }
  }
  const wallMs = ({ record }: Step) => logs.placeOf(record).wallMs ?? 0;
  for (const life of lives.values()) life.sort((a, b) => wallMs(a) - wallMs(b));
  return lives;
}

/** Of the session that was asked for, or of all logs. */
function advice({ logs, sessionId }: Audit): readonly Advice[] {
  const records = logs.logs.flatMap((log) => log.records);
  const of = records.filter((record) => sessionId === null || record.sessionId === sessionId);
  return adviceOf(of);
}

const isBeginning = ({ reasonCode, event }: AuditRecord) =>
  event === 'notice' &&
  ['session_created', 'agent_restarted', 'hub_restarted'].includes(reasonCode);

export function auditJson(audit: Audit): string {
  const { logs, events, policies, verdicts } = audit;
  const document = {
    ok: isClean(audit),
    // The newest, for those who expect one.
    policy: policies.at(-1),
    policies,
    unjudged_versions: unjudgedVersions(audit),
    logs: logs.logs.map(({ files, writer, records }) => ({
      ...{ files, writer, events: records.length },
      ...{ first_seq: records[0]?.seq ?? null, last_seq: records.at(-1)?.seq ?? null },
    })),
    ...(events === undefined ? {} : eventsJson(events)),
    invariants: [
      ...verdicts.map(({ id, name, checked, violations }) => ({
        ...{ id, name, checked, violated: violations.length, asserted: null },
      })),
      ...elsewhere(audit).map(([id, name, asserted]) => ({
        ...{ id, name, checked: null, violated: null, asserted },
      })),
    ].toSorted((a, b) => byNumber(a.id, b.id)),
    violations: verdicts.flatMap(({ id, violations }) =>
      violations.map(({ sentence, writer, record }) => {
        const { file, line } = logs.placeOf(record);
        return { id, sentence, writer, file, line, event: rowOf(audit, record) };
      }),
    ),
    gaps: logs.gaps.map(({ file, line, afterSeq, seq }) => ({
      ...{ file, line, after_seq: afterSeq, seq },
    })),
    unreadable: logs.unreadable,
    advice: advice(audit),
    sessions: [...livesOf(audit)].map(([session_id, life]) => ({
      session_id,
      events: life.map(({ writer, record }) => ({ writer, ...rowOf(audit, record) })),
    })),
  };
  return JSON.stringify(document, null, 2);
}

function rowOf({ logs }: Audit, record: AuditRecord) {
  return {
    ts_ms: logs.placeOf(record).wallMs,
    seq: record.seq,
    event: record.event,
    device: record.device,
    from: record.from,
    to: record.to,
    reason_code: record.reasonCode,
    state_version: record.stateVersion,
    hub_seq: record.hubSeq,
    owner_epoch: record.ownerEpoch,
    transport: record.transport,
    detail: record.detail,
  };
}

/** What neither logs nor, of a fleet, published events show, and who looks instead. */
const elsewhere = ({ events }: Audit) =>
  events === undefined ? NOT_IN_LOGS : [...NOT_IN_EVENTS, ...NOT_IN_LOGS];

const byNumber = (a: string, b: string) => Number(a.slice(1)) - Number(b.slice(1));

export function auditLines(audit: Audit): readonly string[] {
  const { logs, events, policies } = audit;
  return [
    ...(events === undefined ? logLines(logs) : eventLines(logs, events)),
    ...policies.map(({ name, version }) => `bounds of policy "${name}" version ${version}`),
    '',
    ...invariantLines(audit),
    ...faultLines(audit),
    ...cutLines(events?.cuts ?? []),
    ...adviceLines(advice(audit)),
    ...[...livesOf(audit)].flatMap(([sessionId, life]) =>
      life.length === 0 ? [] : lifeLines(audit, sessionId, life),
    ),
    ...unjudgedLines(audit),
  ];
}

const logLines = ({ logs }: Sources) =>
  logs.map(
    ({ files, writer, records }) =>
      `${writer} log of ${records.length} events: ${files.join(', ')}`,
  );

/** Policy versions that logs name and no given policy has, as far as a bound depends on it. */
function unjudgedVersions({ verdicts }: Audit): readonly number[] {
  const all = new Set(verdicts.flatMap((verdict) => verdict.unjudgedVersions));
  return [...all].toSorted((a, b) => a - b);
}

function unjudgedLines(audit: Audit): readonly string[] {
  const versions = unjudgedVersions(audit);
  if (versions.length === 0) return [];
  const under = `policy version${versions.length === 1 ? '' : 's'} ${versions.join(', ')}`;
  return ['', `switches under ${under} were not held to a cap: no --policy FILE has that version`];
}

function invariantLines(audit: Audit): readonly string[] {
  const { verdicts } = audit;
  const rows = verdicts.map(({ id, name, checked, violations }) => [
    id,
    name,
    String(checked),
    String(violations.length),
    checked === 0 ? `nothing to check${id === 'I1' ? ': takes the logs of both ends' : ''}` : '',
  ]);
  const others = elsewhere(audit).map(([id, name, where]) => [id, name, '–', '–', where]);
  const all = [...rows, ...others].toSorted(([a], [b]) => byNumber(a!, b!));
  return table([['', 'invariant', 'checked', 'violated', ''], ...all]);
}

function faultLines(audit: Audit): readonly string[] {
  const { logs, verdicts } = audit;
  const violations = verdicts.flatMap(({ violations: own }) => own);
  const broken = violations.flatMap(({ sentence, record }) => {
    const { file, line } = logs.placeOf(record);
    return [`${file}:${line}: ${sentence}`, `  ${JSON.stringify(rowOf(audit, record))}`];
  });
  const gaps = logs.gaps.map(({ file, line, afterSeq, seq }) => {
    const count = seq - afterSeq - 1;
    const what = count > 0 ? `${count} events are missing` : 'the numbers go back';
    return `${file}:${line}: ${what} between seq ${afterSeq} and ${seq}`;
  });
  const unreadable = logs.unreadable.map(
    ({ file, line, code }) =>
      `${file}:${line}: ${code === 'notJson' ? 'not JSON: torn by a power cut, or no audit log' : 'no audit event'}`,
  );
  const faults = [...unreadable, ...gaps, ...broken];
  return faults.length === 0 ? [] : ['', ...faults];
}

function lifeLines({ logs }: Audit, sessionId: string, life: readonly Step[]): readonly string[] {
  const device = life[0]?.record.device ?? '';
  const rows = life.map(({ writer, record }) => {
    const { wallMs } = logs.placeOf(record);
    return [
      `  ${wallMs === null ? '–' : new Date(wallMs).toISOString()}`,
      writer,
      record.event === 'transition' ? `${record.from} → ${record.to}` : record.event,
      record.reasonCode,
      `v${record.stateVersion}`,
      record.transport ?? '–',
    ];
  });
  return ['', `session ${sessionId} of ${device}`, ...table(rows)];
}
