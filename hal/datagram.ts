/**
 * One UDP socket: bound to one link (device), or to a fixed port on all of them (hub).
 *
 * Carries both address families. Non-blocking; `send` and `receive` never throw and allocate nothing
 * per packet as long as the peer stays the same. Memory handed to the real one comes from
 * `hal/linux/memory.ts`.
 *
 * Datagrams travel in runs: laid end to end, all of one length, the last may be shorter. Where the
 * kernel has UDP_SEGMENT and UDP_GRO a run is one system call; elsewhere it is one for each datagram.
 * How long a run may get is kept by `session/sealed/outbound.ts`.
 *
 * Outer packets may be fragmented on the way (DF is clear): the inner MTU is chosen so that they are
 * not, and where a hop is narrower than any link says, slow is better than lost.
 *
 * @module
 */
import type { Memory } from '../session/memory.ts';
import type { SocketAddress } from '../session/wire/address.ts';
import type { HalFailure } from './result.ts';

/** Outcomes of a send. All but `refused` are local facts. */
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
  /** What only somebody beyond this machine can have said (ECONNREFUSED). Anybody could say it: reason to ask, no verdict. */
  refused: 7,
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
  /** `off`: one datagram for each system call, as if the kernel had nothing better. */
  readonly offload: 'auto' | 'off';
}

/** What the kernel does for us. Detected at start; what is false is done one by one instead. */
export interface DatagramOffload {
  /** A run is sent by one call (UDP_SEGMENT, Linux 4.18). */
  readonly segment: boolean;
  /** A run is received by one call (UDP_GRO, Linux 5.0). */
  readonly coalesce: boolean;
}

/** Room that a `receive` needs behind `at`. */
export const RECEIVE_BYTES = 65_536;

export interface DatagramSocket {
  /** To wait on; negative in the in-memory twin. */
  readonly fd: number;
  readonly localPort: number;
  /** As the system reports them after setting; Linux reports double what it granted. */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly offload: DatagramOffload;
  /** What was asked for and refused, but can be lived without (`markRefused`). */
  readonly notices: readonly HalFailure[];
  /** Sender of the run received last. The same object while the sender stays the same. */
  readonly source: SocketAddress;
  /** Length of each datagram of the run received last; the last of them may be shorter. */
  readonly segmentBytes: number;
  /** ECN bits of the outer header of the run received last, 0…3 (RFC 3168 §5). */
  readonly ecn: number;
  /** Errno of the last call that failed, 0 if none did. */
  readonly lastErrno: number;
  /** Datagrams thrown away because they were empty, or longer than the target. */
  readonly skippedCount: number;
  /** ICMP errors about what was sent here, as far as they are asked for. Anybody can send them: reason to ask, no verdict. */
  readonly icmpCount: number;
  /** Datagrams of the last run that were not sent. */
  readonly unsentCount: number;
  /** Datagrams that found the receive buffer full, as far as the kernel tells. */
  readonly overflowCount: number;
  /**
   * Send the `bytes` at `at` of `memory` as datagrams of `segmentBytes` (`bytes` or more: as one), with
   * these ECN bits in the outer header. A run is refused as a whole, unless it goes out one by one:
   * then the answer is that of the first that was refused. `unsentCount` says how many did not go.
   */
  send(
    memory: Memory,
    at: number,
    bytes: number,
    segmentBytes: number,
    ecn: number,
    to: SocketAddress,
  ): SendResult;
  /** Bytes of the next run, now at `at` of `memory`; 0 = nothing now. Empty datagrams are skipped and counted. */
  receive(memory: Memory, at: number): number;
  close(): void;
}
