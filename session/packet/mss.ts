/**
 * Lowers the segment size that two TCP ends agree on to what fits the tunnel, so that they need not
 * find out by losing packets.
 *
 * Touches SYN packets only, directly behind the IP header. Never raises a value and adds no option.
 *
 * Source: RFC 9293 §3.2 (options) and §3.7.1 (what the value counts), RFC 1624.
 *
 * @module
 */
import { updated } from './checksum.ts';
import {
  CHECKSUM_OFFSET,
  headerBytesOf,
  PROTOCOL,
  packetBytesOf,
  protocolOf,
  read16,
  TCP_BYTES_MIN,
  TCP_FLAG,
  tcpHeaderBytesOf,
  transportOf,
  versionOf,
  write16,
} from './headers.ts';
import { OPEN_CHECKSUM } from './virtio.ts';

/** What every TCP over IPv4 must manage without the option (RFC 9293 §3.7.1). No clamp goes below. */
export const MSS_BYTES_MIN = 536;

const OPTION = { end: 0, nothing: 1, mss: 2 } as const;
const MSS_OPTION_BYTES = 4;

/**
 * Lower the MSS option of a SYN to `mtuBytes` without the IP and TCP headers.
 *
 * A whole checksum stays right; an open one does not cover the option.
 *
 * @param bytes any bytes: what is no whole SYN is left alone.
 */
export function clampMss(
  bytes: Uint8Array,
  at: number,
  packetBytes: number,
  mtuBytes: number,
): void {
  if (packetBytes < 40 || protocolOf(bytes, at) !== PROTOCOL.tcp) return;
  const start = headerBytesOf(bytes, at);
  if (start + TCP_BYTES_MIN > packetBytes) return;
  if ((bytes[at + start + 13]! & TCP_FLAG.syn) === 0) return;
  const trueBytes = packetBytesOf(bytes, at, packetBytes);
  if (trueBytes === 0 || transportOf(bytes, at, trueBytes) !== PROTOCOL.tcp) return;

  const ipAndTcpBytes = versionOf(bytes, at) === 4 ? 40 : 60;
  const mssBytes = Math.max(MSS_BYTES_MIN, mtuBytes - ipAndTcpBytes);
  const end = at + start + tcpHeaderBytesOf(bytes, at + start);
  let option = at + start + TCP_BYTES_MIN;
  while (option + 1 < end && bytes[option]! !== OPTION.end) {
    if (bytes[option]! === OPTION.nothing) {
      option++;
      continue;
    }
    const optionBytes = bytes[option + 1]!;
    if (optionBytes < 2 || option + optionBytes > end) return;
    if (bytes[option]! === OPTION.mss && optionBytes === MSS_OPTION_BYTES) {
      lower(bytes, at, at + start, option + 2, mssBytes);
    }
    option += optionBytes;
  }
}

function lower(
  bytes: Uint8Array,
  at: number,
  transportAt: number,
  valueAt: number,
  mssBytes: number,
): void {
  const before = read16(bytes, valueAt);
  if (before <= mssBytes) return;
  write16(bytes, valueAt, mssBytes);
  if ((bytes[at]! & OPEN_CHECKSUM) !== 0) return;
  const field = transportAt + CHECKSUM_OFFSET.tcp;
  const isOdd = ((valueAt - transportAt) & 1) === 1;
  // Behind a single NOP the value lies across two words and counts swapped (RFC 1071 §2 (B)).
  const old = isOdd ? swapped(before) : before;
  const next = isOdd ? swapped(mssBytes) : mssBytes;
  write16(bytes, field, updated(read16(bytes, field), old, next));
}

function swapped(value: number): number {
  return ((value & 0xff) << 8) | (value >>> 8);
}
