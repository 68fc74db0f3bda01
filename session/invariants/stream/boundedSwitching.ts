/**
 * I7 bounded-switching, as a log shows it: never more switches of a session than the cap in any 60 s.
 *
 * @module
 */
import { excessSwitching } from '../boundedSwitching.ts';
import { type Bounds, bySession, type Ledger } from './ledger.ts';
import type { AuditRecord, AuditStream } from './record.ts';

export function checkBoundedSwitching(
  streams: readonly AuditStream[],
  bounds: Bounds,
  ledger: Ledger,
): void {
  for (const { writer, records } of streams) {
    for (const own of bySession(records).values()) {
      const switches = own.filter(({ event }) => event === 'switch');
      for (const [index, record] of switches.entries()) {
        const atMs = runUpTo(switches, index).map((earlier) => earlier.atMs);
        const fault = excessSwitching(atMs, bounds.maxSwitchesPerMinute);
        ledger.enter(fault, writer, record);
      }
    }
  }
}

const MINUTE_MS = 60_000;

/** The switches of the minute that ends with this one. A clock that went back was a reboot: it begins anew. */
function runUpTo(switches: readonly AuditRecord[], index: number): readonly AuditRecord[] {
  const { atMs } = switches[index]!;
  let first = index;
  while (first > 0) {
    const earlier = switches[first - 1]!.atMs;
    if (earlier > switches[first]!.atMs || atMs - earlier >= MINUTE_MS) break;
    first -= 1;
  }
  return switches.slice(first, index + 1);
}
