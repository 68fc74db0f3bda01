/**
 * Runs in which nothing may be lost: what applications sent came out once, no copy was taken for a replay, and nothing is
 * counted as dropped that came out.
 *
 * That nothing came out twice is asked of every run, where it happens (`traffic/endToEnd.ts`).
 *
 * @module
 */

import type { ResendCounters } from '../../../session/resend/counters.ts';
import { CUTS_BEGIN_MS } from '../draw/cuts.ts';
import type { Simulation } from '../simulation.ts';

/** What goes in before has nobody to go to yet. */
const BORN_MS = CUTS_BEGIN_MS / 2;
const SHOWN_MAX = 8;

/**
 * What is wrong with what `who` left out when it sent again, or null.
 *
 * @param lost packets of its applications that never came out, from the first one on.
 */
export function overcounted(
  who: string,
  { tooOld, gone, overPace }: Pick<ResendCounters, 'tooOld' | 'gone' | 'overPace'>,
  lost: number,
): string | null {
  if (tooOld + gone + overPace <= lost) return null;
  const counts = `${tooOld} too old, ${gone} gone, ${overPace} over pace`;
  return `${who} counts ${counts}, and ${lost} packets are lost`;
}

/** @param untilMs what went in later may still be under way. */
export function judgeExactness(simulation: Simulation, untilMs: number): void {
  const { applications, observer, devices, hubs } = simulation;
  const lost = applications.lost(BORN_MS, untilMs);
  if (lost.length > 0) {
    const shown = lost.slice(0, SHOWN_MAX).join(', ');
    observer.report('data', 'lostInCut', `${lost.length} packets are lost: ${shown}`);
  }
  const judgeDropped = (who: string, resend: ResendCounters | undefined, lostOnes: number) => {
    const fault = resend === undefined ? null : overcounted(who, resend, lostOnes);
    if (fault !== null) observer.report('data', 'droppedIsLost', fault);
  };
  for (const { name, process } of devices) {
    const packets = process.status()?.packets;
    const replayed = packets?.refused['duplicate'] ?? 0;
    if (replayed > 0)
      observer.report('I5', 'resentIsNoReplay', `${name} counts ${replayed} replays`);
    judgeDropped(name, packets?.resend, applications.lostEver('up', untilMs));
    observer.seen.moment('device sends again', packets?.resend.datagrams ?? 0);
    observer.seen.moment('device gets a copy of a resend', packets?.resend.duplicates ?? 0);
  }
  for (const { name, process } of hubs) {
    const status = process.status();
    const replayed = status?.counters['replayed_datagram'] ?? 0;
    if (replayed > 0)
      observer.report('I5', 'resentIsNoReplay', `${name} counts ${replayed} replays`);
    judgeDropped(name, status?.resend, applications.lostEver('down', untilMs));
    observer.seen.moment('hub sends again', status?.resend.datagrams ?? 0);
    observer.seen.moment('hub gets a copy of a resend', status?.resend.duplicates ?? 0);
  }
}
