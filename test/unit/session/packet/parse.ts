/**
 * The twin's reading of a packet, and of what is written to the tun.
 *
 * @module
 */
import { expect } from 'bun:test';
import { cut, encodeOpen, type Packet } from './twin.ts';

const word = (bytes: readonly number[], at: number) =>
  (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
const long = (bytes: readonly number[], at: number) =>
  word(bytes, at) * 65536 + word(bytes, at + 2);

/** A TCP or UDP packet of which everything but the transport checksum is right. */
export function parse(bytes: readonly number[]): Packet {
  const version = (bytes[0] ?? 0) >> 4 === 4 ? 4 : 6;
  const isVersion4 = version === 4;
  const start = isVersion4 ? ((bytes[0] ?? 0) & 15) * 4 : 40;
  const protocol = (isVersion4 ? bytes[9] : bytes[6]) === 6 ? 6 : 17;
  const transport = bytes.slice(start);
  const isTcp = protocol === 6;
  const transportBytes = isTcp ? ((transport[12] ?? 0) >> 4) * 4 : 8;
  return {
    version,
    protocol,
    source: isVersion4 ? bytes.slice(12, 16) : bytes.slice(8, 24),
    target: isVersion4 ? bytes.slice(16, 20) : bytes.slice(24, 40),
    trafficClass: isVersion4 ? (bytes[1] ?? 0) : (word(bytes, 0) >> 4) & 255,
    flowLabel: isVersion4 ? 0 : long(bytes, 0) % 2 ** 20,
    ttl: (isVersion4 ? bytes[8] : bytes[7]) ?? 0,
    id: isVersion4 ? word(bytes, 4) : 0,
    dontFragment: isVersion4 && ((bytes[6] ?? 0) & 0x40) !== 0,
    between: isVersion4 ? bytes.slice(20, start) : [],
    firstNext: protocol,
    sourcePort: word(transport, 0),
    targetPort: word(transport, 2),
    sequence: isTcp ? long(transport, 4) : 0,
    acknowledgement: isTcp ? long(transport, 8) : 0,
    flags: isTcp ? (transport[13] ?? 0) : 0,
    reserved: isTcp ? (transport[12] ?? 0) & 15 : 0,
    window: isTcp ? word(transport, 14) : 0,
    urgent: isTcp ? word(transport, 18) : 0,
    options: isTcp ? transport.slice(20, transportBytes) : [],
    payload: transport.slice(transportBytes),
  };
}

/** What arrives behind the tun of one write to it, its headers checked byte by byte. */
export function parseDelivered(frame: readonly number[]): { packets: Packet[]; isOpen: boolean } {
  const [flags, type] = frame;
  const hostWord = (at: number) => (frame[at] ?? 0) + (frame[at + 1] ?? 0) * 256;
  const bytes = frame.slice(10);
  const packet = parse(bytes);
  if (flags === 0) {
    expect(frame.slice(0, 10)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    return { packets: [packet], isOpen: false };
  }
  // Lengths, header checksum and open checksum are all in this comparison.
  expect(bytes).toEqual(encodeOpen(packet));
  const start = packet.version === 4 ? 20 + packet.between.length : 40;
  const isTcp = packet.protocol === 6;
  expect([flags, hostWord(6), hostWord(8)]).toEqual([1, start, isTcp ? 16 : 6]);
  if (type === 0) {
    expect([hostWord(2), hostWord(4)]).toEqual([0, 0]);
    return { packets: [packet], isOpen: true };
  }
  expect(type).toBe(isTcp ? (packet.version === 4 ? 1 : 4) : 5);
  expect(hostWord(2)).toBe(start + (isTcp ? 20 + packet.options.length : 8));
  const packets = cut(packet, hostWord(4));
  expect(packets.length).toBeGreaterThan(1);
  return { packets, isOpen: true };
}
