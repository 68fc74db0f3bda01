/**
 * ◆ I1: a device whose hub says, answer after answer, that the session has ended, does not go on sending on it.
 *
 * Bounded generously, because answers may be lost and queues long. Asked where frames can be read from outside.
 *
 * @module
 */
import { decodeFrame } from '../../../session/wire/decode.ts';
import { PROBE_ACK_BYTES } from '../../../session/wire/layout.ts';
import {
  MESSAGE_TYPE,
  TRANSPORT_BYTES_MIN,
  TRANSPORT_HEADER_BYTES,
} from '../../../session/wire/messages.ts';
import type { Report, Said, Sent, Watch } from './watch.ts';

const ACK_BYTES = TRANSPORT_BYTES_MIN + PROBE_ACK_BYTES;
/** Longer than the longest queue of an access network (chosen). */
const DENIED_MAX_MS = 45_000;
const DENIALS_MIN = 100;

export class Denials implements Watch {
  readonly #report: Report;
  readonly #isSealed: boolean;
  /** By machine: since when, and how often, hubs answered that the session has ended. */
  readonly #denied = new Map<string, { sinceMs: number; count: number }>();

  constructor(report: Report, isSealed: boolean) {
    this.#report = report;
    this.#isSealed = isSealed;
  }

  onSent({ atMs, from, to, isUp, bytes }: Sent): void {
    if (this.#isSealed) return;
    if (isUp) return this.#onDevice(from, atMs, bytes);
    if (to === null || bytes[0] !== MESSAGE_TYPE.control || bytes.length !== ACK_BYTES) return;
    const end = bytes.length - (TRANSPORT_BYTES_MIN - TRANSPORT_HEADER_BYTES);
    const frame = decodeFrame(bytes.subarray(TRANSPORT_HEADER_BYTES, end));
    if (!frame.ok || frame.value.type !== 'probeAck') return;
    if (frame.value.view !== 'terminated') this.#denied.delete(to);
    else {
      const denied = this.#denied.get(to) ?? { sinceMs: atMs, count: 0 };
      this.#denied.set(to, { ...denied, count: denied.count + 1 });
    }
  }

  #onDevice(who: string, atMs: number, bytes: Uint8Array): void {
    const denied = this.#denied.get(who);
    if (denied === undefined || bytes[0] !== MESSAGE_TYPE.data) return;
    const { sinceMs, count } = denied;
    if (count < DENIALS_MIN || atMs - sinceMs < DENIED_MAX_MS) return;
    this.#denied.delete(who);
    const fault = `I1: data for a session of which ${count} answers in ${Math.round(atMs - sinceMs)} ms said that it has ended`;
    this.#report('deniedBinding', who, fault);
  }

  onSaid({ who, role, event }: Said): void {
    if (role === 'device' && event.event === 'transition') this.#denied.delete(who);
  }

  onDeath(who: string): void {
    this.#denied.delete(who);
  }
}
