/**
 * Seeded packets for the tests of this folder.
 *
 * @module
 */
import type { Random } from '../../../sim/random.ts';
import { ACK, CWR, FIN, type Packet, PSH } from './twin.ts';

/** A TCP or UDP packet over IPv4 or IPv6, without anything between the IP and the transport header. */
export function randomPacket(random: Random, payloadBytes: number): Packet {
  const version = random.chance(50) ? 4 : 6;
  const protocol = random.chance(70) ? 6 : 17;
  const isTcp = protocol === 6;
  const isVersion4 = version === 4;
  const addressBytes = isVersion4 ? 4 : 16;
  return {
    version,
    protocol,
    source: [...random.bytes(addressBytes)],
    target: [...random.bytes(addressBytes)],
    trafficClass: random.below(256),
    flowLabel: isVersion4 ? 0 : random.below(2 ** 20),
    ttl: random.below(256),
    id: isVersion4 ? (random.chance(30) ? 65535 - random.below(5) : random.below(65536)) : 0,
    dontFragment: isVersion4 && random.chance(50),
    between: [],
    firstNext: protocol,
    sourcePort: random.below(65536),
    targetPort: random.below(65536),
    sequence: isTcp ? (random.chance(30) ? 2 ** 32 - 1 - random.below(5000) : random.next()) : 0,
    acknowledgement: isTcp ? random.next() : 0,
    flags: isTcp ? ACK + randomFlags(random) : 0,
    reserved: 0,
    window: isTcp ? random.below(65536) : 0,
    urgent: 0,
    options: isTcp ? [...random.bytes(4 * random.below(11))] : [],
    payload: [...random.bytes(payloadBytes)],
  };
}

function randomFlags(random: Random): number {
  const chosen = [FIN, PSH, 64, CWR].filter(() => random.chance(30));
  return chosen.reduce((sum, flag) => sum + flag, 0);
}

/** A plain packet that starts a flow whose packets join. */
export function steadyPacket(version: 4 | 6, protocol: 6 | 17, payloadBytes: number): Packet {
  const isTcp = protocol === 6;
  return {
    version,
    protocol,
    source: version === 4 ? [10, 0, 0, 1] : [0xfd, ...Array<number>(14).fill(0), 1],
    target: version === 4 ? [10, 0, 0, 2] : [0xfd, ...Array<number>(14).fill(0), 2],
    trafficClass: 2,
    flowLabel: version === 4 ? 0 : 0x12345,
    ttl: 64,
    id: version === 4 ? 700 : 0,
    dontFragment: false,
    between: [],
    firstNext: protocol,
    sourcePort: 40_000,
    targetPort: 443,
    sequence: isTcp ? 1_000_000 : 0,
    acknowledgement: isTcp ? 77 : 0,
    flags: isTcp ? ACK : 0,
    reserved: 0,
    window: isTcp ? 512 : 0,
    urgent: 0,
    options: isTcp ? [1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 8] : [],
    payload: Array.from({ length: payloadBytes }, (_, i) => (i * 7 + 1) & 255),
  };
}
