/**
 * I7: what failures cost a link at the device, neither less nor more: five seconds, twice as much each time, up to the
 * policy's limit, and the first price again ten minutes after the last penalty (docs/protocol.md, "Choosing and bounding").
 *
 * Counted from the device's own events. Some of them may have cost a penalty or not (a refused plan, one that was undone),
 * so there is a least and a most; what the device holds lies between. Which plans it makes meanwhile is judged elsewhere
 * (`devices.ts`).
 *
 * @module
 */
import type { Report, Said, Watch } from './watch.ts';

const PENALTY_MIN_MS = 5_000;
const FORGIVEN_AFTER_MS = 600_000;
/** Losses that say nothing against the transport. */
const UNSUSPICIOUS: readonly string[] = ['binding_lost', 'channel_expired'];
/** Clocks are fractions of milliseconds. */
const ROUNDING_MS = 0.001;

export interface Penalised {
  readonly transportId: number;
  /** By the device's monotonic clock. */
  readonly penaltyUntilMs: number;
}

export interface PenaltyDirectory {
  /** Of the policy that the device's process follows. */
  readonly penaltyMaxMs: (who: string) => number;
  /** What its process holds; empty: nothing. */
  readonly penaltiesOf: (who: string) => readonly Penalised[];
  /** Its monotonic clock; null: it sleeps or does not run. */
  readonly clockMs: (who: string) => number | null;
}

/** Failures of links by one way of counting. */
class Count {
  readonly #links = new Map<number, { flaps: number; untilMs: number }>();

  untilMs(transportId: number): number {
    return this.#links.get(transportId)?.untilMs ?? 0;
  }

  fail(transportId: number, atMs: number, maxMs: number): void {
    const { flaps, untilMs } = this.#links.get(transportId) ?? { flaps: 0, untilMs: 0 };
    const next = (atMs - untilMs > FORGIVEN_AFTER_MS ? 0 : flaps) + 1;
    const penaltyMs = Math.min(maxMs, PENALTY_MIN_MS * 2 ** (next - 1));
    this.#links.set(transportId, { flaps: next, untilMs: atMs + penaltyMs });
  }

  /** Another policy: nothing lasts longer than if it began now. */
  shorten(latestMs: number): void {
    for (const [id, { flaps, untilMs }] of this.#links) {
      this.#links.set(id, { flaps, untilMs: Math.min(untilMs, latestMs) });
    }
  }
}

class Process {
  readonly least = new Count();
  readonly most = new Count();
  maxMs: number;
  /** The transport that the newest plan wants. */
  plannedId: number | null = null;

  constructor(maxMs: number) {
    this.maxMs = maxMs;
  }
}

export class Penalties implements Watch {
  readonly #report: Report;
  readonly #directory: PenaltyDirectory;
  readonly #processes = new Map<string, Process>();

  constructor(report: Report, directory: PenaltyDirectory) {
    this.#report = report;
    this.#directory = directory;
  }

  onSaid({ who, role, event }: Said): void {
    if (role !== 'device') return;
    const process = this.#of(who);
    const { atMs, reasonCode, detail, to } = event;
    const { transportId, purpose } = detail;
    const fail = (id: unknown, isSure: boolean) => {
      process.most.fail(Number(id), atMs, process.maxMs);
      if (isSure) process.least.fail(Number(id), atMs, process.maxMs);
    };
    if (event.event === 'notice' && reasonCode === 'policy_applied') this.#follow(who, atMs);
    if (to === 'RECOVERING' && !UNSUSPICIOUS.includes(reasonCode)) fail(transportId, true);
    if (event.event === 'switch' && purpose === 'quality') fail(detail['fromTransportId'], true);
    if (event.event === 'refusal' && process.plannedId !== null) fail(process.plannedId, false);
    if (event.event !== 'claim') return;
    if (purpose === 'stay' && process.plannedId !== null) fail(process.plannedId, false);
    const isPlan = purpose === 'planned' || purpose === 'quality';
    process.plannedId = isPlan ? Number(transportId) : null;
  }

  #follow(who: string, atMs: number): void {
    const process = this.#of(who);
    process.maxMs = this.#directory.penaltyMaxMs(who);
    for (const count of [process.least, process.most]) count.shorten(atMs + process.maxMs);
  }

  onSweep(): void {
    for (const [who, { least, most }] of this.#processes) {
      const nowMs = this.#directory.clockMs(who);
      if (nowMs === null) continue;
      for (const { transportId, penaltyUntilMs } of this.#directory.penaltiesOf(who)) {
        const leastMs = least.untilMs(transportId) - nowMs;
        const mostMs = Math.max(0, most.untilMs(transportId) - nowMs);
        const heldMs = penaltyUntilMs - nowMs;
        const isShort = leastMs > ROUNDING_MS && heldMs < leastMs - ROUNDING_MS;
        const isLong = heldMs > mostMs + ROUNDING_MS;
        const bound = isShort ? `at least ${Math.round(leastMs)}` : `at most ${Math.round(mostMs)}`;
        const fault = `I7: T${transportId} is penalised for ${Math.round(heldMs)} ms more, its failures ask for ${bound}`;
        this.#report('ownPenalty', who, isShort || isLong ? fault : null);
      }
    }
  }

  onDeath(who: string): void {
    this.#processes.delete(who);
  }

  #of(who: string): Process {
    const known = this.#processes.get(who) ?? new Process(this.#directory.penaltyMaxMs(who));
    this.#processes.set(who, known);
    return known;
  }
}
