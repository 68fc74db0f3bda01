import { expect, test } from 'bun:test';
import { RUN_COUNT, RUN_SEGMENTS_MAX } from '../../../../session/packet/coalesce.ts';
import { EVERYTHING, Joiner } from './joining.ts';
import { parseDelivered } from './parse.ts';
import { steadyPacket } from './traffic.ts';
import {
  ACK,
  CWR,
  cut,
  encodeMarked,
  encodeOpen,
  encodeWhole,
  FIN,
  type Packet,
  PSH,
  SYN,
  virtioHeader,
} from './twin.ts';

/** How many packets each delivery holds. */
function sizes(packets: readonly (readonly number[])[], offers = EVERYTHING): number[] {
  const joiner = new Joiner(offers);
  for (const packet of packets) expect(joiner.add(packet)).toBe(true);
  return joiner.flush().map((frame) => parseDelivered(frame).packets.length);
}

/** Two packets in a row of one flow, 100 bytes each. */
function pair(version: 4 | 6, protocol: 6 | 17): [Packet, Packet] {
  const [first, second] = cut(steadyPacket(version, protocol, 200), 100);
  return [first!, second!];
}

test('two packets in a row join', () => {
  for (const version of [4, 6] as const) {
    for (const protocol of [6, 17] as const) {
      const [first, second] = pair(version, protocol);
      expect(sizes([encodeMarked(first), encodeMarked(second)])).toEqual([2]);
    }
  }
});

/**
 * Goal: every rule of joining is there.
 * Method: two packets that would join, the second with one thing changed.
 */
// biome-ignore format: this is a table
const SEPARATED: readonly [string, 4 | 6, 6 | 17, (packet: Packet) => Partial<Packet>][] = [
  ['source address',           4, 6,  () => ({ source: [10, 0, 0, 9] })],
  ['source address',           6, 6,  (packet) => ({ source: [0xfc, ...packet.source.slice(1)] })],
  ['target address',           4, 6,  () => ({ target: [11, 0, 0, 2] })],
  ['target address',           6, 6,  (packet) => ({ target: [...packet.target.slice(0, 15), 9] })],
  ['source port',              4, 6,  () => ({ sourcePort: 40_001 })],
  ['source port',              4, 17, () => ({ sourcePort: 40_001 })],
  ['target port',              6, 6,  () => ({ targetPort: 444 })],
  ['TOS',                      4, 6,  () => ({ trafficClass: 3 })],
  ['TOS',                      4, 17, () => ({ trafficClass: 0x42 })],
  ['traffic class',            6, 6,  () => ({ trafficClass: 3 })],
  ['flow label',               6, 17, () => ({ flowLabel: 0x12346 })],
  ['TTL',                      4, 6,  () => ({ ttl: 63 })],
  ['hop limit',                6, 6,  () => ({ ttl: 63 })],
  ['DF',                       4, 6,  () => ({ dontFragment: true })],
  ['id, without DF',           4, 6,  () => ({ id: 702 })],
  ['id, without DF',           4, 17, () => ({ id: 700 })],
  ['IPv4 options',             4, 6,  () => ({ between: [1, 1, 1, 1] })],
  ['sequence, a gap',          4, 6,  () => ({ sequence: 1_000_101 })],
  ['sequence, an overlap',     6, 6,  () => ({ sequence: 1_000_099 })],
  ['acknowledgement',          4, 6,  () => ({ acknowledgement: 78 })],
  ['window, low byte',         4, 6,  () => ({ window: 513 })],
  ['window, high byte',        4, 6,  () => ({ window: 256 })],
  ['reserved bits',            4, 6,  () => ({ reserved: 1 })],
  ['urgent pointer',           4, 6,  () => ({ urgent: 1 })],
  ['urgent pointer',           4, 6,  () => ({ urgent: 256 })],
  ['ECE',                      4, 6,  () => ({ flags: ACK + 64 })],
  ['no ACK',                   4, 6,  () => ({ flags: 0 })],
  ['CWR',                      4, 6,  () => ({ flags: ACK + CWR })],
  ['SYN',                      4, 6,  () => ({ flags: ACK + SYN })],
  ['RST',                      4, 6,  () => ({ flags: ACK + 4 })],
  ['URG',                      4, 6,  () => ({ flags: ACK + 32 })],
  ['an option',                4, 6,  () => ({ options: [1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 7] })],
  ['options in length',        4, 6,  () => ({ options: [] })],
  ['a longer segment',         4, 6,  () => ({ payload: Array<number>(101).fill(1) })],
  ['a longer datagram',        4, 17, () => ({ payload: Array<number>(101).fill(1) })],
  ['an empty segment',         4, 6,  () => ({ payload: [] })],
  ['an empty datagram',        4, 17, () => ({ payload: [] })],
];

for (const [what, version, protocol, change] of SEPARATED) {
  const name = `IPv${version} ${protocol === 6 ? 'TCP' : 'UDP'}`;
  test(`another ${what} keeps packets apart, ${name}`, () => {
    const [first, second] = pair(version, protocol);
    const other = { ...second, ...change(second) };
    expect(sizes([encodeMarked(first), encodeMarked(other)])).toEqual([1, 1]);
  });
}

test('URG, SYN, RST and CWR do not join even where all packets have them', () => {
  for (const flag of [CWR, SYN, 4, 32]) {
    const both = pair(4, 6).map((packet) => encodeMarked({ ...packet, flags: ACK + flag }));
    expect(sizes(both)).toEqual([1, 1]);
  }
  const both = pair(4, 6).map((packet) => encodeMarked({ ...packet, flags: ACK + 64 }));
  expect(sizes(both)).toEqual([2]);
});

test('with DF ids are not looked at; without it they wrap', () => {
  const [first, second] = pair(4, 6);
  const apart = [first, { ...second, id: 9 }].map((packet) => ({ ...packet, dontFragment: true }));
  expect(sizes(apart.map(encodeMarked))).toEqual([2]);
  const wrapped = [
    { ...first, id: 65_535 },
    { ...second, id: 0 },
  ];
  expect(sizes(wrapped.map(encodeMarked))).toEqual([2]);
});

test('the sequence number wraps within a run', () => {
  const packets = cut({ ...steadyPacket(6, 6, 500), sequence: 2 ** 32 - 250 }, 100);
  expect(sizes(packets.map(encodeMarked))).toEqual([5]);
});

test('packets with IPv4 options are delivered at once, each alone', () => {
  for (const protocol of [6, 17] as const) {
    const both = pair(4, protocol).map((packet) => ({ ...packet, between: [1, 1, 1, 1] }));
    const joiner = new Joiner();
    for (const packet of both) joiner.add(encodeMarked(packet));
    const received = joiner.frames.map((frame) => parseDelivered(frame).packets);
    expect(received).toEqual(both.map((packet) => [packet]));
  }
});

test('TCP and UDP between the same ports are two flows', () => {
  const [tcp, tcpNext] = pair(4, 6);
  const [udp, udpNext] = pair(4, 17).map((packet) => ({ ...packet, ttl: tcp.ttl }));
  const joiner = new Joiner();
  for (const packet of [tcp, udp!, tcpNext, udpNext!]) joiner.add(encodeMarked(packet));
  expect(joiner.frames).toEqual([]);
  const received = joiner.flush().map((frame) => parseDelivered(frame).packets);
  const protocols = received.map((packets) => packets.map(({ protocol }) => protocol));
  expect(protocols).toEqual([
    [6, 6],
    [17, 17],
  ]);
});

test('IPv6 addresses that hold the bytes of IPv4 ones are another flow', () => {
  const [first] = pair(4, 6);
  const source = [0xfd, 0, 0, 0, ...first.source, ...first.target, 0, 0, 0, 0];
  const joiner = new Joiner();
  joiner.add(encodeMarked(first));
  joiner.add(encodeMarked({ ...pair(6, 6)[0], source }));
  expect(joiner.frames).toEqual([]);
  expect(joiner.flush().length).toBe(2);
});

test('PSH, FIN and a shorter segment join as the last of their run', () => {
  for (const change of [{ flags: ACK + PSH }, { flags: ACK + FIN }, { payload: [1, 2, 3] }]) {
    const packets = cut(steadyPacket(4, 6, 500), 100).map((packet, index) =>
      index === 1 ? { ...packet, ...change } : packet,
    );
    // The third one goes on where the second ended.
    const after = packets[1]!.sequence + packets[1]!.payload.length;
    const rest = packets
      .slice(2)
      .map((packet, index) => ({ ...packet, sequence: after + index * 100 }));
    const sent = [...packets.slice(0, 2), ...rest];
    const joiner = new Joiner();
    for (const packet of sent) joiner.add(encodeMarked(packet));
    const received = joiner.flush().map((frame) => parseDelivered(frame).packets);
    expect(received).toEqual([sent.slice(0, 2), sent.slice(2)]);
  }
});

test('a packet with PSH alone starts nothing and is delivered at once', () => {
  const joiner = new Joiner();
  joiner.add(encodeMarked({ ...pair(4, 6)[0], flags: ACK + PSH }));
  expect(joiner.frames.length).toBe(1);
});

test('a shorter datagram ends its run', () => {
  const packets = cut(steadyPacket(4, 17, 250), 100);
  const next = { ...packets[2]!, id: packets[2]!.id + 1 };
  expect(sizes([...packets, next, next].map(encodeMarked))).toEqual([3, 1, 1]);
});

test('nothing joins that the tun did not offer, and what is not offered is completed', () => {
  for (const protocol of [6, 17] as const) {
    const packets = pair(6, protocol);
    const marked = packets.map(encodeMarked);
    const isTcp = protocol === 6;
    expect(sizes(marked, { checksum: true, tcp: isTcp, udp: !isTcp })).toEqual([2]);
    expect(sizes(marked, { checksum: true, tcp: !isTcp, udp: isTcp })).toEqual([1, 1]);
    const joiner = new Joiner({ checksum: false, tcp: true, udp: true });
    for (const packet of marked) joiner.add(packet);
    const none = virtioHeader(0, 0, 0, 0, 0, 0);
    expect(joiner.flush()).toEqual(packets.map((packet) => [...none, ...encodeWhole(packet)]));
  }
});

test('whole checksums do not join, a UDP checksum of zero included, and keep their place', () => {
  const [first, second, third] = cut(steadyPacket(4, 17, 300), 100);
  const zero = encodeWhole(second!);
  zero.splice(26, 2, 0, 0);
  const joiner = new Joiner();
  for (const packet of [encodeMarked(first!), zero, encodeMarked(third!)]) joiner.add(packet);
  const frames = joiner.flush();
  expect(frames.length).toBe(3);
  expect(frames[1]).toEqual([...virtioHeader(0, 0, 0, 0, 0, 0), ...zero]);
});

test(`a run holds ${RUN_SEGMENTS_MAX} segments, and not one more`, () => {
  const packets = cut(steadyPacket(4, 6, (RUN_SEGMENTS_MAX + 2) * 10), 10);
  expect(sizes(packets.map(encodeMarked))).toEqual([RUN_SEGMENTS_MAX, 2]);
});

test('a run holds 65,535 bytes of IP, and not one more', () => {
  for (const version of [4, 6] as const) {
    const headerBytes = (version === 4 ? 20 : 40) + 32;
    const room = 65_535 - headerBytes;
    const count = Math.ceil(room / 1400);
    const fits = cut(steadyPacket(version, 6, room), 1400).map(encodeMarked);
    expect(sizes(fits)).toEqual([count]);
    const tooMuch = cut(steadyPacket(version, 6, room + 1), 1400).map(encodeMarked);
    expect(sizes(tooMuch)).toEqual([count - 1, 1]);
  }
});

test(`${RUN_COUNT} flows are joined at a time; one more delivers the oldest`, () => {
  const flow = (port: number) =>
    pair(4, 6).map((packet) => encodeMarked({ ...packet, sourcePort: port }));
  const ports = Array.from({ length: RUN_COUNT }, (_, i) => 1000 + i);
  const joiner = new Joiner();
  for (const port of ports) joiner.add(flow(port)[0]!);
  expect(joiner.frames.length).toBe(0);
  for (const port of ports) joiner.add(flow(port)[1]!);
  expect(joiner.frames.length).toBe(0);
  joiner.add(flow(9)[0]!);
  expect(joiner.frames.map((frame) => parseDelivered(frame).packets[0]!.sourcePort)).toEqual([
    1000,
  ]);
  const rest = joiner.flush().map((frame) => parseDelivered(frame).packets);
  expect(rest.map((packets) => packets[0]!.sourcePort)).toEqual([...ports, 9]);
  expect(rest.map((packets) => packets.length)).toEqual([...ports.map(() => 2), 1]);
});

test('a fragment waits for every run between its addresses, and for no other', () => {
  const [first] = pair(4, 6);
  const joiner = new Joiner();
  joiner.add(encodeMarked(first));
  joiner.add(encodeMarked({ ...first, sourcePort: 5 }));
  joiner.add(encodeMarked({ ...first, target: [9, 9, 9, 9] }));
  const fragment = encodeOpen({ ...first, id: 5 });
  fragment[6] = 0x20;
  expect(joiner.add(fragment)).toBe(true);
  expect(joiner.frames.length).toBe(3);
  expect(joiner.frames[2]!.slice(10)).toEqual(fragment);
  expect(joiner.flush().length).toBe(4);
});

test('ICMP between the same addresses delivers no run', () => {
  const [first] = pair(4, 6);
  const joiner = new Joiner();
  joiner.add(encodeMarked(first));
  const icmp = encodeWhole(first);
  icmp[9] = 1;
  joiner.add(icmp);
  expect(joiner.frames.map((frame) => frame.slice(10))).toEqual([icmp]);
});

test('padding behind the IP length is not delivered', () => {
  const [first] = pair(6, 17);
  const joiner = new Joiner();
  joiner.add([...encodeMarked(first), 1, 2, 3]);
  joiner.add([...encodeWhole(first), 1, 2, 3]);
  const bodies = joiner.flush().map((frame) => frame.slice(10));
  expect(bodies).toEqual([encodeOpen(first), encodeWhole(first)]);
});

/** Goal: the mark is believed only where the checksum can be completed. */
test('the mark on anything but whole TCP and UDP is refused', () => {
  const [tcp] = pair(4, 6);
  const [udp] = pair(4, 17);
  const changed = (packet: Packet, at: number, value: number) => {
    const bytes = encodeMarked(packet);
    bytes[at] = value;
    return bytes;
  };
  const joiner = new Joiner();
  expect(joiner.add(changed(tcp, 9, 1))).toBe(false);
  expect(joiner.add(changed(tcp, 6, 0x20))).toBe(false);
  expect(joiner.add(changed(tcp, 7, 1))).toBe(false);
  expect(joiner.add(changed(tcp, 32, 0x40))).toBe(false);
  expect(joiner.add(changed(tcp, 0, 0xc4))).toBe(false);
  expect(joiner.add(changed(tcp, 0, 0xd5))).toBe(false);
  expect(joiner.add(changed(tcp, 3, 255))).toBe(false);
  expect(joiner.add(changed(udp, 25, 5))).toBe(false);
  expect(joiner.add(encodeMarked(tcp).slice(0, 19))).toBe(false);
  expect(joiner.flush()).toEqual([]);
});
