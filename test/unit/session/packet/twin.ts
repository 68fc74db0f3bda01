/**
 * The slow, readable twin of `session/packet/`: packets as objects, cut and written out with whole
 * checksums, byte arrays and no arithmetic tricks. It shares no code with what it is held against.
 *
 * @module
 */

export interface Packet {
  readonly version: 4 | 6;
  readonly protocol: 6 | 17;
  readonly source: readonly number[];
  readonly target: readonly number[];
  /** DSCP and ECN. */
  readonly trafficClass: number;
  /** IPv6 only. */
  readonly flowLabel: number;
  readonly ttl: number;
  /** IPv4 only. */
  readonly id: number;
  readonly dontFragment: boolean;
  /** IPv4 options, or whole IPv6 extension headers. */
  readonly between: readonly number[];
  /** Number of the first extension header; the last names the protocol by itself. */
  readonly firstNext: number;
  readonly sourcePort: number;
  readonly targetPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  /** The four bits beside the data offset. */
  readonly reserved: number;
  readonly window: number;
  readonly urgent: number;
  readonly options: readonly number[];
  readonly payload: readonly number[];
}

export const FIN = 1;
export const SYN = 2;
export const PSH = 8;
export const ACK = 16;
export const CWR = 128;

const word = (value: number): number[] => [(value >> 8) & 255, value & 255];
const long = (value: number): number[] => [...word(Math.floor(value / 65536)), ...word(value)];

/** RFC 1071 §1, as it says: pairs of bytes, carries added back one by one. */
export function slowSum(bytes: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += (bytes[i] ?? 0) * 256 + (bytes[i + 1] ?? 0);
    if (sum > 65535) sum -= 65535;
  }
  return sum;
}

function pseudoHeader(packet: Packet, transportBytes: number): number[] {
  return packet.version === 4
    ? [...packet.source, ...packet.target, 0, packet.protocol, ...word(transportBytes)]
    : [...packet.source, ...packet.target, ...long(transportBytes), 0, 0, 0, packet.protocol];
}

/** What the checksum field of an open packet holds. */
export function slowPseudoSum(packet: Packet): number {
  return slowSum(pseudoHeader(packet, transportBytes(packet)));
}

function transportBytes(packet: Packet): number {
  return (packet.protocol === 6 ? 20 + packet.options.length : 8) + packet.payload.length;
}

function encodeTransport(packet: Packet, checksum: number): number[] {
  const ports = [...word(packet.sourcePort), ...word(packet.targetPort)];
  if (packet.protocol === 17) {
    return [...ports, ...word(transportBytes(packet)), ...word(checksum), ...packet.payload];
  }
  const offset = ((20 + packet.options.length) / 4) * 16 + packet.reserved;
  return [
    ...ports,
    ...long(packet.sequence),
    ...long(packet.acknowledgement),
    offset,
    packet.flags,
    ...word(packet.window),
    ...word(checksum),
    ...word(packet.urgent),
    ...packet.options,
    ...packet.payload,
  ];
}

function encodeIp(packet: Packet, transport: readonly number[]): number[] {
  const length = packet.between.length + transport.length;
  if (packet.version === 6) {
    return [
      0x60 + (packet.trafficClass >> 4),
      ((packet.trafficClass & 15) << 4) + (packet.flowLabel >> 16),
      ...word(packet.flowLabel & 0xffff),
      ...word(length),
      packet.between.length > 0 ? packet.firstNext : packet.protocol,
      packet.ttl,
      ...packet.source,
      ...packet.target,
      ...packet.between,
      ...transport,
    ];
  }
  const header = (checksum: number) => [
    0x45 + packet.between.length / 4,
    packet.trafficClass,
    ...word(20 + length),
    ...word(packet.id),
    packet.dontFragment ? 0x40 : 0,
    0,
    packet.ttl,
    packet.protocol,
    ...word(checksum),
    ...packet.source,
    ...packet.target,
    ...packet.between,
  ];
  return [...header(65535 - slowSum(header(0))), ...transport];
}

/** With all checksums computed, as it leaves the tunnel in the end. */
export function encodeWhole(packet: Packet): number[] {
  const covered = [...pseudoHeader(packet, transportBytes(packet)), ...encodeTransport(packet, 0)];
  const checksum = 65535 - slowSum(covered);
  const written = checksum === 0 && packet.protocol === 17 ? 65535 : checksum;
  return encodeIp(packet, encodeTransport(packet, written));
}

/** With the sum over the pseudo-header in the checksum field, as the kernel leaves it open. */
export function encodeOpen(packet: Packet): number[] {
  return encodeIp(packet, encodeTransport(packet, slowPseudoSum(packet)));
}

/** The same under the mark, as it travels between session peers. */
export function encodeMarked(packet: Packet): number[] {
  const [first, ...rest] = encodeOpen(packet);
  return [(first ?? 0) + 128, ...rest];
}

/** Little-endian, as the kernel writes it. */
export function virtioHeader(
  flags: number,
  type: number,
  headerBytes: number,
  segmentBytes: number,
  start: number,
  offset: number,
): number[] {
  const words = [headerBytes, segmentBytes, start, offset];
  return [flags, type, ...words.flatMap((value) => word(value).reverse())];
}

/** One read of the tun: the packet open behind its virtio header, to be cut at `segmentBytes`, or 0. */
export function tunFrame(packet: Packet, segmentBytes: number): number[] {
  const isTcp = packet.protocol === 6;
  const start = (packet.version === 4 ? 20 : 40) + packet.between.length;
  const headerBytes = start + (isTcp ? 20 + packet.options.length : 8);
  const tcpType = (packet.version === 4 ? 1 : 4) + (packet.flags & CWR);
  const type = segmentBytes === 0 ? 0 : isTcp ? tcpType : 5;
  return [
    ...virtioHeader(1, type, headerBytes, segmentBytes, start, isTcp ? 16 : 6),
    ...encodeOpen(packet),
  ];
}

/** What the kernel's segmentation makes of a super-packet. */
export function cut(packet: Packet, segmentBytes: number): Packet[] {
  const packets: Packet[] = [];
  let done = 0;
  do {
    const payload = packet.payload.slice(done, done + segmentBytes);
    const isFirst = done === 0;
    const isLast = done + segmentBytes >= packet.payload.length;
    let flags = packet.flags;
    if (!isLast) flags -= flags & (FIN | PSH);
    if (!isFirst) flags -= flags & CWR;
    packets.push({
      ...packet,
      payload,
      flags,
      id: (packet.id + packets.length) % 65536,
      sequence: packet.protocol === 6 ? (packet.sequence + done) % 2 ** 32 : 0,
    });
    done += segmentBytes;
  } while (done < packet.payload.length);
  return packets;
}
