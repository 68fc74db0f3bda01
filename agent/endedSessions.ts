/**
 * How many sessions ended since the process started, by reason code, for the health report.
 *
 * A state in a report is a moment: a session that ends is followed by the next within a second, and no report need fall between.
 *
 * @module
 */
import type { AuditEvent } from '../session/audit.ts';
import type { ReasonCode } from '../session/reasons.ts';

export type EndedCounts = Readonly<Partial<Record<ReasonCode, number>>>;

export class EndedSessions {
  #counts: EndedCounts = {};

  /** Any event that is not the end of a session counts nothing. */
  note({ event, from, to, reasonCode }: Pick<AuditEvent, 'event' | 'from' | 'to' | 'reasonCode'>) {
    if (event !== 'transition' || to !== 'TERMINATED' || from === 'TERMINATED') return;
    this.#counts = { ...this.#counts, [reasonCode]: (this.#counts[reasonCode] ?? 0) + 1 };
  }

  /** Codes that came, and no others. */
  snapshot(): EndedCounts {
    return this.#counts;
  }
}
