/**
 * How old keys are when something goes out under them: "expired" seals nothing more (docs/protocol.md, "Key ages").
 *
 * A keypair is named by who sends and the receiver's index. It is as old as what was sent under it first, and so no younger
 * than it seems from outside; its first data packet is the first that its sender sent. Of what was opened nothing is seen.
 *
 * @module
 */
import { sessionExpiresAtMs } from '../../../session/channel/age.ts';
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { receiverOf } from '../../../session/wire/transport.ts';
import type { Report, Sent, Watch } from './watch.ts';

/** The world's steps, and what a turn adds. */
const ROUNDING_MS = 2;

interface Age {
  readonly createdAtMs: number;
  firstDataAtMs: number | null;
}

export class Ages implements Watch {
  readonly #report: Report;
  /** A machine's own clock, suspended time included; null: it sleeps, or there is none. */
  readonly #clockMs: (who: string) => number | null;
  /** By `sender receiver`. */
  readonly #ages = new Map<string, Age>();

  constructor(report: Report, clockMs: (who: string) => number | null) {
    this.#report = report;
    this.#clockMs = clockMs;
  }

  onSent({ from, bytes }: Sent): void {
    const type = bytes[0];
    if (type !== MESSAGE_TYPE.data && type !== MESSAGE_TYPE.control) return;
    const atMs = this.#clockMs(from);
    if (atMs === null) return;
    const key = `${from} ${receiverOf(bytes)}`;
    const age = this.#ages.get(key) ?? { createdAtMs: atMs, firstDataAtMs: null };
    this.#ages.set(key, age);
    if (type === MESSAGE_TYPE.data) age.firstDataAtMs ??= atMs;
    const lateMs = atMs - sessionExpiresAtMs(age);
    const late = `I9: a datagram goes out ${Math.round(lateMs)} ms after its keys expired`;
    this.#report('expiredSeal', from, lateMs > ROUNDING_MS ? late : null);
  }

  /** The next process has keys of its own. */
  onDeath(who: string): void {
    for (const key of this.#ages.keys()) if (key.startsWith(`${who} `)) this.#ages.delete(key);
  }
}
