/**
 * How often one device is sent a clock hint: once a second to each network that asks in its name.
 *
 * A recorded initiation draws a hint as well as a new one does. Counted for all networks together, whoever repeats a
 * recording would take every hint from the device that needs one. Source: docs/protocol.md, "Clock hint".
 *
 * @module
 */
import { prefixOf } from '../session/hub/admission.ts';

const HINT_EVERY_MS = 1_000;
/** Networks remembered; the longest silent one is forgotten first. The door bounds what that lets through. */
export const HINT_PREFIXES_MAX = 16;

export class HintPace {
  /** Time of the last hint by network, oldest first. */
  readonly #hintedAtMs = new Map<string, number>();

  /** Whether `source` (`ip:port` or `[ip]:port`) may be sent a hint at `atMs` (monotonic); if so, it counts as sent. */
  take(source: string, atMs: number): boolean {
    const prefix = prefixOf(source);
    const hintedAtMs = this.#hintedAtMs.get(prefix);
    if (hintedAtMs !== undefined && atMs - hintedAtMs < HINT_EVERY_MS) return false;
    this.#hintedAtMs.delete(prefix);
    if (this.#hintedAtMs.size >= HINT_PREFIXES_MAX) {
      for (const [oldest] of this.#hintedAtMs) {
        this.#hintedAtMs.delete(oldest);
        break;
      }
    }
    this.#hintedAtMs.set(prefix, atMs);
    return true;
  }

  /** Networks remembered, 0…{@link HINT_PREFIXES_MAX}. */
  get size(): number {
    return this.#hintedAtMs.size;
  }
}
