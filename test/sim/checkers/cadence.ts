/**
 * How often a transport is asked, as seen on the wire: no more often than the policy's cadence allows, no less often than it
 * promises (docs/protocol.md, "Liveness").
 *
 * Asked of runs in which nothing goes wrong and nothing is lost, late or overtaken, and of no others: elsewhere doubt,
 * hearsay and claims ask besides. Idle is a device over whose tunnel nothing has gone for longer than the policy lingers;
 * busy one over which something goes all the time. What lies between is not asked.
 *
 * @module
 */
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { questionIn } from './questions.ts';
import type { Arrived, Report, Said, Sent, Watch } from './watch.ts';

/** What a policy says of a transport at this moment. */
export interface Cadence {
  /** While nothing travels, if it is the binding's; else, whatever travels elsewhere. */
  readonly pauseMs: number;
  readonly isMetered: boolean;
  readonly isBinding: boolean;
  readonly lingerMs: number;
}

/** Whatever was said is settled by then. */
const SETTLED_MS = 10_000;
/** The world's steps, and what a turn adds. */
const ROUNDING_MS = 2;
/** Until a device that wakes for it has asked. */
const LATE_MS = 300;
/** Data that comes no further apart than this travels all the time. */
const DENSE_MS = 50;
/** Beside data: never more often; on a metered link only where so many packets have gone out since. */
const BUSY_LEAST_MS = 12;
const METERED_LEAST_MS = 250;
const METERED_PACKETS = 32;

class Questions {
  /** When it was asked last; null: not since things are settled. */
  askedAtMs: number | null = null;
  /** Data of the device since then. */
  packets = 0;
}

class Process {
  readonly of = new Map<number, Questions>();
  settledAtMs = Number.POSITIVE_INFINITY;
  /** The newest data either way, and since when it has been dense. */
  dataAtMs = Number.NEGATIVE_INFINITY;
  denseSinceMs = Number.NEGATIVE_INFINITY;
}

export class Cadences implements Watch {
  readonly #report: Report;
  readonly #isCalmRun: boolean;
  /** Null: it has no such transport, no binding, or does not run. */
  readonly #cadenceOf: (who: string, transportId: number) => Cadence | null;
  readonly #processes = new Map<string, Process>();

  constructor(
    report: Report,
    isCalmRun: boolean,
    cadenceOf: (who: string, transportId: number) => Cadence | null,
  ) {
    this.#report = report;
    this.#isCalmRun = isCalmRun;
    this.#cadenceOf = cadenceOf;
  }

  onSaid({ atMs, who, role, event }: Said): void {
    if (role !== 'device' || !this.#isCalmRun) return;
    const process = this.#of(who);
    process.of.clear();
    if (event.to !== null)
      process.settledAtMs = event.to === 'ATTACHED' ? atMs + SETTLED_MS : Number.POSITIVE_INFINITY;
    process.settledAtMs = Math.max(process.settledAtMs, atMs + SETTLED_MS);
  }

  onArrived({ atMs, to, bytes }: Arrived): void {
    const process = this.#processes.get(to);
    if (process !== undefined && bytes[0] === MESSAGE_TYPE.data) noteData(process, atMs);
  }

  onSent({ atMs, from, isUp, bytes, transportId }: Sent): void {
    const process = isUp ? this.#processes.get(from) : undefined;
    if (process === undefined) return;
    if (bytes[0] === MESSAGE_TYPE.data) {
      noteData(process, atMs);
      for (const questions of process.of.values()) questions.packets += 1;
    }
    if (questionIn(bytes) !== null) this.#onQuestion(from, process, transportId, atMs);
  }

  #onQuestion(who: string, process: Process, transportId: number, atMs: number): void {
    if (atMs < process.settledAtMs) return;
    const questions = process.of.get(transportId) ?? new Questions();
    process.of.set(transportId, questions);
    const { askedAtMs, packets } = questions;
    questions.askedAtMs = atMs;
    questions.packets = 0;
    const cadence = this.#cadenceOf(who, transportId);
    if (askedAtMs === null || cadence === null) return;
    const leastMs = leastPauseMs(process, cadence, askedAtMs, packets);
    const pauseMs = atMs - askedAtMs;
    const often = `liveness: T${transportId} is asked after ${Math.round(pauseMs)} ms, where the cadence is ${leastMs} ms`;
    this.#report('askedTooOften', who, pauseMs < leastMs - ROUNDING_MS ? often : null);
  }

  onSweep(atMs: number): void {
    for (const [who, process] of this.#processes) {
      if (atMs < process.settledAtMs) continue;
      for (const [transportId, { askedAtMs }] of process.of) {
        const cadence = this.#cadenceOf(who, transportId);
        if (askedAtMs === null || cadence === null) continue;
        const mostMs = mostPauseMs(process, cadence, askedAtMs, atMs);
        const rarely = `liveness: T${transportId} was not asked for ${Math.round(atMs - askedAtMs)} ms, where the cadence is ${mostMs} ms`;
        const isLate = atMs - askedAtMs > mostMs + LATE_MS;
        this.#report('askedTooRarely', who, isLate ? rarely : null);
      }
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

function noteData(process: Process, atMs: number): void {
  if (atMs - process.dataAtMs > DENSE_MS) process.denseSinceMs = atMs;
  process.dataAtMs = atMs;
}

/** Before the next question, from one at `askedAtMs`. */
function leastPauseMs(
  process: Process,
  { pauseMs, isMetered, isBinding, lingerMs }: Cadence,
  askedAtMs: number,
  packets: number,
): number {
  if (!isBinding || process.dataAtMs < askedAtMs - lingerMs) return pauseMs;
  return isMetered && packets < METERED_PACKETS ? METERED_LEAST_MS : BUSY_LEAST_MS;
}

/** Nothing shortens what a policy promises an idle transport; beside dense data it is asked far more often. */
function mostPauseMs(
  { dataAtMs, denseSinceMs }: Process,
  { pauseMs, isMetered, isBinding }: Cadence,
  askedAtMs: number,
  atMs: number,
): number {
  const isDense = isBinding && denseSinceMs <= askedAtMs && atMs - dataAtMs <= DENSE_MS;
  if (!isDense) return pauseMs;
  return isMetered ? METERED_LEAST_MS : DENSE_MS;
}
