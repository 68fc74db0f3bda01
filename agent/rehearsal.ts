/**
 * Takes the steps of a handover ahead of time, and drops them: the real one finds its code at hand.
 *
 * Once when a session has been attached for a moment, as the first time takes longest, and then while data flows, when a
 * handover would be felt. Why: docs/decisions/0029-rehearsed-while-data-flows.md.
 *
 * @module
 */
import { InvariantError } from '../session/assert.ts';
import type { DeviceConfig } from '../session/device/limits.ts';
import { FLOW_BEATS } from '../session/device/pace.ts';
import { REHEARSE_EVERY_MS, rehearse } from '../session/device/rehearse.ts';
import type { Device } from '../session/device/state.ts';
import { decodeFrame } from '../session/wire/decode.ts';
import { frameBytes } from './frameBytes.ts';

export class Rehearsals {
  #firstAtMs: number | null = null;
  #lastAtMs: number | null = null;

  /** There is a binding, or another one, which is a handover in earnest: what comes with it goes first. */
  onRoute(atMs: number): void {
    if (this.#lastAtMs === null) this.#firstAtMs ??= atMs + REHEARSE_EVERY_MS;
    else this.#lastAtMs = atMs;
  }

  /** When `onTime` has to be called at the latest; null: it need not. */
  nextDeadlineMs(): number | null {
    return this.#firstAtMs;
  }

  /** @param hasMoved the core was told of data in this turn. */
  onTime(device: Device, config: DeviceConfig, hasMoved: boolean, atMs: number): void {
    const isFirst = this.#firstAtMs !== null && this.#firstAtMs <= atMs;
    const isFlowing = hasMoved && device.trafficBeats >= FLOW_BEATS;
    const isDue = this.#lastAtMs !== null && atMs - this.#lastAtMs >= REHEARSE_EVERY_MS;
    if (!isFirst && !(isFlowing && isDue)) return;
    this.#firstAtMs = null;
    this.#lastAtMs = atMs;
    try {
      for (const frame of rehearse(device, config)) decodeFrame(frameBytes(frame));
    } catch (error) {
      // It has not happened: the session lives until it does.
      if (!(error instanceof InvariantError)) throw error;
    }
  }
}
