/**
 * One UDP socket: bound to one link (device), or to a fixed port on all of them (hub).
 *
 * Carries both address families. Non-blocking; `send` and `receive` never throw and allocate nothing
 * per packet as long as the peer stays the same. Buffers handed to the real one come from
 * `hal/linux/memory.ts`.
 *
 * @module
 */
import type { SocketAddress } from '../session/wire/address.ts';
import type { HalFailure } from './result.ts';

/** Outcomes of a send. All are local facts: errors that arrive by ICMP are not asked for. */
export const SEND = {
  sent: 0,
  /** Socket buffer or device queue full. */
  wouldBlock: 1,
  /**
   * No route or no usable source address for that destination. Not to be relied on for IPv4 on a
   * socket bound to a link: without a route Linux takes every destination for a neighbour there, and
   * the packet dies unanswered. Whether there is a route is what `LinkSnapshot` says.
   */
  unreachable: 2,
  /** The link was removed or is down. */
  deviceGone: 3,
  /** A local firewall rule refused it. */
  permission: 4,
  /** Longer than the path or UDP allows. */
  tooLong: 5,
  /** Any other errno; see `lastErrno`. */
  failed: 6,
} as const;
export type SendResult = (typeof SEND)[keyof typeof SEND];

export interface DatagramOptions {
  /** The link that everything must leave and arrive on, or null for any. */
  readonly link: string | null;
  /** Local address, or null for any. A hub with several addresses opens one socket for each. */
  readonly address: string | null;
  /** 0…65535; 0 lets the system choose. */
  readonly port: number;
  /** Firewall mark, or null. Refused: a notice, not a failure. */
  readonly mark: number | null;
  /** Wanted size of each socket buffer. */
  readonly bufferBytes: number;
}

export interface DatagramSocket {
  /** To wait on; negative in the in-memory twin. */
  readonly fd: number;
  readonly localPort: number;
  /** As the system reports them after setting; Linux reports double what it granted. */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  /** What was asked for and refused, but can be lived without (`markRefused`). */
  readonly notices: readonly HalFailure[];
  /** Sender of the datagram received last. The same object while the sender stays the same. */
  readonly source: SocketAddress;
  /** Errno of the last call that failed, 0 if none did. */
  readonly lastErrno: number;
  /** Datagrams thrown away because they were longer than the target. */
  readonly truncatedCount: number;
  send(datagram: Uint8Array, bytes: number, to: SocketAddress): SendResult;
  /** Bytes of the next datagram, 0 = nothing now. Empty datagrams are skipped. */
  receive(target: Uint8Array): number;
  close(): void;
}
