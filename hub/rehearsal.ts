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
  #next: { readonly peer: SessionPeer; readonly atMs: number } | null = null;
  /** When such code ran last, in a rehearsal or in earnest; null: never. */
  #lastAtMs: number | null = null;

  constructor(site: Site) {
    this.#site = site;
  }

  /** The store has answered; with a binding, that was a claim. What comes of it goes first. */
  onSwapped(peer: SessionPeer, atMs: number): void {
    const { source, channelId } = peer.seat;
    if (source === null || channelId === null) return;
    if (this.#lastAtMs !== null) this.#lastAtMs = atMs;
    else this.#plan(peer, atMs + REHEARSE_EVERY_MS);
  }

  /** Data came from the binding of `peer`: behind that, if it is time again. */
  onData(peer: SessionPeer, atMs: number): void {
    const lastAtMs = this.#lastAtMs;
    if (lastAtMs !== null && atMs - lastAtMs >= REHEARSE_EVERY_MS) this.#plan(peer, atMs);
  }

  #plan(peer: SessionPeer, atMs: number): void {
    if (this.#next !== null) return;
    this.#next = { peer, atMs };
    this.#site.deadlines.note(this);
  }

  nextDeadlineMs(): number | null {
    return this.#next?.atMs ?? null;
  }

  onTime(atMs: number): void {
    const next = this.#next;
    if (next === null || next.atMs > atMs) return;
    this.#next = null;
    if (!this.#isTaken(next.peer)) return;
    this.#lastAtMs = atMs;
    this.#site.post({ kind: 'rehearse', device: next.peer.device.publicKey });
  }

  /** Whether there was a claim to take; the frames of it were encoded and decoded. */
  #isTaken({ seat, device }: SessionPeer): boolean {
    try {
      const frames = rehearse(seat, seatConfig(this.#site, device));
      return frames.map((frame) => decodeFrame(encodeFrame(frame))).length > 0;
    } catch (error) {
      // It has not happened: the session lives until it does.
      if (!(error instanceof InvariantError)) throw error;
      return false;
    }
  }
}
