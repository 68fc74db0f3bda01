/**
 * A health report (docs/mqtt.md, "Health") as far as the fleet reckons with it. Pure.
 *
 * Whoever may publish may have written it: each field is looked at, texts are bounded, codes are of the one table, and
 * what does not fit is null where the fleet can do without it.
 *
 * @module
 */
import { isReasonCode } from '../session/reasons.ts';
import { fail, ok, type Result } from '../session/result.ts';
import { type Document, isDocument } from './document.ts';

export interface Recovery {
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
}

/** In a table of its own: four more fields would double the room that the fields of a report take. */
export interface Figures {
  /** Of the binding, as the two below. */
  readonly rttMs: number | null;
  readonly jitterMs: number | null;
  /** 0…100. */
  readonly lossPercent: number | null;
  /** Resident, of the agent's process. */
  readonly memoryBytes: number | null;
}

export interface Report {
  /** Random name of the agent's process. */
  readonly boot: string;
  /** Reports of that process, from 1. */
  readonly seq: number;
  /** The device's wall clock, which may be wrong. */
  readonly tsMs: number | null;
  readonly deviceKey: string | null;
  readonly version: string | null;
  readonly policyName: string | null;
  readonly policyVersion: number | null;
  readonly state: string;
  readonly stateVersion: number | null;
  readonly sessionId: string | null;
  /** Reason code, perhaps one that this version does not know. */
  readonly terminated: string | null;
  /** Sessions that ended since the process started, by reason code; null: an agent that does not count them. */
  readonly ended: Readonly<Record<string, number>> | null;
  readonly binding: string | null;
  readonly linkKind: string | null;
  /** Left out of one that an earlier version kept. */
  readonly figures?: Figures;
  readonly recovery: Recovery;
  readonly switchesLastMinute: number;
  readonly switchesTotal: number;
  /** Datagrams since the process started that came a second time, or too late to tell. */
  readonly replayed: number;
  /** Events since the process started, by reason code. */
  readonly counters: Readonly<Record<string, number>>;
}

/** A device keeps as many recoveries, and then its count stands still (session/device/attach.ts). */
export const RECOVERIES_MAX = 64;

export type ReportError = 'versionUnknown' | 'fieldWrong';

export const BOOT = /^[A-Za-z0-9_-]{1,64}$/;
/** A reason of a device that is newer than this. */
const CODE = /^[a-z_]{1,40}$/;
const isCode = (text: string) => CODE.test(text) && !(text in Object.prototype);
/** Codes in one report (chosen): more than an agent gives. */
const CODES_MAX = 32;
const STATE = /^[A-Z][A-Z_]{0,31}$/;
/** Of any text that is shown or kept (chosen): a binding has about 40. */
const TEXT_MAX = 128;

export function readReport(document: Document): Result<Report, ReportError> {
  if (document['v'] !== 1) return fail('versionUnknown');
  const [boot, state] = [textAt(document, 'boot'), textAt(document, 'state')];
  const seq = countAt(document, 'seq');
  if (boot === null || !BOOT.test(boot) || seq === null || seq < 1) return fail('fieldWrong');
  if (state === null || !STATE.test(state)) return fail('fieldWrong');
  const [policy, switches] = [tableAt(document, 'policy'), tableAt(document, 'switches')];
  const terminated = textAt(document, 'terminated');
  return ok({
    ...{ boot, seq, state },
    tsMs: countAt(document, 'ts_ms'),
    deviceKey: textAt(document, 'device'),
    version: textAt(document, 'version'),
    policyName: textAt(policy, 'name'),
    policyVersion: countAt(policy, 'version'),
    stateVersion: countAt(document, 'state_version'),
    sessionId: textAt(document, 'session_id'),
    terminated: terminated !== null && isCode(terminated) ? terminated : null,
    ended: endedOf(document),
    binding: textAt(document, 'binding'),
    linkKind: textAt(bindingOf(document), 'kind'),
    figures: figuresOf(document),
    recovery: recoveryOf(tableAt(document, 'recovery_ms')),
    switchesLastMinute: countAt(switches, 'last_minute') ?? 0,
    switchesTotal: countAt(switches, 'total') ?? 0,
    replayed: replayedOf(tableAt(tableAt(document, 'packets'), 'refused')),
    counters: countersOf(tableAt(document, 'counters')),
  });
}

/**
 * `after` with the values of `before` where they say the same. A device says most of it again each time: kept once they stay where
 * they are, and what came with `after` goes at once, not when the next report takes its place.
 */
export function sharing(before: Report, after: Report): Report {
  const kept: Record<string, unknown> = { ...after };
  for (const [key, value] of Object.entries(before)) {
    const now = kept[key];
    const isSame = typeof value === 'object' ? isSameTable(value, now) : value === now;
    if (isSame) kept[key] = value;
  }
  return kept as unknown as Report;
}

function isSameTable(before: object | null, now: unknown): boolean {
  if (before === null || typeof now !== 'object' || now === null) return before === now;
  const [was, is] = [Object.entries(before), now as Readonly<Record<string, unknown>>];
  return was.length === Object.keys(is).length && was.every(([key, value]) => is[key] === value);
}

/** The first row, if it is one. */
function bindingOf(document: Document): Document {
  const rows = document['links'];
  const first = Array.isArray(rows) ? rows[0] : null;
  return isDocument(first) && first['bound'] === true ? first : NOTHING;
}

function figuresOf(document: Document): Figures {
  const binding = bindingOf(document);
  const lossPercent = amountAt(binding, 'loss_percent');
  return {
    rttMs: amountAt(binding, 'rtt_ms'),
    jitterMs: amountAt(binding, 'jitter_ms'),
    lossPercent: lossPercent !== null && lossPercent <= 100 ? lossPercent : null,
    memoryBytes: countAt(document, 'memory_rss_bytes'),
  };
}

function recoveryOf(table: Document): Recovery {
  return {
    count: Math.min(RECOVERIES_MAX, countAt(table, 'count') ?? 0),
    p50: amountAt(table, 'p50'),
    p95: amountAt(table, 'p95'),
    max: amountAt(table, 'max'),
  };
}

/** The codes of session/replay.ts. */
function replayedOf(refused: Document): number {
  return (countAt(refused, 'duplicate') ?? 0) + (countAt(refused, 'tooOld') ?? 0);
}

function countersOf(table: Document): Record<string, number> {
  const counters: Record<string, number> = {};
  for (const key of Object.keys(table)) {
    const count = countAt(table, key);
    if (count !== null && count > 0 && isReasonCode(key)) counters[key] = count;
  }
  return counters;
}

function endedOf(document: Document): Record<string, number> | null {
  if (!Object.hasOwn(document, 'ended')) return null;
  const table = tableAt(document, 'ended');
  const ended: Record<string, number> = {};
  for (const key of Object.keys(table).filter(isCode).slice(0, CODES_MAX)) {
    const count = countAt(table, key);
    if (count !== null && count > 0) ended[key] = count;
  }
  return ended;
}

const NOTHING: Document = {};

export function tableAt(document: Document, key: string): Document {
  const value = Object.hasOwn(document, key) ? document[key] : null;
  return isDocument(value) ? value : NOTHING;
}

/** One line of at most {@link TEXT_MAX} characters, or null. */
export function textAt(document: Document, key: string): string | null {
  const value = Object.hasOwn(document, key) ? document[key] : null;
  if (typeof value !== 'string' || value.length > TEXT_MAX) return null;
  return CONTROL.test(value) ? null : value;
}

/** Control characters, which a terminal would obey: those beyond U+0080, too (U+009B is its CSI). */
const CONTROL = /\p{Cc}/u;

/** 0…2^53−1, or null. */
export function countAt(document: Document, key: string): number | null {
  const value = amountAt(document, key);
  return value !== null && Number.isSafeInteger(value) ? value : null;
}

function amountAt(document: Document, key: string): number | null {
  const value = Object.hasOwn(document, key) ? document[key] : null;
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : null;
}
