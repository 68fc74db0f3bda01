/**
 * Virtual time: moves when told to. Monotonic and wall time are set apart, as on a gateway that boots
 * in 1970 and gets its wall clock later.
 *
 * @module
 */
import { assert } from '../../session/assert.ts';
import type { Clock } from '../clock.ts';

export class MemoryClock implements Clock {
  #monotonicMs: number;
  #wallMs: number;

  constructor(monotonicMs = 0, wallMs = 0) {
    this.#monotonicMs = monotonicMs;
    this.#wallMs = wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  /** Let both clocks run on; a suspended machine is no different. */
  advance(byMs: number): void {
    assert(byMs >= 0, 'time does not run backwards');
    this.#monotonicMs += byMs;
    this.#wallMs += byMs;
  }

  /** Set the wall clock, as NTP or an operator does. May go back. */
  setWall(toMs: number): void {
    this.#wallMs = toMs;
  }
}
