/**
 * Tells a packet that came twice because it was sent again from one that somebody replays.
 *
 * Who says in RECEIVED what has arrived invites the other end to send the rest again, each packet once. Some of
 * that was under way and arrives after all: the second copy is a `resend_duplicate`. It counts as such once for an
 * exchange, only for what RECEIVED called missing, and only for as long as a resend may take; every other
 * copy is a replay. The caller has made sure that the packet is authentic.
 *
 * @module
 */
import { type Received, ReplayWindow, receivedState } from '../replay.ts';

/** Of packets that are as old as they may be: what pacing and the way take on top. Chosen. */
const UNDER_WAY_MS = 1_000;

interface Invited {
  /** What was said first: later news must not turn a late original into a replay. */
  readonly received: Received;
  readonly exchange: string;
  readonly untilMs: number;
  readonly counted: ReplayWindow;
}

export class ExpectedRepeats {
  /** By channel; two at most, as many as an exchange has. */
  readonly #invited = new Map<number, Invited>();

  get size(): number {
    return this.#invited.size;
  }

  /** RECEIVED was sent. `exchange` names what it belongs to. */
  invite(
    channelId: number,
    received: Received,
    exchange: string,
    maxAgeMs: number,
    atMs: number,
  ): void {
    for (const [id, { untilMs }] of this.#invited) if (untilMs < atMs) this.#invited.delete(id);
    const known = this.#invited.get(channelId);
    const untilMs = atMs + maxAgeMs + UNDER_WAY_MS;
    const isSame = known?.exchange === exchange;
    this.#invited.set(channelId, {
      received: known?.received ?? received,
      exchange,
      untilMs,
      counted: isSame ? known.counted : new ReplayWindow(),
    });
  }

  /** Whether something may come twice now: else nobody need look. */
  isExpecting(atMs: number): boolean {
    for (const { untilMs } of this.#invited.values()) if (untilMs >= atMs) return true;
    return false;
  }

  /** Whether the copy with `counter` is the one that a resend explains. True once. */
  takes(channelId: number, counter: number, atMs: number): boolean {
    const invited = this.#invited.get(channelId);
    if (invited === undefined || invited.untilMs < atMs) return false;
    if (receivedState(invited.received, counter) !== 'missing') return false;
    return invited.counted.accept(counter);
  }

  forget(channelId: number): void {
    this.#invited.delete(channelId);
  }
}
