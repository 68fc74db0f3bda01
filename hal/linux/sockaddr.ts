/**
 * `SocketAddress` ⇄ the kernel's sockaddr_in and sockaddr_in6.
 *
 * ```text
 *           0        2        4                 8                                24        28
 * in6       +--------+--------+-----------------+--- … ---------------------------+---------+
 *           | family |  port  |    flowinfo     |           16 address bytes      | scopeId |
 *           +--------+--------+-----------------+--- … ---------------------------+---------+
 * in        | family |  port  | 4 address bytes |        zero       |
 *           +--------+--------+-----------------+-------------------+ 16
 * ```
 *
 * family and scopeId in host order, the rest in network order. On a dual-stack socket IPv4 travels
 * mapped, `::ffff:192.0.2.1`.
 *
 * @module
 */
import { newAddress, type SocketAddress } from '../../session/wire/address.ts';
import { ipFromBytes } from '../../session/wire/ip.ts';

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCKADDR_IN_BYTES = 16;
export const SOCKADDR_IN6_BYTES = 28;

/** Write `address` for a socket of `socketFamily`; its length, or 0 if such a socket cannot reach it. */
export function writeSockaddr(
  target: Uint8Array,
  address: SocketAddress,
  socketFamily: number,
): number {
  const view = new DataView(target.buffer, target.byteOffset);
  if (socketFamily === AF_INET && address.family === 6) return 0;
  target.fill(0, 0, SOCKADDR_IN6_BYTES);
  view.setUint16(0, socketFamily, true);
  view.setUint16(2, address.port);
  if (socketFamily === AF_INET) {
    target.set(address.bytes, 4);
    return SOCKADDR_IN_BYTES;
  }
  if (address.family === 4) target.fill(0xff, 18, 20);
  target.set(address.bytes, address.family === 4 ? 20 : 8);
  view.setUint32(24, address.scopeId, true);
  return SOCKADDR_IN6_BYTES;
}

/** Read what the kernel wrote for a socket of `socketFamily`. */
export function readSockaddr(source: Uint8Array, socketFamily: number): SocketAddress {
  const view = new DataView(source.buffer, source.byteOffset);
  const port = view.getUint16(2);
  if (socketFamily === AF_INET) return newAddress(ipFromBytes(source.slice(4, 8)), port);
  return newAddress(ipFromBytes(source.slice(8, 24)), port, view.getUint32(24, true));
}
