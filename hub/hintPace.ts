/**
 * How often somebody is told what costs them a datagram: once a second to each network, or to each address.
 *
 * A clock hint to each network that asks in a device's name: a recorded initiation draws a hint as well as a new one does.
 * Counted for all networks together, whoever repeats a recording would take every hint from the device that needs one. An
 * unknown channel to each address: many devices may be behind one. Source: docs/protocol.md, "Clock hint" and "Unknown channel".
 *
 * @module
 */
import { prefixOf } from '../session/hub/admission.ts';

const HINT_EVERY_MS = 1_000;
/** Networks remembered; the longest silent one is forgotten first. The door bounds what that lets through. */
export const HINT_PREFIXES_MAX = 16;

export class HintPace {
  /** Time of the last hint by network or address, oldest first. */
  readonly #hintedAtMs = new Map<string, number>();
  readonly #nameOf: (source: string) => string;
  readonly #namesMax: number;

  constructor(nameOf: (source: string) => string = prefixOf, namesMax = HINT_PREFIXES_MAX) {
    this.#nameOf = nameOf;
    this.#namesMax = namesMax;
  }

  /** Whether `source` (`ip:port` or `[ip]:port`) may be sent a hint at `atMs` (monotonic); if so, it counts as sent. */
  take(source: string, atMs: number): boolean {
    const name = this.#nameOf(source);
    const hintedAtMs = this.#hintedAtMs.get(name);
    if (hintedAtMs !== undefined && atMs - hintedAtMs < HINT_EVERY_MS) return false;
    this.#hintedAtMs.delete(name);
    if (this.#hintedAtMs.size >= this.#namesMax) {
      for (const [oldest] of this.#hintedAtMs) {
        this.#hintedAtMs.delete(oldest);
        break;
      }
    }
    this.#hintedAtMs.set(name, atMs);
    return true;
  }

  /** Networks or addresses remembered, 0…{@link HINT_PREFIXES_MAX} or what was given. */
  get size(): number {
    return this.#hintedAtMs.size;
  }
}
