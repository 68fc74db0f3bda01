/**
 * The audit events that a daemon prints, as they come, over all the processes it has been.
 *
 * @module
 */
import type { AuditRow } from '../../../hal/linux/auditLog.ts';
import { type LabProcess, parseLine } from '../process.ts';

/** Longer than any demo: the feed ends with its process. */
const FOREVER_MS = 3_600_000;

export class AuditFeed {
  readonly rows: AuditRow[] = [];
  /** Called for each row as it arrives. */
  onRow: (row: AuditRow) => void = () => {};

  /** Take what `daemon` prints from now on, and what it has printed. */
  follow(daemon: LabProcess): void {
    let next = 0;
    const read = (lines: readonly string[]) => {
      for (; next < lines.length; next += 1) this.#take(lines[next]!);
      return false as const;
    };
    // It ends when the daemon does, in the way in which everything ends that is waited for in vain.
    daemon.until(read, FOREVER_MS).catch(() => {});
  }

  #take(line: string): void {
    const row = parseLine<AuditRow>(line);
    if (row?.event === undefined) return;
    this.rows.push(row);
    this.onRow(row);
  }
}

/** The link of a transport like `eth0→203.0.113.1:51820`. */
export function linkOf(transport: string | null): string | null {
  return transport?.split('→', 1)[0] ?? null;
}
