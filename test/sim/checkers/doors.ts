/**
 * What leaves a hub for whom: I5 a handshake is answered once, I9 no data for somebody who only showed
 * another address.
 *
 * @module
 */
import { decodeResponse } from '../../../session/wire/handshake.ts';
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { INTRUDER } from '../network/intruder.ts';
import type { Report, Said, Sent, Watch } from './watch.ts';

export class Doors implements Watch {
  readonly #report: Report;
  /** Whether timestamps may have been lost with a flash, or used by a copy. */
  readonly #mayBeBehind: (who: string) => boolean;
  /** By hub, machine and the initiation's index: how often. */
  readonly #answered = new Set<string>();

  constructor(report: Report, mayBeBehind: (who: string) => boolean) {
    this.#report = report;
    this.#mayBeBehind = mayBeBehind;
  }

  onSent({ from, to, isUp, bytes }: Sent): void {
    if (isUp) return;
    const isData = bytes[0] === MESSAGE_TYPE.data;
    const stray = 'I9: data goes to an address that never answered for the device';
    this.#report('strayTarget', from, isData && to === INTRUDER ? stray : null);
    if (bytes[0] !== MESSAGE_TYPE.response || to === null) return;
    const response = decodeResponse(bytes);
    if (!response.ok) return;
    const key = `${from} ${to} ${response.value.receiver}`;
    const twice = `I5: initiation ${response.value.receiver} of ${to} is answered twice`;
    this.#report('answeredOnce', from, this.#answered.has(key) ? twice : null);
    this.#answered.add(key);
  }

  /** Timestamps are reserved ahead, so no hub has seen a later one than a device may use. */
  onSaid({ who, role, event }: Said): void {
    if (role !== 'device' || event.reasonCode !== 'clock_hint_used') return;
    const behind = 'I4: its handshakes are older than those before';
    this.#report('timestamps', who, this.#mayBeBehind(who) ? null : behind);
  }

  /** A hub remembers the newest timestamp of each device for as long as it runs. */
  onDeath(who: string): void {
    for (const key of this.#answered) if (key.startsWith(`${who} `)) this.#answered.delete(key);
  }
}
