/**
 * What an audit of a fleet's events says of what it had, and of the places where nothing can be checked.
 *
 * Pure: cuts in, lines and JSON out.
 *
 * @module
 */
import type { EventSources } from './auditDatabase.ts';
import type { Sources } from './auditFiles.ts';
import { CUT_WHYS, type Cut } from './auditRuns.ts';

/** Devices that one line names (chosen). */
const NAMED_MAX = 10;

export function eventsJson({ file, devices, without, cuts }: EventSources) {
  const not_checkable = cuts.map(({ device, stream, why, afterSeq, seq, count }) => ({
    ...{ device, stream, after_seq: afterSeq, seq, missing: count, why },
    sentence: CUT_WHYS[why],
  }));
  return { database: { file, devices, without_events: without }, not_checkable };
}

export function eventLines({ logs }: Sources, { file, devices, without }: EventSources): string[] {
  const count = logs.reduce((sum, { records }) => sum + records.length, 0);
  const runs = `${logs.length} ${logs.length === 1 ? 'run' : 'runs'} without a gap`;
  const named = without.slice(0, NAMED_MAX).join(', ');
  const more = without.length > NAMED_MAX ? ` and ${without.length - NAMED_MAX} more` : '';
  return [
    `${count} events of ${devices} ${devices === 1 ? 'device' : 'devices'} in ${runs}: ${file}`,
    ...(without.length === 0 ? [] : [`no events of ${named}${more}: nothing was checked of them`]),
  ];
}

export function cutLines(cuts: readonly Cut[]): readonly string[] {
  const lines = cuts.map(({ device, stream, why, afterSeq, seq, count }) => {
    const where = seq === null ? `behind seq ${afterSeq}` : `between seq ${afterSeq} and ${seq}`;
    const much = count === 0 ? '' : `${count} missing, `;
    return `${device}/${stream}: not checkable here, ${where}: ${much}${CUT_WHYS[why]}`;
  });
  return lines.length === 0 ? [] : ['', ...lines];
}
