/**
 * In calm nobody waits for ROTATED: ROTATE is not repeated before 250 ms (docs/decisions/0025-what-a-metered-day-is-made-of.md).
 *
 * Calm is told from outside, and only where it is certain: so little data in a row that it is no flow, and no question on
 * the way that ROTATE took can be in doubt: the newest was answered, or was asked a moment ago when none was open.
 *
 * Asked where frames can be read from outside.
 *
 * @module
 */
import { bytesToHex } from '../../../session/bytes.ts';
import { decodeFrame } from '../../../session/wire/decode.ts';
import {
  MESSAGE_TYPE,
  TRANSPORT_BYTES_MIN,
  TRANSPORT_HEADER_BYTES,
} from '../../../session/wire/messages.ts';
import { answerIn, questionIn } from './questions.ts';
import type { Arrived, Report, Said, Sent, Watch } from './watch.ts';

const CALM_PAUSE_MS = 250;
/** So long after a question that was asked in calm it cannot be a miss. */
const FRESH_MS = 240;
/** Clocks that drift. */
const ROUNDING_MS = 1;
/** Fewer datagrams of data without a pause are no flow. */
const FLOW_MIN = 10;
const TAG_BYTES = TRANSPORT_BYTES_MIN - TRANSPORT_HEADER_BYTES;

class Process {
  dataAtMs = Number.NEGATIVE_INFINITY;
  /** Datagrams of data in a row. */
  dataCount = 0;
  /** By transport: the newest question that has no answer, and until when it cannot be a miss. */
  readonly open = new Map<number, { readonly id: number; readonly freshUntilMs: number }>();
  /** By proof, so by channel: when it was sent last, and whether in calm. */
  readonly rotated = new Map<string, { readonly atMs: number; readonly isCalm: boolean }>();

  ask(transportId: number, id: number, atMs: number): void {
    const freshUntilMs = this.open.has(transportId) ? atMs : atMs + FRESH_MS;
    this.open.set(transportId, { id, freshUntilMs });
  }

  onData(atMs: number, lingerMs: number): void {
    this.dataCount = atMs - this.dataAtMs <= lingerMs ? this.dataCount + 1 : 1;
    this.dataAtMs = atMs;
  }
}

export class Rotations implements Watch {
  readonly #report: Report;
  readonly #isSealed: boolean;
  readonly #lingerMs: number;
  readonly #processes = new Map<string, Process>();

  /** @param lingerMs so long after data more of it is the same row: the longest of all policies. */
  constructor(report: Report, isSealed: boolean, lingerMs: number) {
    this.#report = report;
    this.#isSealed = isSealed;
    this.#lingerMs = lingerMs;
  }

  /** Packets that waited for a binding are data as well, and how many there were is not seen from outside. */
  onSaid({ atMs, who, role, event }: Said): void {
    if (role !== 'device' || event.to !== 'ATTACHED') return;
    const process = this.#of(who);
    process.dataCount = FLOW_MIN;
    process.dataAtMs = atMs;
  }

  onSent({ atMs, from, isUp, bytes, transportId }: Sent): void {
    if (!isUp || this.#isSealed) return;
    const process = this.#of(from);
    if (bytes[0] === MESSAGE_TYPE.data) process.onData(atMs, this.#lingerMs);
    const probeId = questionIn(bytes);
    if (probeId !== null) process.ask(transportId, probeId, atMs);
    const proof = rotationIn(bytes);
    if (proof === null) return;
    const before = process.rotated.get(proof);
    const pauseMs = atMs - (before?.atMs ?? Number.NEGATIVE_INFINITY);
    const isHasty = before?.isCalm === true && pauseMs < CALM_PAUSE_MS - ROUNDING_MS;
    const hasty = `liveness: ROTATE is repeated after ${Math.round(pauseMs)} ms, and nobody waits`;
    this.#report('calmRotation', from, isHasty ? hasty : null);
    const isFlowing = process.dataCount >= FLOW_MIN && atMs - process.dataAtMs <= this.#lingerMs;
    const isFresh =
      atMs < (process.open.get(transportId)?.freshUntilMs ?? Number.POSITIVE_INFINITY);
    const isCalm = !isFlowing && isFresh;
    process.rotated.set(proof, { atMs, isCalm });
  }

  onArrived({ atMs, to, bytes }: Arrived): void {
    const process = this.#processes.get(to);
    if (process === undefined) return;
    if (bytes[0] === MESSAGE_TYPE.data) process.onData(atMs, this.#lingerMs);
    const probeId = answerIn(bytes);
    for (const [transportId, { id }] of process.open) {
      if (id === probeId) process.open.delete(transportId);
    }
  }

  onDeath(who: string): void {
    this.#processes.delete(who);
  }

  #of(who: string): Process {
    const known = this.#processes.get(who) ?? new Process();
    this.#processes.set(who, known);
    return known;
  }
}

/** The proof of a ROTATE, which names its channel; null: it is none. */
function rotationIn(bytes: Uint8Array): string | null {
  if (bytes[0] !== MESSAGE_TYPE.control) return null;
  const frame = decodeFrame(bytes.subarray(TRANSPORT_HEADER_BYTES, bytes.length - TAG_BYTES));
  return frame.ok && frame.value.type === 'rotate' ? bytesToHex(frame.value.proof) : null;
}
