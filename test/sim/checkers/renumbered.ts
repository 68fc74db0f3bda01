/**
 * Another address of our own on the link of the binding: the hub hears from it at once, or it would go on sending to the
 * old one until the device has something to say.
 *
 * Anything that goes out over the binding tells the hub. Nothing is asked of a binding that is left meanwhile.
 * Source: docs/protocol.md, "Liveness".
 *
 * @module
 */
import type { Report, Said, Sent, Watch } from './watch.ts';

/** What a process is told it takes in within its turn; a machine may be slow (chosen). */
const TURN_MS = 50;

interface Owed {
  readonly transportId: number;
  readonly atMs: number;
}

export class Renumbered implements Watch {
  readonly #report: Report;
  /** The transport that a device is bound to; null: none, or its machine sleeps or does not run. */
  readonly #activeId: (who: string) => number | null;
  readonly #owed = new Map<string, Owed>();

  constructor(report: Report, activeId: (who: string) => number | null) {
    this.#report = report;
    this.#activeId = activeId;
  }

  onRenumbered(who: string, transportIds: readonly number[], atMs: number): void {
    const transportId = this.#activeId(who);
    if (transportId === null || !transportIds.includes(transportId)) return;
    this.#owed.set(who, { transportId, atMs });
  }

  onSent({ from, isUp, transportId, atMs }: Sent): void {
    const owed = this.#owed.get(from);
    if (!isUp || owed?.transportId !== transportId) return;
    this.#owed.delete(from);
    this.#judge(from, owed, atMs);
  }

  onSaid({ who, event }: Said): void {
    if (event.to !== null) this.#owed.delete(who);
  }

  onDeath(who: string): void {
    this.#owed.delete(who);
  }

  onSweep(nowMs: number): void {
    for (const [who, { transportId, atMs }] of this.#owed) {
      if (this.#activeId(who) !== transportId) this.#owed.delete(who);
      else if (nowMs - atMs > TURN_MS) {
        this.#owed.delete(who);
        this.#judge(who, { transportId, atMs }, nowMs);
      }
    }
  }

  #judge(who: string, { transportId, atMs }: Owed, nowMs: number): void {
    const forMs = nowMs - atMs;
    const fault = `liveness: nothing over T${transportId} for ${forMs} ms after its link got another address`;
    this.#report('toldFromThere', who, forMs > TURN_MS ? fault : null);
  }
}
