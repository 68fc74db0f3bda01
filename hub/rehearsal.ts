/**
 * Takes the steps of a claim ahead of time, and drops them: the next real one finds its code at hand.
 *
 * Once when the first session has been there for a moment, as the first time takes longest, and then while data flows, for
 * all devices together: what is rehearsed is the code. Here and in the store's thread. Why:
 * docs/decisions/0029-rehearsed-while-data-flows.md.
 *
 * @module
 */
import { InvariantError } from '../session/assert.ts';
import { REHEARSE_EVERY_MS, rehearse } from '../session/hub/rehearse.ts';
import { decodeFrame } from '../session/wire/decode.ts';
import { encodeFrame } from '../session/wire/encode.ts';
import type { Timed } from './deadlines.ts';
import { seatConfig } from './seatConfig.ts';
import type { SessionPeer } from './sessionPeer.ts';
import type { Site } from './site.ts';

export class Rehearsals implements Timed {
  readonly #site: Site;
  #first: { readonly peer: SessionPeer; readonly atMs: number } | null = null;
  #lastAtMs: number | null = null;

  constructor(site: Site) {
    this.#site = site;
  }

  /** The store has answered: what comes of that goes first. */
  onSwapped(peer: SessionPeer, atMs: number): void {
    if (this.#lastAtMs !== null || this.#first !== null) return;
    this.#first = { peer, atMs: atMs + REHEARSE_EVERY_MS };
    this.#site.deadlines.note(this);
  }

  nextDeadlineMs(): number | null {
    return this.#first?.atMs ?? null;
  }

  onTime(atMs: number): void {
    const first = this.#first;
    if (first === null || first.atMs > atMs) return;
    this.#first = null;
    this.#rehearse(first.peer, atMs);
  }

  /** A device that has a binding sends data. */
  onData(peer: SessionPeer, atMs: number): void {
    const lastAtMs = this.#lastAtMs;
    if (lastAtMs !== null && atMs - lastAtMs >= REHEARSE_EVERY_MS) this.#rehearse(peer, atMs);
  }

  #rehearse({ seat, device }: SessionPeer, atMs: number): void {
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
