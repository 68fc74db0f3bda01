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

export interface EventNews {
  readonly stream: string;
  readonly boot: string;
  readonly seq: number;
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
  if (document['gap'] === null) return ok({ stream, boot, seq, gap: null });
  const told = tableAt(document, 'gap');
  const [fromSeq, toSeq] = [countAt(told, 'from_seq'), countAt(told, 'to_seq')];
  if (fromSeq === null || fromSeq < 1 || toSeq !== seq - 1 || fromSeq > toSeq) {
    return fail('fieldWrong');
  }
  return ok({ stream, boot, seq, gap: { fromSeq, toSeq, isCut: told['why'] === 'cut' } });
}

/** Events come at least once and in order; one that came before is told by its number. */
export function takeEvent(
  device: Device,
  news: EventNews,
  heard: Heard,
): { readonly outcome: 'taken' | 'duplicate'; readonly changes: readonly Change[] } {
  const known = device.events?.stream === news.stream ? device.events : null;
  if (known !== null && news.seq <= known.seq) return { outcome: 'duplicate', changes: [] };
  const gaps = gapsBefore(known, news, device.eventsOn !== heard.connection);
  let { missing, cut } = device.events ?? { missing: 0, cut: 0 };
  for (const gap of gaps) {
    const count = countBetween(gap.fromSeq, gap.toSeq);
    if (gap.isCut) cut += count;
    else if (!gap.isOurs) missing += count;
  }
  device.events = { stream: news.stream, seq: news.seq, missing, cut };
  device.eventsOn = heard.connection;
  if (gaps.length === 0) return { outcome: 'taken', changes: [] };
  // Of what a cut took nobody knows whether it ever was: it is counted, and no report that is missing.
  const kept = gaps.flatMap(({ isCut, ...gap }): Gap[] => (isCut ? [] : [gap]));
  device.gaps = [...device.gaps, ...kept].slice(-GAPS_MAX);
  const atMs = Math.max(device.lastChangeAtMs, heard.atMs);
  device.lastChangeAtMs = atMs;
  return {
    outcome: 'taken',
    changes: gaps.map(({ fromSeq, toSeq, isOurs, isCut }) => ({
      ...{ kind: 'gap', atMs, reason: null, from: String(fromSeq), to: String(toSeq) },
      ...{ count: countBetween(fromSeq, toSeq), isLate: isOurs || isCut },
    })),
  };
}

/** As many as the fleet keeps of a device (fleet/device.ts). */
const GAPS_MAX = 16;

/** What was lost on the way here, and then what the device tells. Of a stream that is new here nobody knows what was before. */
function gapsBefore(known: EventMemory | null, { boot, seq, gap }: EventNews, wasAway: boolean) {
  const gaps: (Gap & { readonly isCut: boolean })[] = [];
  const add = (fromSeq: number, toSeq: number, isOurs: boolean, isCut: boolean) => {
    if (fromSeq <= toSeq) gaps.push({ stream: 'event', boot, fromSeq, toSeq, isOurs, isCut });
  };
  const heardSeq = known?.seq ?? (gap === null ? seq - 1 : gap.fromSeq - 1);
  add(heardSeq + 1, (gap?.fromSeq ?? seq) - 1, wasAway, false);
  if (gap !== null) add(Math.max(gap.fromSeq, heardSeq + 1), gap.toSeq, false, gap.isCut);
  return gaps;
}
