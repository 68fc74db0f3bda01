/**
 * What a report makes of a device: what changed, what is missing, and whose process speaks. Pure.
 *
 * @module
 */
import { type Change, countBetween } from '../change.ts';
import type { Device, Gap, Heard, Taken } from '../device.ts';
import { differenceOf } from '../difference.ts';
import { presenceSeen } from '../presence.ts';
import { type Report, sharing } from '../report.ts';
import { TWO_PROCESSES } from '../signs.ts';
import { presenceChange, presenceWord, REPLACED_MAX, replace } from './takePresence.ts';

const GAPS_MAX = 16;
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
