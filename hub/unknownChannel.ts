/**
 * Who is told that a restarted hub has lost its keys: a device that speaks in a channel of the process before.
 *
 * An idle, metered device asks in minutes, and its keepalives say nothing to whoever lost the keys. So a control message
 * with an index that this process does not know is answered with the header that it had, while a device is awaited: its
 * session was in the store when this process began, and nothing was heard under keys of this process since. One that had
 * ended counts, too: the device may not know. Else a hub has no word for strangers.
 *
 * Source: docs/protocol.md, "Unknown channel".
 *
 * @module
 */
import type { SessionRecord } from '../session/hub/record.ts';
import { encodeUnknownChannel, unknownChannelOf } from '../session/wire/unknownChannel.ts';
import { HANDSHAKES_PER_SECOND_MAX } from './door.ts';
import type { Endpoint } from './endpoints.ts';
import { HintPace } from './hintPace.ts';
import type { Site } from './site.ts';

/** The longest pause between two keepalives that a policy allows: who says nothing for so long is not there. */
const AWAITED_MAX_MS = 600_000;
/** No more are told in a second: a second's worth at once, and another one meanwhile (`door.ts`). */
const ADDRESSES_MAX = 2 * HANDSHAKES_PER_SECOND_MAX;

export class Awaited {
  /** Public keys; no more than there are records. */
  readonly #devices: Set<string>;
  readonly #untilMs: number;
  /** By address: a device in doubt asks fifty times a second, and may be on a metered link. */
  readonly pace = new HintPace((source) => source, ADDRESSES_MAX);

  /** @param records as they were when the process began, at `atMs` (hub time). */
  constructor(records: readonly SessionRecord[], hubId: string, atMs: number) {
    // Who was shut down said so itself.
    const isOurs = ({ owner, terminated }: SessionRecord) =>
      owner === hubId && terminated !== 'shutdown';
    this.#devices = new Set(records.filter(isOurs).map(({ device }) => device));
    this.#untilMs = atMs + AWAITED_MAX_MS;
  }

  /** It has keys of this process, and uses them. */
  noteHeard(device: string): void {
    this.#devices.delete(device);
  }

  isAny(atMs: number): boolean {
    return this.#devices.size > 0 && atMs < this.#untilMs;
  }
}

/** A type 17 message that names no channel of ours came from `endpoint`. */
export function tellUnknown(
  site: Site,
  datagram: Uint8Array,
  endpoint: Endpoint,
  atMs: number,
): void {
  const { awaited, setup, isLeaseValid, door, counters, endpoints } = site;
  if (!awaited.isAny(atMs)) return;
  if (setup.lease !== null && !isLeaseValid) return;
  const drew = unknownChannelOf(datagram);
  if (!drew.ok || !awaited.pace.take(endpoint.text, atMs)) return;
  if (!door.admitsUnknown(endpoint.text, atMs)) return;
  counters.count('unknown_channel_sent');
  endpoints.sendMessage(endpoint, encodeUnknownChannel(drew.value));
}
