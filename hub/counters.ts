/**
 * What the tunnel thread did not take, by code, and how much it carried. Counted, never logged.
 *
 * The codes of foreign datagrams are reason codes (session/reasons.ts); the others say what happened
 * inside.
 *
 * @module
 */
import type { OpenError } from '../session/channel/openCode.ts';
import type { DeliveryRefusal } from '../session/packet/delivery.ts';
import type { SealRefusal } from '../session/sealer.ts';
import type { Traffic } from './messages.ts';

export const COUNTER_CODES = [
  'malformed_datagram', // no form of ours, or cut short
  'wrong_key_datagram', // sealed or maced with a key that is not valid here
  'replayed_datagram', // an authentic one, or a counter, for the second time
  'resend_duplicate', // one that its device sent again, although it had arrived
  'unknown_frame', // authentic, but no control frame that this version reads
  'rate_limited', // turned away before it was judged
  'cookie_sent', // under load: prove your address first
  'clock_hint_sent', // an authentic initiation that was not newer
  'unknown_channel_sent', // a control message in keys of the process before
  'not_enrolled', // an authentic initiation with an unknown key
  'revoked', // an authentic initiation with a revoked key
  'channel_refused', // an initiation of a claimant that lost an identity conflict
  'mode_mismatch', // a session message from a plain peer, or the reverse
  'queue_overflow', // a bounded queue or table was full and dropped something
  'data_not_accepted', // data on a transport that is not the binding
  'source_forbidden', // an inner source address that is not the device's (I9)
  'malformed_packet', // what was inside is no IP packet
  'no_destination', // a packet from the site to an address of no device
  'no_route', // held too long or dropped: its device has no binding
  'channel_expired', // nothing may be sealed under these keys any more
  'send_failed', // the kernel did not take a datagram
  'tun_refused', // the kernel did not take a packet
  'slot_taken', // sealed datagrams that might have been sent again made room for others
  'packet_too_big', // longer than the way to its device takes; its sender was told
  'congestion_dropped', // met congestion, and its sender does not listen (RFC 6040)
  'swap_timeout', // the store did not answer in time
  'invariant_violated', // a seat broke; its session was ended
] as const;
export type CounterCode = (typeof COUNTER_CODES)[number];

const CODE_OF_ERROR: Readonly<Record<OpenError, CounterCode>> = {
  tooShort: 'malformed_datagram',
  typeWrong: 'malformed_datagram',
  versionUnknown: 'malformed_datagram',
  transportIdWrong: 'malformed_datagram',
  counterTooLarge: 'malformed_datagram',
  wrongReceiver: 'wrong_key_datagram',
  authenticationFailed: 'wrong_key_datagram',
  duplicate: 'replayed_datagram',
  tooOld: 'replayed_datagram',
  dataNotEnabled: 'data_not_accepted',
  tooManyTransports: 'queue_overflow',
  counterExhausted: 'channel_expired',
};

/** Why a packet of the site was not sealed, or one of a device not delivered. */
export const COUNTER_OF_REFUSAL: Readonly<Record<SealRefusal | DeliveryRefusal, CounterCode>> = {
  congestionDropped: 'congestion_dropped',
  malformed_packet: 'malformed_packet',
  packetTooBig: 'packet_too_big',
  counterExhausted: 'channel_expired',
};

export class Counters {
  readonly #counts = Object.fromEntries(COUNTER_CODES.map((code) => [code, 0])) as Record<
    CounterCode,
    number
  >;

  count(code: CounterCode, by = 1): void {
    this.#counts[code] += by;
  }

  countError(error: OpenError | null): void {
    this.count(error === null ? 'malformed_datagram' : CODE_OF_ERROR[error]);
  }

  snapshot(): Readonly<Record<CounterCode, number>> {
    return { ...this.#counts };
  }
}

/** Inner packets of one peer, or of all. */
export class TrafficCount {
  sent = 0;
  sentBytes = 0;
  received = 0;
  receivedBytes = 0;

  noteSent(packets: number, bytes: number): void {
    this.sent += packets;
    this.sentBytes += bytes;
  }

  noteReceived(packets: number, bytes: number): void {
    this.received += packets;
    this.receivedBytes += bytes;
  }

  snapshot(): Traffic {
    return {
      sent: this.sent,
      sent_bytes: this.sentBytes,
      received: this.received,
      received_bytes: this.receivedBytes,
    };
  }
}
