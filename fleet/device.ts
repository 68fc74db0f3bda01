/**
 * One device as the fleet knows it: its newest report, its presence, the reports that are missing. Pure.
 *
 * @module
 */
import { type Change, countBetween } from './change.ts';
import { differenceOf, type Tally } from './difference.ts';
import {
  type DocumentOutcome,
  type Documents,
  type DocumentVerdict,
  isSameDocuments,
  verdictAfter,
} from './documents.ts';
import type { EventMemory } from './events.ts';
import {
  isAway,
  NO_PRESENCE,
  type Presence,
  type PresenceNews,
  presenceAfter,
  presenceDoubted,
  presenceSeen,
} from './presence.ts';
import { type Report, sharing } from './report.ts';
import { TWO_PROCESSES } from './signs.ts';

/** Reports that never came, both ends included. */
export interface Gap {
  readonly stream: 'health' | 'event';
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
  /** How far each process had come when another was heard instead, the newest last. */
  formerSeqs: Readonly<Record<string, number>>;
  /** The process that was heard last while it spoke, and not from what the broker had kept. */
  liveBoot: string | null;
  /** The newest. */
  gaps: readonly Gap[];
  /** Of all gaps that are the device's. */
  missing: number;
  lastChangeAtMs: number;
  /** What it said last of signed documents; null: nothing, ever. */
  documents: Documents | null;
  /** Of the newest policy that it spoke of. */
  verdict: DocumentVerdict | null;
  /** The newest document that it did not take. */
  refusal: DocumentOutcome | null;
  /** What is known of its events; null: none was heard. */
  events: EventMemory | null;
}

export interface Device extends DeviceMemory {
  /** In the database. */
  readonly id: number;
  readonly name: string;
  /** The newest report as it came; null until it comes again after a restart. */
  payload: Uint8Array | null;
  /** The newest report of the process that was heard before this one. */
  former: Report | null;
  /** Connection of the fleet to the broker on which the newest report came. */
  connection: number;
  /** The one on which the newest event came. */
  eventsOn: number;
  /** The one on which anything at all came. */
  heardOn: number;
  /** The one on which something came that the broker had not kept. */
  heardLiveOn: number;
  /** Rises with each change of what is shown of any device. */
  shownId: number;
}

export const newMemory = (): DeviceMemory => ({
  ...{ presence: NO_PRESENCE, report: null, binding: null, lastSeenMs: null },
  ...{ isRetained: false, replaced: [], formerSeqs: {}, liveBoot: null },
  ...{ gaps: [], missing: 0, lastChangeAtMs: 0 },
  ...{ documents: null, verdict: null, refusal: null, events: null },
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

/** The longest interval of reports that a policy allows (docs/policy.md), and an hour to be late in. */
const SILENT_MS = 25 * 3_600_000;
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
  const { boot, seq } = report;
  const lastSeq = before?.boot === boot ? before.seq : seqOf(device, boot);
  const isAnother = before !== null && before.boot !== boot;
  // A process that speaks lives, whatever had followed it: a copy of the device, or what a broker was restored with.
  if (device.replaced.includes(boot) && (heard.isRetained || seq <= lastSeq)) {
    return nothing('replaced');
  }
  const isKept = isAnother && heard.isRetained && seq === lastSeq;
  if (seq <= lastSeq && !isKept) {
    // Forgotten over a restart of the fleet: it is the same one.
    if (seq === before?.seq && !isAnother) {
      device.payload ??= new Uint8Array(payload);
      // Heard up to here on this connection, so that what is missing from here on is the device's.
      device.connection = heard.connection;
    }
    return nothing('duplicate');
  }
  const isBackAgain = isAnother && lastSeq > 0;
  const gap = gapBetween(device, report, heard);
  const atMs = whenHeard(device, report, heard);
  const compared = isBackAgain ? formerOf(device, before, report) : before;
  const { changes, tally } = differenceOf(compared, report, device.binding, {
    atMs,
    isLate: heard.isRetained,
  });
  const isClone = isBackAgain && !heard.isRetained && device.liveBoot === before.boot;
  const all = [
    ...changes,
    ...(gap === null ? [] : [gapChange(gap, atMs, heard.isRetained)]),
    ...(isClone ? [cloneChange(atMs)] : []),
  ];
  const missing = gap === null || gap.isOurs ? 0 : countBetween(gap.fromSeq, gap.toSeq);
  const known = device.presence;
  const presence = heard.isRetained ? known : presenceSeen(known, report.boot, heard.atMs);
  const isBack = presence.online !== known.online;

  device.replaced = device.replaced.filter((other) => other !== boot);
  if (isAnother) follow(device, before);
  for (const other of [before?.boot ?? boot, known.boot ?? boot]) {
    if (other !== boot && other !== presence.boot) replace(device, other, heard);
  }
  if (!heard.isRetained) device.liveBoot = boot;
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
  if (isOldBirth(device, news, heard)) return { outcome: 'duplicate', changes: [] };
  const after = presenceAfter(presence, news, device.replaced, heard);
  if (typeof after === 'string') return { outcome: after, changes: [] };
  if (presence.boot !== null && presence.boot !== after.boot) {
    replace(device, presence.boot, heard);
  }
  if (!heard.isRetained && after.online) device.liveBoot = after.boot;
  device.presence = after;
  const isSame = presence.online === after.online && presence.why === after.why;
  if (isSame) return { outcome: 'taken', changes: [] };
  device.lastChangeAtMs = heard.atMs;
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
  if (news.refused !== null) device.refusal = news.refused;
  // Of the first that is ever heard of a device nobody knows when it happened.
  if (before === null) return { outcome: 'taken', changes: [] };
  const outcomes = (['step', 'refused'] as const).flatMap((name) => {
    const outcome = news[name];
    const isNew = JSON.stringify(before[name]) !== JSON.stringify(outcome);
    return outcome !== null && isNew ? [outcome] : [];
  });
  if (outcomes.length > 0) device.lastChangeAtMs = atMs;
  const happened = { atMs: device.lastChangeAtMs, isLate: isRetained, count: 1 };
  const changes = outcomes.map(({ code: reason, version }) => {
    const to = version === null ? null : String(version);
    return { kind: 'document' as const, reason, from: null, to, ...happened };
  });
  return { outcome: 'taken', changes };
}

/**
 * What it means that nothing came on `connection`, on which the broker has told what it keeps: a device that was said to be
 * there may have gone while the broker forgot, or, where it has kept what is older than any interval, while the broker was
 * down. Null: it was heard, or is known to be gone.
 */
export function doubtPresence(device: Device, connection: number, atMs: number): Change | null {
  const { presence, report } = device;
  if (presence.online === false || isAway(presence)) return null;
  const isSilent = device.heardLiveOn !== connection && isStale(device, atMs);
  const isGone = presence.online === true && device.heardOn !== connection;
  if (!isSilent && !isGone) return null;
  const boot = presence.boot ?? report?.boot ?? null;
  device.presence = presenceDoubted({ ...presence, boot }, atMs);
  device.lastChangeAtMs = atMs;
  const [from, to] = [presenceWord(presence), 'unknown'];
  return { kind: 'presence', atMs, reason: null, from, to, count: 1, isLate: false };
}

/** A birth that the broker keeps of a device that died while the broker was down stays for ever; its reports do not get newer. */
function isStale({ lastSeenMs, presence }: Device, atMs: number): boolean {
  const newestMs = lastSeenMs ?? presence.sinceMs;
  return newestMs !== null && atMs - newestMs > SILENT_MS;
}

/** Doubted once already: the broker says it again on each connection. */
function isOldBirth(device: Device, news: PresenceNews, { atMs, isRetained }: Heard): boolean {
  const { online, boot, connection } = device.presence;
  if (online !== null || boot !== news.boot || connection !== news.connection) return false;
  return isRetained && news.online && isStale(device, atMs);
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

/** What the broker had kept may be older than a process that spoke. */
function replace(device: Device, boot: string, { isRetained }: Heard): void {
  if (device.replaced.includes(boot) || (isRetained && device.liveBoot === boot)) return;
  device.replaced = [...device.replaced, boot].slice(-REPLACED_MAX);
}

/** Another process is heard instead of the one of `before`. */
function follow(device: Device, before: Report): void {
  const { [before.boot]: _, ...others } = device.formerSeqs;
  const seqs = [...Object.entries(others), [before.boot, before.seq] as const];
  device.formerSeqs = Object.fromEntries(seqs.slice(-REPLACED_MAX));
  device.former = before;
}

function seqOf({ formerSeqs }: Device, boot: string): number {
  return Object.hasOwn(formerSeqs, boot) ? (formerSeqs[boot] ?? 0) : 0;
}

/** What a process that is heard again said last; where that is forgotten, nothing but its state is known to be another. */
function formerOf({ former }: Device, before: Report, report: Report): Report {
  return former?.boot === report.boot ? former : { ...report, state: before.state };
}

/** Two that speak in turn under one name: a copy of the device, or two with the same configuration. */
function cloneChange(atMs: number): Change {
  const where = { from: null, to: null, count: 1, isLate: false };
  return { kind: 'noticed', atMs, reason: TWO_PROCESSES, ...where };
}

function gapBetween(device: Device, report: Report, heard: Heard) {
  const { report: before, connection } = device;
  if (before === null) return null;
  const { boot, seq } = report;
  const formerSeq = before.boot === boot ? 0 : seqOf(device, boot);
  const fromSeq = (before.boot === boot ? before.seq : formerSeq) + 1;
  if (seq <= fromSeq) return null;
  const isOurs = heard.isRetained || connection !== heard.connection || formerSeq > 0;
  return { stream: 'health', boot, fromSeq, toSeq: seq - 1, isOurs } as const;
}

function gapChange(gap: Gap, atMs: number, isRetained: boolean): Change {
  const count = countBetween(gap.fromSeq, gap.toSeq);
  const isLate = isRetained || gap.isOurs;
  const [from, to] = [String(gap.fromSeq), String(gap.toSeq)];
  return { kind: 'gap', atMs, reason: null, from, to, count, isLate };
}

/** What was kept happened before now, at the time of the device's clock if that can be; never before what is known. */
function whenHeard(device: Device, report: Report, { atMs, isRetained }: Heard): number {
  const sayMs = isRetained ? (lastWord(report, atMs) ?? atMs) : atMs;
  // A clock of ours that was ahead once must not keep its time for all that follows.
  return Math.max(sayMs, Math.min(device.lastChangeAtMs, atMs));
}

/** A device without a clock says some day of 1970. */
const CLOCK_MIN_MS = Date.UTC(2020, 0);

function lastWord({ tsMs }: Report, nowMs: number): number | null {
  return tsMs !== null && tsMs >= CLOCK_MIN_MS && tsMs <= nowMs ? tsMs : null;
}
