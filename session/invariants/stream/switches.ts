/**
 * Feeds the switches of one session in one log to the watch of I7, each with the cap that it was begun under.
 *
 * A policy may change while a claim is open: what began before may be finished as it began (docs/decisions/0023).
 *
 * @module
 */
import { SwitchWatch } from '../boundedSwitching.ts';
import type { Bounds, Ledger } from './ledger.ts';
import type { AuditRecord, AuditStream } from './record.ts';

/** A device writes a line when its claim begins. A hub when it is committed, and what is published has no claims. */
export interface SwitchTeller {
  readonly writer: AuditStream['writer'];
  readonly isBeginTold: boolean;
}

export function feedSwitches(
  records: readonly AuditRecord[],
  { writer, isBeginTold }: SwitchTeller,
  ledger: Ledger,
  bounds: Bounds,
): void {
  const watch = new SwitchWatch(bounds.maxSwitchesPerMinute);
  let begunUnder = new Set<number>();
  for (const record of records) {
    // Where that is not told it began at any time since the last.
    if (isBeginTold && record.event === 'claim') begunUnder = new Set();
    if (!isBeginTold || record.event === 'claim') begunUnder.add(record.policyVersion);
    if (record.event !== 'switch') continue;
    if (begunUnder.size === 0) begunUnder.add(record.policyVersion);
    const unknown = [...begunUnder].filter((version) => capOf(version, bounds) === null);
    for (const version of unknown) ledger.unjudgedVersions.add(version);
    if (unknown.length > 0) watch.switched(record.atMs, Number.POSITIVE_INFINITY);
    else {
      const caps = [...begunUnder].map((version) => capOf(version, bounds) ?? 0);
      ledger.enter(watch.switched(record.atMs, Math.max(...caps)), writer, record);
    }
    begunUnder = new Set(isBeginTold ? [] : [record.policyVersion]);
  }
}

function capOf(version: number, bounds: Bounds): number | null {
  const { switchesMaxByVersion, maxSwitchesPerMinute } = bounds;
  if (switchesMaxByVersion === undefined) return maxSwitchesPerMinute;
  return switchesMaxByVersion.get(version) ?? null;
}
