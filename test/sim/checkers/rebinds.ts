/**
 * A binding whose address changes: from the answer of the new address on, data goes there as well, while the old one may
 * still object; and nowhere else. Whether it did is judged when the hub adopts the address (`nat_rebind`).
 *
 * Questions are read, so this is for runs with stand-in ciphers. That no data at all goes to somebody else's address is
 * `doors.ts`'s. Source: docs/protocol.md, "Addresses and challenges".
 *
 * @module
 */
import { bytesToHex } from '../../../session/bytes.ts';
import { decodeFrame } from '../../../session/wire/decode.ts';
import {
  MESSAGE_TYPE,
  TRANSPORT_BYTES_MIN,
  TRANSPORT_HEADER_BYTES,
} from '../../../session/wire/messages.ts';
import { counterOf, receiverOf } from '../../../session/wire/transport.ts';
import type { Arrived, Report, Said, Sent, Watch } from './watch.ts';

const TAG_BYTES = TRANSPORT_BYTES_MIN - TRANSPORT_HEADER_BYTES;
/** What a process reads it acts on within its turn; a machine may be slow (chosen). */
const TURN_MS = 50;
/** Longer than a trial of addresses lasts (session/hub/challenge.ts). */
const REMEMBERED_MS = 2_000;

interface Data {
  readonly atMs: number;
  readonly target: string;
  /** The same of both copies of a datagram. */
  readonly name: string;
}

interface Hub {
  /** By token: the address that it went to. */
  readonly asked: Map<string, string>;
  /** By address: when the answer to its newest token arrived. */
  readonly answeredAtMs: Map<string, number>;
  /** Oldest first. */
  data: Data[];
  /** Second copies of the present moment: an answer is told of after the turn in which it is read. */
  copies: Pick<Data, 'atMs' | 'target'>[];
  /** When a binding was last another one: what the device lacked is sent again then, and may have been sent just now. */
  switchedAtMs: number | null;
}

export class Rebinds implements Watch {
  readonly #report: Report;
  readonly #isReadable: boolean;
  readonly #hubs = new Map<string, Hub>();

  constructor(report: Report, isSealed: boolean) {
    this.#report = report;
    this.#isReadable = !isSealed;
  }

  onSent({ from, isUp, bytes, target, atMs }: Sent): void {
    if (isUp || !this.#isReadable) return;
    const hub = this.#hub(from);
    this.#judgeCopies(from, hub, atMs);
    if (bytes[0] === MESSAGE_TYPE.data) {
      const data = { atMs, target, name: `${receiverOf(bytes)} ${counterOf(bytes)}` };
      const first = hub.data.findLast(({ name }) => name === data.name);
      if (first?.atMs === atMs && first.target !== target) hub.copies.push(data);
      hub.data.push(data);
    }
    const token = tokenIn(bytes, 'challenge');
    if (token === null || hub.asked.has(token)) return;
    hub.asked.set(token, target);
    hub.answeredAtMs.delete(target);
  }

  /** They go where the hub has asked and was answered. */
  #judgeCopies(who: string, hub: Hub, nowMs: number): void {
    const due = hub.copies.filter(({ atMs }) => atMs < nowMs);
    if (due.length === 0) return;
    hub.copies = hub.copies.filter(({ atMs }) => atMs >= nowMs);
    const stray = due.find(
      ({ target, atMs }) => atMs !== hub.switchedAtMs && !hub.answeredAtMs.has(target),
    );
    const fault = `I9: a copy of data goes to ${stray?.target}, which has not answered`;
    this.#report('copiedWhereAnswered', who, stray === undefined ? null : fault);
  }

  onArrived({ to, bytes, atMs }: Arrived): void {
    const hub = this.#hubs.get(to);
    const token = hub === undefined ? null : tokenIn(bytes, 'response');
    const target = token === null ? undefined : hub?.asked.get(token);
    if (target !== undefined) hub?.answeredAtMs.set(target, atMs);
  }

  onSaid({ who, role, event, atMs }: Said): void {
    if (role !== 'hub') return;
    const hub = this.#hub(who);
    if (event.event === 'switch') hub.switchedAtMs = atMs;
    if (event.reasonCode !== 'nat_rebind') return;
    const { source, oldSource } = event.detail;
    this.#judgeCopies(who, hub, atMs);
    const answeredAtMs = hub.answeredAtMs.get(String(source));
    if (answeredAtMs === undefined) return;
    const since = hub.data.filter((data) => data.atMs > answeredAtMs + TURN_MS && data.atMs < atMs);
    const there = new Set(since.filter(({ target }) => target === source).map(({ name }) => name));
    const alone = since.filter(({ target, name }) => target === oldSource && !there.has(name));
    // Data that waited in its tun goes out in the turn in which the answer is read.
    const moments = new Set(alone.map((data) => data.atMs));
    const fault = `liveness: ${alone.length} datagrams to the old address alone, and ${source} had answered`;
    this.#report('bothAddresses', who, moments.size > 1 ? fault : null);
  }

  onDeath(who: string): void {
    this.#hubs.delete(who);
  }

  onSweep(nowMs: number): void {
    for (const [who, hub] of this.#hubs) {
      this.#judgeCopies(who, hub, nowMs);
      hub.data = hub.data.filter(({ atMs }) => atMs > nowMs - REMEMBERED_MS);
    }
  }

  #hub(name: string): Hub {
    const known = this.#hubs.get(name);
    if (known !== undefined) return known;
    const hub: Hub = {
      asked: new Map(),
      answeredAtMs: new Map(),
      data: [],
      copies: [],
      switchedAtMs: null,
    };
    this.#hubs.set(name, hub);
    return hub;
  }
}

/** Null: it is no such frame. */
function tokenIn(bytes: Uint8Array, type: 'challenge' | 'response'): string | null {
  if (bytes[0] !== MESSAGE_TYPE.control) return null;
  const frame = decodeFrame(bytes.subarray(TRANSPORT_HEADER_BYTES, bytes.length - TAG_BYTES));
  if (!frame.ok || frame.value.type !== type) return null;
  return bytesToHex(frame.value.token);
}
