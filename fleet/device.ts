/**
 * One device as the fleet knows it: its newest report, its presence, the reports that are missing. Pure.
 *
 * @module
 */
import type { Change } from './change.ts';
import { differenceOf, type Tally } from './difference.ts';
import {
  type DocumentOutcome,
  type Documents,
  type DocumentVerdict,
  isDocumentRefusal,
  isSameDocuments,
  verdictAfter,
} from './documents.ts';
import {
  NO_PRESENCE,
  type Presence,
  type PresenceNews,
  presenceAfter,
  presenceDoubted,
  presenceSeen,
} from './presence.ts';
import { type Report, sharing } from './report.ts';

/** Reports that never came, both ends included. */
export interface Gap {
  readonly stream: 'health';
  readonly boot: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  /** Whether the fleet itself was away in between: then nothing is said of the device. */
  readonly isOurs: boolean;
}

/** What survives a restart of the fleet; plain data, kept in the history beside the changes that it stands behind. */
export interface DeviceMemory {
  presence: Presence;
  report: Report | null;
  /** The last binding that was known. */
  binding: string | null;
  /** Wall clock of the newest report; null: none, or one of unknown age. */
  lastSeenMs: number | null;
  /** The broker had kept the newest report: it may be old. */
  isRetained: boolean;
  /** Processes of the device that another has followed, the newest last. */
  replaced: readonly string[];
  /** The newest. */
  gaps: readonly Gap[];
  /** Of all gaps that are the device's. */
  missing: number;
  lastChangeAtMs: number;
  /** What it said last of signed documents; null: it takes none, as far as is known. */
  documents: Documents | null;
  /** Of the newest policy that it spoke of. */
  verdict: DocumentVerdict | null;
  /** The newest document that it did not take. */
  refusal: DocumentOutcome | null;
}

export interface Device extends DeviceMemory {
  /** In the database. */
  readonly id: number;
  readonly name: string;
  /** The newest report as it came; null until it comes again after a restart. */
  payload: Uint8Array | null;
  /** Connection of the fleet to the broker on which the newest report came. */
  connection: number;
  /** The one on which anything at all came. */
  heardOn: number;
  /** Rises with each change of what is shown of any device. */
  shownId: number;
}

export const newMemory = (): DeviceMemory => ({
  ...{ presence: NO_PRESENCE, report: null, binding: null, lastSeenMs: null },
  ...{ isRetained: false, replaced: [], gaps: [], missing: 0, lastChangeAtMs: 0 },
  ...{ documents: null, verdict: null, refusal: null },
});

export interface Heard {
  readonly atMs: number;
  /** The broker had kept it, and sent it because we subscribed. */
  readonly isRetained: boolean;
  readonly connection: number;
}

export interface Taken {
  readonly outcome: 'taken' | 'duplicate' | 'replaced';
  readonly changes: readonly Change[];
  /** Null where it is not known when it happened. */
  readonly tally: Tally | null;
  /** Reports that the device has dropped since the one before. */
  readonly missing: number;
}

const GAPS_MAX = 16;
const REPLACED_MAX = 8;
const nothing = (outcome: Taken['outcome']): Taken => ({
  ...{ outcome, changes: [], tally: null, missing: 0 },
});

/**
 * Reports come at least once and in order (QoS 1): what was heard before is told by `boot` and `seq`.
 *
 * @param payload the caller’s again when it returns.
 */
export function takeReport(
  device: Device,
  report: Report,
  payload: Uint8Array,
  heard: Heard,
): Taken {
  const before = device.report;
  if (device.replaced.includes(report.boot)) return nothing('replaced');
  if (before?.boot === report.boot && report.seq <= before.seq) {
    // Forgotten over a restart of the fleet: it is the same one.
    if (report.seq === before.seq) device.payload ??= new Uint8Array(payload);
    return nothing('duplicate');
  }
  const gap = gapBetween(device, report, heard);
  const atMs = whenHeard(device, report, heard);
  const { changes, tally } = differenceOf(before, report, device.binding, {
    atMs,
    isLate: heard.isRetained,
  });
  const all = gap === null ? changes : [...changes, gapChange(gap, atMs, heard.isRetained)];
  const missing = gap === null || gap.isOurs ? 0 : gap.toSeq - gap.fromSeq + 1;
  const known = device.presence;
  const presence = heard.isRetained ? known : presenceSeen(known, report.boot, heard.atMs);
  const isBack = presence.online !== known.online;

  if (before !== null && before.boot !== report.boot) replace(device, before.boot);
  if (known.boot !== null && known.boot !== presence.boot) replace(device, known.boot);
  if (gap !== null) device.gaps = [...device.gaps, gap].slice(-GAPS_MAX);
  device.missing += missing;
  device.presence = presence;
  device.report = before === null ? report : sharing(before, report);
  device.payload = keptAs(device.payload, payload);
  device.binding = report.binding ?? device.binding;
  device.isRetained = heard.isRetained;
  device.lastSeenMs = heard.isRetained ? lastWord(report, heard.atMs) : heard.atMs;
  device.connection = heard.connection;
  if (all.length > 0) device.lastChangeAtMs = atMs;
  return {
    outcome: 'taken',
    changes: isBack ? [...all, presenceChange(presenceWord(known), presence, heard)] : all,
    tally: heard.isRetained ? null : tally,
    missing,
  };
}

/** A copy: what MQTT.js hands over is a part of a larger piece, which would live as long. In the place of the one before, where it fits. */
function keptAs(before: Uint8Array | null, payload: Uint8Array): Uint8Array {
  if (before?.length !== payload.length) return new Uint8Array(payload);
  before.set(payload);
  return before;
}

export function takePresence(
  device: Device,
  news: PresenceNews,
  heard: Heard,
): { readonly outcome: 'taken' | 'duplicate' | 'oldNews'; readonly changes: readonly Change[] } {
  const { presence } = device;
  const after = presenceAfter(presence, news, device.replaced, heard);
  if (typeof after === 'string') return { outcome: after, changes: [] };
  if (presence.boot !== null && presence.boot !== after.boot) replace(device, presence.boot);
  device.presence = after;
  const isSame = presence.online === after.online && presence.why === after.why;
  if (isSame) return { outcome: 'taken', changes: [] };
  device.lastChangeAtMs = Math.max(device.lastChangeAtMs, heard.atMs);
  return { outcome: 'taken', changes: [presenceChange(presenceWord(presence), after, heard)] };
}

/** It has no number: what is as it was is the same one again. */
export function takeDocuments(
  device: Device,
  news: Documents,
  { atMs, isRetained }: Heard,
): { readonly outcome: 'taken' | 'duplicate'; readonly changes: readonly Change[] } {
  const before = device.documents;
  if (before !== null && isSameDocuments(before, news))
    return { outcome: 'duplicate', changes: [] };
  device.documents = news;
  device.verdict = verdictAfter(device.verdict, news);
  const { last } = news;
  if (last !== null && isDocumentRefusal(last.code)) device.refusal = last;
  const isNew = last !== null && JSON.stringify(before?.last) !== JSON.stringify(last);
  // Of the first that is ever heard of a device nobody knows when it happened.
  if (before === null || !isNew) return { outcome: 'taken', changes: [] };
  device.lastChangeAtMs = Math.max(device.lastChangeAtMs, atMs);
  const { code: reason, version } = last;
  const to = version === null ? null : String(version);
  const happened = { atMs: device.lastChangeAtMs, isLate: isRetained, count: 1 };
  return {
    outcome: 'taken',
    changes: [{ kind: 'document', reason, from: null, to, ...happened }],
  };
}

/**
 * What it means that nothing came on `connection`, on which the broker has told what it keeps: a device that was said to be
 * there may have gone while the broker forgot. Null: it was heard, or not said to be there.
 */
export function doubtPresence(device: Device, connection: number, atMs: number): Change | null {
  if (device.presence.online !== true || device.heardOn === connection) return null;
  device.presence = presenceDoubted(device.presence, atMs);
  device.lastChangeAtMs = Math.max(device.lastChangeAtMs, atMs);
  const [from, to] = ['online', 'unknown'];
  return { kind: 'presence', atMs, reason: null, from, to, count: 1, isLate: false };
}

/** `online`, `stopped` or `lost`; null: not known. */
export function presenceWord({ online, why }: Presence): string | null {
  return online === null ? null : online ? 'online' : why;
}

function presenceChange(from: string | null, after: Presence, heard: Heard): Change {
  return {
    kind: 'presence',
    ...{ atMs: heard.atMs, isLate: heard.isRetained },
    ...{ reason: null, from, to: presenceWord(after), count: 1 },
  };
}

function replace(device: Device, boot: string): void {
  if (device.replaced.includes(boot)) return;
  device.replaced = [...device.replaced, boot].slice(-REPLACED_MAX);
}

function gapBetween({ report: before, connection }: Device, report: Report, heard: Heard) {
  if (before === null) return null;
  const { boot, seq } = report;
  const fromSeq = before.boot === boot ? before.seq + 1 : 1;
  if (seq <= fromSeq) return null;
  const isOurs = heard.isRetained || connection !== heard.connection;
  return { stream: 'health', boot, fromSeq, toSeq: seq - 1, isOurs } as const;
}

function gapChange(gap: Gap, atMs: number, isRetained: boolean): Change {
  const count = gap.toSeq - gap.fromSeq + 1;
  const isLate = isRetained || gap.isOurs;
  const [from, to] = [String(gap.fromSeq), String(gap.toSeq)];
  return { kind: 'gap', atMs, reason: null, from, to, count, isLate };
}

/** What was kept happened before now, at the time of the device's clock if that can be; never before what is known. */
function whenHeard(device: Device, report: Report, { atMs, isRetained }: Heard): number {
  const sayMs = isRetained ? (lastWord(report, atMs) ?? atMs) : atMs;
  return Math.max(sayMs, device.lastChangeAtMs);
}

/** A device without a clock says some day of 1970. */
const CLOCK_MIN_MS = Date.UTC(2020, 0);

function lastWord({ tsMs }: Report, nowMs: number): number | null {
  return tsMs !== null && tsMs >= CLOCK_MIN_MS && tsMs <= nowMs ? tsMs : null;
}
