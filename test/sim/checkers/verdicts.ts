/**
 * While answers arrive there is no dead verdict: a binding over which one has just come is not given up for silence.
 *
 * Sees questions leave and answers arrive, not what the device makes of them. Asked where frames can be read
 * from outside.
 *
 * @module
 */
import { decodeFrame } from '../../../session/wire/decode.ts';
import { PROBE_ACK_BYTES, PROBE_BYTES } from '../../../session/wire/layout.ts';
import {
  MESSAGE_TYPE,
  TRANSPORT_BYTES_MIN,
  TRANSPORT_HEADER_BYTES,
} from '../../../session/wire/messages.ts';
import type { Arrived, Report, Said, Sent, Watch } from './watch.ts';

const TAG_BYTES = TRANSPORT_BYTES_MIN - TRANSPORT_HEADER_BYTES;
/** A run of misses that is a verdict is at least as long as this, and begins behind the last answer. */
const CALM_MS = 50;
/** What arrives at the very moment of a verdict may not have been read. */
const READ_MS = 1;
/** Older than this it may have been asked in keys that are gone. */
const ANSWER_MAX_MS = 1_000;
const ASKED_MAX = 256;

interface Asked {
  readonly atMs: number;
  readonly transportId: number;
}

export class Verdicts implements Watch {
  readonly #report: Report;
  readonly #isSealed: boolean;
  /** By machine: its unanswered questions, oldest first. */
  readonly #asked = new Map<string, Map<number, Asked>>();
  /** By machine and transport: when an answer came last. */
  readonly #answeredAtMs = new Map<string, number>();

  constructor(report: Report, isSealed: boolean) {
    this.#report = report;
    this.#isSealed = isSealed;
  }

  onSent({ atMs, from, isUp, bytes, transportId }: Sent): void {
    if (!isUp || this.#isSealed) return;
    const probeId = probeIdIn(bytes, PROBE_BYTES);
    if (probeId === null) return;
    const asked = this.#asked.get(from) ?? new Map<number, Asked>();
    this.#asked.set(from, asked);
    asked.set(probeId, { atMs, transportId });
    const [oldest] = asked.keys();
    if (asked.size > ASKED_MAX && oldest !== undefined) asked.delete(oldest);
  }

  onArrived({ atMs, to, bytes }: Arrived): void {
    if (this.#isSealed) return;
    const probeId = probeIdIn(bytes, PROBE_ACK_BYTES);
    if (probeId === null) return;
    const asked = this.#asked.get(to)?.get(probeId);
    // The first answer counts, copies of it say nothing.
    this.#asked.get(to)?.delete(probeId);
    if (asked === undefined || atMs - asked.atMs > ANSWER_MAX_MS) return;
    this.#answeredAtMs.set(`${to} ${asked.transportId}`, atMs);
  }

  onSaid({ atMs, who, event }: Said): void {
    const { to, reasonCode, detail } = event;
    const isSilence = reasonCode === 'heartbeat_timeout' || reasonCode === 'one_way_out';
    if (to !== 'RECOVERING' || !isSilence) return;
    const calmMs = atMs - (this.#answeredAtMs.get(`${who} ${detail['transportId']}`) ?? -CALM_MS);
    const isHasty = calmMs > READ_MS && calmMs < CALM_MS;
    const hasty = `liveness: ${reasonCode} on T${detail['transportId']} ${Math.round(calmMs)} ms after an answer`;
    this.#report('hastyVerdict', who, isHasty ? hasty : null);
  }

  onDeath(who: string): void {
    this.#asked.delete(who);
  }
}

/** Of a control message whose frame has `frameBytes`: the number behind type and version; null: it is another one. */
export function probeIdIn(bytes: Uint8Array, frameBytes: number): number | null {
  if (bytes[0] !== MESSAGE_TYPE.control || bytes.length !== TRANSPORT_BYTES_MIN + frameBytes) {
    return null;
  }
  const frame = decodeFrame(bytes.subarray(TRANSPORT_HEADER_BYTES, bytes.length - TAG_BYTES));
  if (!frame.ok) return null;
  const { value } = frame;
  return value.type === 'probe' || value.type === 'probeAck' ? value.probeId : null;
}
