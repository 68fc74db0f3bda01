/**
 * IPv4 packets with any source address, as an attacker writes them, and as a tap shows them.
 *
 * The kernel fills in the header checksum and the total length (raw(7), IP_HDRINCL). The UDP checksum is left out, which
 * IPv4 allows (RFC 768).
 *
 * @module
 */
export const IP_BYTES = 20;
export const UDP_BYTES = 8;
const PROTOCOL_UDP = 17;
const PROTOCOL_ICMP = 1;

export interface UdpEnd {
  /** Dotted IPv4. */
  readonly address: string;
  readonly port: number;
}

export interface TappedDatagram {
  readonly source: UdpEnd;
  readonly target: UdpEnd;
  readonly payload: Uint8Array;
  /** CLOCK_MONOTONIC when it was read from the tap. */
  readonly atMs: number;
}

export function ipv4Number(address: string): number {
  return address.split('.').reduce((number, part) => number * 256 + Number(part), 0);
}

export function ipv4Text(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

export const endText = ({ address, port }: UdpEnd) => `${address}:${port}`;

/** IPv4 and UDP header into the first 28 bytes of `view`. */
export function writeUdpHeaders(
  view: DataView,
  source: number,
  sourcePort: number,
  target: number,
  targetPort: number,
  payloadBytes: number,
): void {
  writeIpHeader(view, PROTOCOL_UDP, source, target, UDP_BYTES + payloadBytes);
  view.setUint16(20, sourcePort);
  view.setUint16(22, targetPort);
  view.setUint16(24, UDP_BYTES + payloadBytes);
  view.setUint16(26, 0);
}

/** An ICMP error about a packet that `about` begins with (its IP header and 8 bytes more). */
export function icmpError(
  from: string,
  to: string,
  error: { readonly type: number; readonly code: number; readonly mtuBytes?: number },
  about: Uint8Array,
): Uint8Array {
  const quoted = about.subarray(0, IP_BYTES + 8);
  const packet = new Uint8Array(IP_BYTES + 8 + quoted.length);
  const view = new DataView(packet.buffer);
  writeIpHeader(view, PROTOCOL_ICMP, ipv4Number(from), ipv4Number(to), 8 + quoted.length);
  packet[20] = error.type;
  packet[21] = error.code;
  view.setUint16(26, error.mtuBytes ?? 0);
  packet.set(quoted, IP_BYTES + 8);
  view.setUint16(22, checksum(packet.subarray(IP_BYTES)));
  return packet;
}

/** The headers of a UDP packet, for ICMP to quote. */
export function udpHeaders(source: UdpEnd, target: UdpEnd, payloadBytes: number): Uint8Array {
  const headers = new Uint8Array(IP_BYTES + UDP_BYTES);
  const view = new DataView(headers.buffer);
  const [from, to] = [ipv4Number(source.address), ipv4Number(target.address)];
  writeUdpHeaders(view, from, source.port, to, target.port, payloadBytes);
  view.setUint16(2, IP_BYTES + UDP_BYTES + payloadBytes);
  return headers;
}

/** The UDP datagram in an IPv4 packet, or null for anything else, fragments included. */
export function readUdp(packet: Uint8Array, atMs: number): TappedDatagram | null {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  if (packet.length < IP_BYTES + UDP_BYTES || packet[0] !== 0x45) return null;
  if (packet[9] !== PROTOCOL_UDP || (view.getUint16(6) & 0x3fff) !== 0) return null;
  return {
    source: { address: ipv4Text(view.getUint32(12)), port: view.getUint16(20) },
    target: { address: ipv4Text(view.getUint32(16)), port: view.getUint16(22) },
    payload: packet.slice(IP_BYTES + UDP_BYTES, IP_BYTES + view.getUint16(24)),
    atMs,
  };
}

/** Whether an IPv4 packet is a fragment of a longer one. */
export const isFragment = (packet: Uint8Array) =>
  packet[0] === 0x45 && (((packet[6]! << 8) | packet[7]!) & 0x3fff) !== 0;

function writeIpHeader(
  view: DataView,
  protocol: number,
  source: number,
  target: number,
  bodyBytes: number,
): void {
  view.setUint8(0, 0x45);
  view.setUint8(1, 0);
  view.setUint16(2, IP_BYTES + bodyBytes);
  view.setUint32(4, 0);
  view.setUint8(8, 64);
  view.setUint8(9, protocol);
  view.setUint16(10, 0);
  view.setUint32(12, source);
  view.setUint32(16, target);
}

/** RFC 1071. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
