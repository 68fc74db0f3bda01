/**
 * Events on the broker's connection, beside the reports: handed over in order, as long as the connection lasts.
 *
 * @module
 */
import type { AuditRow } from '../../hal/linux/auditLog.ts';
import type { Broker } from '../broker.ts';
import { encodePayload, type PayloadFormat } from '../payload.ts';
import { eventDocument } from './document.ts';
import type { EventStream, Outgoing } from './stream.ts';

export interface LaneParts {
  readonly stream: EventStream;
  readonly boot: string;
  readonly format: PayloadFormat;
  readonly topicOf: (kind: string) => string;
  readonly nowMs: () => number;
  readonly acknowledgeMaxMs: number;
  /** Something else is due, or more may be sent. */
  readonly onChange: () => void;
}

/** At the broker, for readers that are away (chosen): what nobody fetched in a week nobody will. */
const EXPIRY_S = 7 * 24 * 3_600;

export class EventLane {
  lastError: string | null = null;
  readonly #parts: LaneParts;
  #acknowledgeAtMs = Infinity;

  constructor(parts: LaneParts) {
    this.#parts = parts;
  }

  get nextDeadlineMs(): number {
    return Math.min(this.#acknowledgeAtMs, this.#parts.stream.batchAtMs);
  }

  add(row: AuditRow): void {
    const { stream, nowMs, onChange } = this.#parts;
    stream.add(row, nowMs(), onChange);
  }

  /** Hand over what may go. */
  send(broker: Broker): void {
    const { stream } = this.#parts;
    for (let out = stream.take(); out !== null; out = stream.take()) this.#publish(broker, out);
  }

  tick(nowMs: number): void {
    this.#parts.stream.tick(nowMs);
  }

  /** When the broker owes an acknowledgement for too long. */
  get silentAtMs(): number {
    return this.#acknowledgeAtMs;
  }

  onDown(): void {
    this.#acknowledgeAtMs = Infinity;
    this.#parts.stream.forgetFlight();
  }

  #publish(broker: Broker, { seq, fields, gap }: Outgoing): void {
    const { stream, boot, format, topicOf, nowMs, acknowledgeMaxMs, onChange } = this.#parts;
    const document = eventDocument(fields, gap, { boot, monoMs: nowMs() });
    const { historical } = document;
    const topic = topicOf(String(fields['event']));
    const userProperties = {
      reason_code: String(fields['reason_code']),
      historical: String(historical),
    };
    const report = {
      ...{ topic, payload: encodePayload(document, format) },
      ...{ isRetained: false, expiryS: EXPIRY_S, userProperties },
    };
    if (this.#acknowledgeAtMs === Infinity) this.#acknowledgeAtMs = nowMs() + acknowledgeMaxMs;
    const onOutcome = (outcome: 'delivered' | 'refused') => {
      if (outcome === 'refused') this.lastError = `refused: ${topic}`;
      stream.settle(seq, outcome);
      this.#acknowledgeAtMs = stream.isInFlight ? nowMs() + acknowledgeMaxMs : Infinity;
      onChange();
    };
    broker.publish(report, onOutcome);
  }
}
