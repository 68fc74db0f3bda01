/**
 * Runs in which nothing may be lost: what applications sent came out once, and no copy was taken for a replay.
 *
 * That nothing came out twice is asked of every run, where it happens (`traffic/endToEnd.ts`).
 *
 * @module
 */
import { CUTS_BEGIN_MS } from '../draw/cuts.ts';
import type { Simulation } from '../simulation.ts';

/** What goes in before has nobody to go to yet. */
const BORN_MS = CUTS_BEGIN_MS / 2;
const SHOWN_MAX = 8;

/** @param untilMs what went in later may still be under way. */
export function judgeExactness(simulation: Simulation, untilMs: number): void {
  const { applications, observer, devices, hubs } = simulation;
  const lost = applications.lost(BORN_MS, untilMs);
  if (lost.length > 0) {
    const shown = lost.slice(0, SHOWN_MAX).join(', ');
    observer.report('data', 'lostInCut', `${lost.length} packets are lost: ${shown}`);
  }
  for (const { name, process } of devices) {
    const packets = process.status()?.packets;
    const replayed = packets?.refused['duplicate'] ?? 0;
    if (replayed > 0)
      observer.report('I5', 'resentIsNoReplay', `${name} counts ${replayed} replays`);
    observer.seen.moment('device sends again', packets?.resend.datagrams ?? 0);
    observer.seen.moment('device gets a copy of a resend', packets?.resend.duplicates ?? 0);
  }
  for (const { name, process } of hubs) {
    const status = process.status();
    const replayed = status?.counters['replayed_datagram'] ?? 0;
    if (replayed > 0)
      observer.report('I5', 'resentIsNoReplay', `${name} counts ${replayed} replays`);
    observer.seen.moment('hub sends again', status?.resend.datagrams ?? 0);
    observer.seen.moment('hub gets a copy of a resend', status?.resend.duplicates ?? 0);
  }
}
