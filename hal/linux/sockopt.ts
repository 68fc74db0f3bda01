/**
 * Integer and string socket options. Each call returns 0 or the errno.
 *
 * @module
 */
import { errno, libc } from './libc.ts';
import { addressOf, nativeBytes, nativeText } from './memory.ts';

/** asm-generic/socket.h, linux/in.h, linux/in6.h, linux/udp.h: the same on x86-64 and AArch64. */
export const SOL_SOCKET = 1;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_RCVTIMEO = 20;
export const SO_BINDTODEVICE = 25;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_MARK = 36;
export const SO_RXQ_OVFL = 40;
export const IPPROTO_IP = 0;
export const IP_TOS = 1;
export const IP_MTU_DISCOVER = 10;
export const IP_RECVERR = 11;
export const IP_RECVTOS = 13;
export const IPPROTO_IPV6 = 41;
export const IPV6_MTU_DISCOVER = 23;
export const IPV6_RECVERR = 25;
export const IPV6_V6ONLY = 26;
export const IPV6_RECVTCLASS = 66;
export const IPV6_TCLASS = 67;
/**
 * IPV6_PMTUDISC_DONT: what is too long is fragmented. "Packet too big" is believed, because no router
 * of IPv6 fragments for us; a forged one cuts datagrams to 1280 bytes, no further (RFC 8200 §5).
 */
export const PMTUDISC_DONT = 0;
/**
 * IP_PMTUDISC_OMIT: DF stays clear, so routers fragment what is too long, and "fragmentation needed",
 * which nobody sends us then, is not believed: a forged one would cut datagrams down to 552 bytes.
 */
export const PMTUDISC_OMIT = 5;
export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;

const value = nativeBytes(16);
const valueView = new DataView(value.buffer);
const lengthWord = nativeBytes(4);
const lengthView = new DataView(lengthWord.buffer);

export function setNumber(fd: number, level: number, option: number, number: number): number {
  valueView.setInt32(0, number | 0, true);
  return libc.setsockopt(fd, level, option, addressOf(value), 4) === 0 ? 0 : errno();
}

export function setText(fd: number, level: number, option: number, text: string): number {
  const memory = nativeText(text);
  return libc.setsockopt(fd, level, option, addressOf(memory), memory.length) === 0 ? 0 : errno();
}

/** SO_RCVTIMEO as struct timeval. */
export function setReceiveTimeout(fd: number, timeoutMs: number): number {
  valueView.setBigInt64(0, BigInt(Math.floor(timeoutMs / 1_000)), true);
  valueView.setBigInt64(8, BigInt((timeoutMs % 1_000) * 1_000), true);
  return libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, addressOf(value), 16) === 0 ? 0 : errno();
}

/** The option's value, or -1. */
export function readNumber(fd: number, level: number, option: number): number {
  lengthView.setUint32(0, 4, true);
  const outcome = libc.getsockopt(fd, level, option, addressOf(value), addressOf(lengthWord));
  return outcome === 0 ? valueView.getInt32(0, true) : -1;
}

/**
 * Ask for a buffer of `bytes`, past the system's limit where CAP_NET_ADMIN allows.
 * What was obtained: Linux counts its own bookkeeping in, so the double of what holds data.
 */
export function setBuffer(fd: number, direction: 'receive' | 'send', bytes: number): number {
  const [forced, plain] =
    direction === 'receive' ? [SO_RCVBUFFORCE, SO_RCVBUF] : [SO_SNDBUFFORCE, SO_SNDBUF];
  if (setNumber(fd, SOL_SOCKET, forced, bytes) !== 0) setNumber(fd, SOL_SOCKET, plain, bytes);
  return readNumber(fd, SOL_SOCKET, plain);
}
