/**
 * The health reports of one process, in their order.
 *
 * @module
 */
import type { Clock } from '../../hal/clock.ts';
import type { Policy } from '../../policies/schema.ts';
import type { EndedCounts } from '../endedSessions.ts';
import { healthOf, type TelemetryCounters } from '../health.ts';
import { encodePayload, type PayloadFormat } from '../payload.ts';
import type { TunnelStatus } from '../status.ts';
import { COMMIT, VERSION } from '../version.ts';

export interface HealthParts {
  readonly device: string;
  readonly boot: string;
  readonly clock: Clock;
  readonly ended: () => EndedCounts;
  readonly format: PayloadFormat;
  readonly policy: () => Policy;
  readonly counters: () => TelemetryCounters;
}

export class HealthReports {
  /** Since the process started. */
  switches = 0;
  readonly startedAtMs: number;
  readonly #parts: HealthParts;
  #seq = 0;

  constructor(parts: HealthParts) {
    this.#parts = parts;
    this.startedAtMs = parts.clock.monotonicMs();
  }

  /** The next one, as it is published. */
  next(status: TunnelStatus): Uint8Array {
    const { device, boot, clock, ended, format, policy, counters } = this.#parts;
    this.#seq += 1;
    const monoMs = clock.monotonicMs();
    const document = healthOf({
      ...{ status, device, boot, seq: this.#seq, tsMs: clock.wallMs(), monoMs },
      uptimeMs: monoMs - this.startedAtMs,
      rssBytes: process.memoryUsage.rss(),
      ...{ version: VERSION, commit: COMMIT, policy: policy() },
      ...{ switchesTotal: this.switches, ended: ended(), telemetry: counters() },
    });
    return encodePayload(document, format);
  }
}
