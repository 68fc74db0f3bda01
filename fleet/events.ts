/**
 * The events of a device (docs/mqtt.md, "Events") as far as the fleet keeps accounts of them: which came, and which are missing. Pure.
 *
 * What happened is taken from health reports, which also come when events do not.
 *
 * @module
 */

import { fail, ok, type Result } from '../session/result.ts';
import { type Change, countBetween } from './change.ts';
import type { Device, Gap, Heard } from './device.ts';
import type { Document } from './document.ts';
import { BOOT, countAt, tableAt, textAt } from './report.ts';

/** Why numbers are missing; the words are labels of `/metrics`. */
export const MISSING_WHYS = ['dropped', 'cut', 'lost', 'while_away'] as const;
/** Of `cut` at most so many. */
export type MissingEvents = Readonly<Record<(typeof MISSING_WHYS)[number], number>>;

const NONE_MISSING: MissingEvents = { dropped: 0, cut: 0, lost: 0, while_away: 0 };

export interface TakenEvent {
  readonly outcome: 'taken' | 'duplicate';
  readonly changes: readonly Change[];
  readonly missing: MissingEvents;
}

export interface EventNews {
  readonly stream: string;
  readonly boot: string;
  readonly seq: number;
  /** It was sent late, or by a later process: no news. */
  readonly isHistorical: boolean;
  /** What the device says is missing right before it. */
  readonly gap: {
    readonly fromSeq: number;
    readonly toSeq: number;
    readonly isCut: boolean;
  } | null;
}

/** Survives a restart of the fleet. */
export interface EventMemory {
  readonly stream: string;
  /** The highest number heard. */
  readonly seq: number;
  /** Dropped by the device or lost on the way here, while the fleet listened. */
  readonly missing: number;
  /** Taken by a power cut or a kill of the device: at most so many. */
  readonly cut: number;
}

export function readEvent(document: Document): Result<EventNews, 'versionUnknown' | 'fieldWrong'> {
  if (document['v'] !== 1) return fail('versionUnknown');
  const [stream, boot] = [textAt(document, 'stream'), textAt(document, 'boot')];
  const seq = countAt(document, 'seq');
  if (stream === null || !BOOT.test(stream)) return fail('fieldWrong');
  if (boot === null || !BOOT.test(boot) || seq === null || seq < 1) return fail('fieldWrong');
  const isHistorical = document['historical'] === true;
  if (document['gap'] === null) return ok({ stream, boot, seq, isHistorical, gap: null });
  const told = tableAt(document, 'gap');
  const [fromSeq, toSeq] = [countAt(told, 'from_seq'), countAt(told, 'to_seq')];
  if (fromSeq === null || fromSeq < 1 || toSeq !== seq - 1 || fromSeq > toSeq) {
    return fail('fieldWrong');
  }
  const gap = { fromSeq, toSeq, isCut: told['why'] === 'cut' };
  return ok({ stream, boot, seq, isHistorical, gap });
}

/** Events come at least once and in order; one that came before is told by its number. */
export function takeEvent(device: Device, news: EventNews, heard: Heard): TakenEvent {
  const known = device.events?.stream === news.stream ? device.events : null;
  if (known !== null && news.seq <= known.seq) {
    return { outcome: 'duplicate', changes: [], missing: NONE_MISSING };
  }
  const gaps = gapsBefore(known, news, device.eventsOn !== heard.connection);
  const counted = countsOf(gaps);
  const before = device.events ?? { missing: 0, cut: 0 };
  const missing = before.missing + counted.dropped + counted.lost;
  device.events = { stream: news.stream, seq: news.seq, missing, cut: before.cut + counted.cut };
  device.eventsOn = heard.connection;
  if (gaps.length === 0) return { outcome: 'taken', changes: [], missing: counted };
  // Of what a cut took nobody knows whether it ever was: it is counted, and no report that is missing.
  const kept = gaps.flatMap(({ isCut, isTold: _, ...gap }): Gap[] => (isCut ? [] : [gap]));
  device.gaps = [...device.gaps, ...kept].slice(-GAPS_MAX);
  // Also where a clock that was ahead has left a later time behind.
  const { atMs } = heard;
  device.lastChangeAtMs = atMs;
  return {
    outcome: 'taken',
    missing: counted,
    changes: gaps.map(({ fromSeq, toSeq, isOurs, isCut }) => ({
      ...{ kind: 'gap', atMs, reason: null, from: String(fromSeq), to: String(toSeq) },
      ...{ count: countBetween(fromSeq, toSeq), isLate: isOurs || isCut },
    })),
  };
}

/** As many as the fleet keeps of a device (fleet/device/takeReport.ts). */
const GAPS_MAX = 16;

interface EventGap extends Gap {
  readonly isCut: boolean;
  /** The device says so itself. */
  readonly isTold: boolean;
}

function countsOf(gaps: readonly EventGap[]): MissingEvents {
  const counts = { ...NONE_MISSING };
  for (const { fromSeq, toSeq, isCut, isTold, isOurs } of gaps) {
    const why = isCut ? 'cut' : isTold ? 'dropped' : isOurs ? 'while_away' : 'lost';
    counts[why] += countBetween(fromSeq, toSeq);
  }
  return counts;
}

/** What was lost on the way here, and then what the device tells. Of a stream that is new here nobody knows what was before. */
function gapsBefore(known: EventMemory | null, { boot, seq, gap }: EventNews, wasAway: boolean) {
  const gaps: EventGap[] = [];
  const add = (
    ...[fromSeq, toSeq, why]: [number, number, Pick<EventGap, 'isOurs' | 'isCut' | 'isTold'>]
  ) => {
    if (fromSeq <= toSeq) gaps.push({ stream: 'event', boot, fromSeq, toSeq, ...why });
  };
  const heardSeq = known?.seq ?? (gap === null ? seq - 1 : gap.fromSeq - 1);
  const unheardTo = (gap?.fromSeq ?? seq) - 1;
  add(heardSeq + 1, unheardTo, { isOurs: wasAway, isCut: false, isTold: false });
  if (gap === null) return gaps;
  const told = { isOurs: false, isCut: gap.isCut, isTold: true };
  add(Math.max(gap.fromSeq, heardSeq + 1), gap.toSeq, told);
  return gaps;
}
