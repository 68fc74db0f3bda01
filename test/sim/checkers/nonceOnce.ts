/**
 * I12 nonce-once, on the wire: no counter appears twice under one key with other bytes.
 *
 * A key is named by who sends, the message type and the receiver's index (and, for control, the
 * transport: each has a counter of its own). The very same bytes again are a resend.
 *
 * @module
 */
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { counterOf, receiverOf, transportIdOf } from '../../../session/wire/transport.ts';
import type { Report, Sent, Watch } from './watch.ts';

/** Chosen: far more than the windows that matter. */
const KEYS_MAX = 4_096;

export class NonceOnce implements Watch {
  checked = 0;
  readonly #report: Report;
  readonly #seen = new Map<string, Map<number, number>>();

  constructor(report: Report) {
    this.#report = report;
  }

  onSent({ from, bytes }: Sent): void {
    const receiver = receiverOf(bytes);
    if (receiver < 0) return;
    const type = bytes[0]!;
    const lane = type === MESSAGE_TYPE.control ? transportIdOf(bytes) : 0;
    const key = `${from} ${type} ${receiver} ${lane}`;
    let counters = this.#seen.get(key);
    if (counters === undefined) {
      counters = new Map();
      this.#seen.set(key, counters);
      if (this.#seen.size > KEYS_MAX) {
        const [oldest] = this.#seen.keys();
        if (oldest !== undefined) this.#seen.delete(oldest);
      }
    }
    const counter = counterOf(bytes);
    const digest = digestOf(bytes);
    const before = counters.get(counter);
    this.checked += 1;
    if (before === undefined) counters.set(counter, digest);
    else if (before !== digest) {
      this.#report('I12', 'nonceOnce', `${from} used counter ${counter} of ${receiver} twice`);
    }
  }
}

/** FNV-1a. */
function digestOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash;
}
