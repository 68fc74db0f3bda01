/**
 * How many events there were of each reason code, for metrics.
 *
 * All codes from the start: Prometheus sees no increase in a counter that begins at one. What a burst stands for is
 * counted whole (`auditBurst.ts`), and a claim not at all: it repeats the reason of the transition before it.
 *
 * @module
 */
import type { AuditEvent } from './audit.ts';
import { isReasonCode, REASONS, type ReasonCode } from './reasons.ts';

export class EventCounts {
  readonly #counts = Object.fromEntries(Object.keys(REASONS).map((code) => [code, 0])) as Record<
    ReasonCode,
    number
  >;

  note({ event, reasonCode, detail }: AuditEvent): void {
    if (event === 'claim') return;
    const { repeated } = detail;
    this.#counts[reasonCode] += typeof repeated === 'number' ? repeated : 1;
  }

  /** A switch that was denied, under the rule that denied it; any other event counts nothing. */
  noteDenial({ event, reasonCode, detail }: AuditEvent): void {
    const { denied } = detail;
    if (event !== 'notice' || reasonCode !== 'switch_denied') return;
    if (typeof denied === 'string' && isReasonCode(denied)) this.#counts[denied] += 1;
  }

  snapshot(): Readonly<Record<ReasonCode, number>> {
    return { ...this.#counts };
  }
}
