/**
 * Takes the steps of a claim while data flows, and drops them: the next real one finds its code at hand.
 *
 * Here and in the store's thread. Why: docs/decisions/0029-rehearsed-while-data-flows.md.
 *
 * @module
 */
import { InvariantError } from '../session/assert.ts';
import { REHEARSE_EVERY_MS, rehearse } from '../session/hub/rehearse.ts';
import { decodeFrame } from '../session/wire/decode.ts';
import { encodeFrame } from '../session/wire/encode.ts';
import { seatConfig } from './seatConfig.ts';
import type { SessionPeer } from './sessionPeer.ts';
import type { Site } from './site.ts';

export class Rehearsals {
  readonly #site: Site;
  #lastAtMs = Number.NEGATIVE_INFINITY;

  constructor(site: Site) {
    this.#site = site;
  }

  /** `peer` has data; what is rehearsed is the code, so one for all devices together is enough. */
  onData({ seat, device, isLive }: SessionPeer, atMs: number): void {
    if (atMs - this.#lastAtMs < REHEARSE_EVERY_MS || !isLive) return;
    this.#lastAtMs = atMs;
    try {
      for (const frame of rehearse(seat, seatConfig(this.#site, device))) {
        decodeFrame(encodeFrame(frame));
      }
    } catch (error) {
      // It has not happened: the session lives until it does.
      if (!(error instanceof InvariantError)) throw error;
    }
    this.#site.post({ kind: 'rehearse', device: device.publicKey });
  }
}
