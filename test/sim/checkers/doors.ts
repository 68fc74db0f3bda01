/**
 * What leaves a hub for whom: I5 a handshake is answered once, I9 no data for somebody who only showed
 * another address.
 *
 * @module
 */
import { EffectWatch } from '../../../session/invariants/noReplay.ts';
import { decodeInitiation, decodeResponse } from '../../../session/wire/handshake.ts';
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { INTRUDER } from '../network/intruder.ts';
import type { Report, Said, Sent, Watch } from './watch.ts';

export class Doors implements Watch {
  readonly #report: Report;
  /** Whether timestamps may have been lost with a flash, or used by a copy. */
  readonly #mayBeBehind: (who: string) => boolean;
  /** By hub. */
  readonly #answered = new Map<string, EffectWatch>();
  /** By machine: the index of its newest initiation, and whether a hub answered it. */
  readonly #newest = new Map<string, { readonly index: number; isAnswered: boolean }>();

  constructor(report: Report, mayBeBehind: (who: string) => boolean) {
    this.#report = report;
    this.#mayBeBehind = mayBeBehind;
  }

  onSent({ from, to, isUp, bytes }: Sent): void {
    if (isUp) return this.#onInitiation(from, bytes);
    const isData = bytes[0] === MESSAGE_TYPE.data;
    const stray = 'I9: data goes to an address that never answered for the device';
    this.#report('strayTarget', from, isData && to === INTRUDER ? stray : null);
    if (bytes[0] !== MESSAGE_TYPE.response || to === null) return;
    const response = decodeResponse(bytes);
    if (!response.ok) return;
    const answered = this.#answered.get(from) ?? new EffectWatch();
    this.#answered.set(from, answered);
    this.#report('answeredOnce', from, answered.initiation(to, response.value.receiver));
    const newest = this.#newest.get(to);
    if (newest?.index === response.value.receiver) newest.isAnswered = true;
  }

  #onInitiation(who: string, bytes: Uint8Array): void {
    if (bytes[0] !== MESSAGE_TYPE.initiation) return;
    const initiation = decodeInitiation(bytes);
    if (!initiation.ok) return;
    this.#newest.set(who, { index: initiation.value.sender, isAnswered: false });
  }

  /**
   * Timestamps are reserved ahead, so no hub has seen a later one than a device may use. A copy of an initiation that
   * was answered is as old as itself: where the answer is lost, the device hears that alone.
   */
  onSaid({ who, role, event }: Said): void {
    if (role !== 'device' || event.reasonCode !== 'clock_hint_used') return;
    const behind = 'I4: its handshakes are older than those before';
    const isCopy = this.#newest.get(who)?.isAnswered === true;
    this.#report('timestamps', who, isCopy || this.#mayBeBehind(who) ? null : behind);
  }

  /** A hub remembers the newest timestamp of each device for as long as it runs. */
  onDeath(who: string): void {
    this.#answered.delete(who);
  }
}
