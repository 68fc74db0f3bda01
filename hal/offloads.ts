/**
 * What the kernel does for the data path on this machine, as status shows it.
 *
 * @module
 */
import type { DatagramSocket } from './datagram.ts';
import type { Tun } from './tun.ts';

export interface Offloads {
  /** Checksums of what crosses the tun may stay open. */
  readonly tun_checksum: boolean;
  /** TCP crosses the tun as super-packets. */
  readonly tun_tcp: boolean;
  /** The same for UDP. */
  readonly tun_udp: boolean;
  /** Runs of datagrams go out by one call, on every socket. */
  readonly udp_send: boolean;
  /** Runs of datagrams come in by one call, on every socket. */
  readonly udp_receive: boolean;
}

/** @param sockets those that are open now; none: nothing is missing. */
export function offloadsOf(tun: Tun, sockets: readonly DatagramSocket[]): Offloads {
  return {
    tun_checksum: tun.offload.checksum,
    tun_tcp: tun.offload.tcp,
    tun_udp: tun.offload.udp,
    udp_send: sockets.every(({ offload }) => offload.segment),
    udp_receive: sockets.every(({ offload }) => offload.coalesce),
  };
}
