/**
 * Goal: no bytes make cutting or joining throw, or touch anything outside the range that was given.
 * Method: real frames with every field lying in turn, then random bytes, between guards.
 */
import { expect, test } from 'bun:test';
import { MALFORMED, SEGMENTS_MAX, Segments } from '../../../../session/packet/split.ts';
import { Random } from '../../../sim/random.ts';
import { Joiner } from './joining.ts';
import { randomPacket, steadyPacket } from './traffic.ts';
import { cut, encodeMarked, encodeWhole, type Packet, tunFrame, virtioHeader } from './twin.ts';

const GUARD = 0xa5;
const segments = new Segments();

/** What `take` says; every packet that it promises is made, and must lie inside. */
function take(frame: readonly number[], checksums: 'open' | 'complete' = 'open'): number {
  const bytes = new Uint8Array(new ArrayBuffer(frame.length + 128)).fill(GUARD);
  bytes.set(frame, 64);
  const count = segments.take(bytes, 64, frame.length, checksums);
  expect([...bytes.subarray(64, 64 + frame.length)]).toEqual([...frame]);
  expect(segments.count).toBe(Math.max(0, count));
  for (let index = 0; index < count; index++) {
    segments.segment(index);
    expect(segments.at).toBeGreaterThanOrEqual(74);
    expect(segments.bytes).toBeGreaterThanOrEqual(20);
    expect(segments.at + segments.bytes).toBeLessThanOrEqual(64 + frame.length);
  }
  expect(bytes.subarray(0, 64).every((byte) => byte === GUARD)).toBe(true);
  expect(bytes.subarray(64 + frame.length).every((byte) => byte === GUARD)).toBe(true);
  return count;
}

const tcp4 = tunFrame(steadyPacket(4, 6, 1000), 300);
const udp6 = tunFrame(steadyPacket(6, 17, 1000), 300);
const plain = tunFrame(steadyPacket(4, 6, 1000), 0);
const with_ = (frame: readonly number[], at: number, ...values: number[]) => {
  const changed = [...frame];
  changed.splice(at, values.length, ...values);
  return changed;
};

const START = 6;
const OFFSET = 8;
const IP = 10;

test('the frames that are lied about below are accepted as they are', () => {
  expect([take(tcp4), take(udp6), take(plain)]).toEqual([4, 4, 1]);
});

// biome-ignore format: this is a table
const LIES: readonly [string, readonly number[], keyof typeof MALFORMED][] = [
  ['nothing',                      [],                                 'tooShort'],
  ['a virtio header alone',        tcp4.slice(0, 10),                  'tooShort'],
  ['19 bytes of IPv4',             tcp4.slice(0, 29),                  'tooShort'],
  ['39 bytes of IPv6',             udp6.slice(0, 49),                  'ipHeader'],
  ['IP version 5',                 with_(tcp4, IP, 0x55),              'ipHeader'],
  ['our own mark',                 with_(tcp4, IP, 0xc5),              'ipHeader'],
  ['our own mark, uncut',          with_(plain, IP, 0xc5),             'ipHeader'],
  ['an IPv4 header of 16 bytes',   with_(tcp4, IP, 0x44),              'ipHeader'],
  ['one byte less than IPv4 says', tcp4.slice(0, -1),                  'ipHeader'],
  ['one byte less than IPv6 says', udp6.slice(0, -1),                  'ipHeader'],
  ['an IPv4 length of 19',         with_(plain, IP + 2, 0, 19),        'ipHeader'],
  ['an IPv6 payload of 0',         with_(udp6, IP + 4, 0, 0),          'transport'],
  ['TCP for IPv6 on IPv4',         with_(tcp4, 1, 4),                  'gsoType'],
  ['TCP for IPv4 on IPv6',         with_(udp6, 1, 1),                  'gsoType'],
  ['UDP on TCP',                   with_(tcp4, 1, 5),                  'gsoType'],
  ['TCP on UDP',                   with_(udp6, 1, 4),                  'gsoType'],
  ['UDP fragmentation',            with_(udp6, 1, 3),                  'gsoType'],
  ['UDP with the ECN bit',         with_(udp6, 1, 0x85),               'gsoType'],
  ['the ECN bit alone',            with_(tcp4, 1, 0x80),               'gsoType'],
  ['an unknown type',              with_(tcp4, 1, 99),                 'gsoType'],
  ['segments of 0',                with_(tcp4, 4, 0, 0),               'segmentBytes'],
  ['another start',                with_(tcp4, START, 24, 0),          'checksumPlace'],
  ['start in the IP header',       with_(plain, START, 19, 0),         'checksumPlace'],
  ['another offset',               with_(tcp4, OFFSET, 6, 0),          'checksumPlace'],
  ['start and offset behind',      with_(plain, START, 255, 255, 255, 255), 'checksumPlace'],
  ['a first fragment',             with_(tcp4, IP + 6, 0x20, 0),       'transport'],
  ['a later fragment',             with_(tcp4, IP + 6, 0, 1),          'transport'],
  ['a TCP header of 16 bytes',     with_(tcp4, IP + 32, 0x40),         'transport'],
  ['more TCP header than packet',  tunFrame({ ...steadyPacket(4, 6, 0), options: [] }, 9)
                                     .map((byte, at) => (at === IP + 32 ? 0x60 : byte)), 'transport'],
  ['a routing header',             with_(udp6, IP + 6, 43),            'gsoType'],
  ['an IPv6 fragment',             with_(udp6, IP + 6, 44),            'gsoType'],
];

for (const [what, frame, code] of LIES) {
  test(`${what}: ${code}`, () => {
    for (const checksums of ['open', 'complete'] as const) {
      expect(take(frame, checksums)).toBe(MALFORMED[code]);
    }
  });
}

test('a checksum field may end with the packet, and not one byte behind it', () => {
  const bytes = plain.length - 10;
  const start = 40;
  const offset = bytes - 2 - start;
  const place = (at: number) => with_(plain, START, start, 0, at & 255, at >> 8);
  expect(take(place(offset))).toBe(1);
  expect(take(place(offset + 1))).toBe(MALFORMED.checksumPlace);
});

test(`${SEGMENTS_MAX} segments are cut, one more is refused`, () => {
  const most = tunFrame(steadyPacket(4, 6, SEGMENTS_MAX * 3), 3);
  expect(take(most)).toBe(SEGMENTS_MAX);
  const tooMany = tunFrame(steadyPacket(4, 6, SEGMENTS_MAX * 3 + 1), 3);
  expect(take(tooMany)).toBe(MALFORMED.segmentCount);
});

test('256 bytes of headers are cut, eight more are refused', () => {
  const options = (bytes: number) => [17, bytes / 8 - 1, ...Array<number>(bytes - 2).fill(0)];
  const packet = (bytes: number): Packet => ({
    ...steadyPacket(6, 17, 100),
    between: options(bytes),
    firstNext: 60,
  });
  expect(take(tunFrame(packet(256 - 40 - 8), 50))).toBe(2);
  expect(take(tunFrame(packet(256 - 40), 50))).toBe(MALFORMED.headerBytes);
});

test('headers that name each other and lead out of the packet are refused', () => {
  // Every byte of the payload a hop-by-hop header: the walk leaves the packet, and stops there.
  const loop = with_(udp6, IP + 6, ...Array<number>(1).fill(0));
  loop.fill(0, IP + 40);
  expect(take(loop)).toBe(MALFORMED.gsoType);
  loop[IP + 41] = 255;
  loop[IP + 40] = 17;
  expect(take(loop)).toBe(MALFORMED.transport);
});

test('half an extension header is not read', () => {
  const half = with_(udp6, IP + 4, 0, 4, 0).slice(0, IP + 44);
  half[IP + 40] = 17;
  expect(take(half)).toBe(MALFORMED.gsoType);
});

test('a refused frame leaves nothing to be cut', () => {
  expect(take(tcp4)).toBe(4);
  expect(take(tcp4.slice(0, 20))).toBe(MALFORMED.tooShort);
  expect(() => segments.segment(0)).toThrow('the index is one of those taken');
});

test('any bytes are safe to cut', () => {
  const random = new Random(31);
  const codes = new Set<number>();
  for (let round = 0; round < 6000; round++) {
    const packet = randomPacket(random, random.below(300));
    const frame = tunFrame(packet, random.chance(70) ? random.between(1, 200) : 0);
    const damage = random.between(1, 4);
    for (let i = 0; i < damage; i++) {
      // Mostly in the headers, where a lie may matter.
      const at = random.below(random.chance(80) ? Math.min(80, frame.length) : frame.length);
      frame[at] = random.chance(30) ? [0, 1, 255, 0x80][random.below(4)]! : random.below(256);
    }
    const sent = random.chance(20) ? frame.slice(0, random.below(frame.length)) : frame;
    codes.add(Math.min(1, take(sent, random.chance(50) ? 'open' : 'complete')));
  }
  for (let round = 0; round < 2000; round++) {
    take([...virtioHeader(1, random.below(6), 0, 40, 20, 16), ...random.bytes(random.below(120))]);
  }
  // The damage reached every check but the two that large packets are needed for.
  const { headerBytes, segmentCount, ...reached } = MALFORMED;
  expect([...codes].sort((a, b) => a - b)).toEqual(
    [...Object.values(reached), 1].sort((a, b) => a - b),
  );
  expect(codes).not.toContain(headerBytes);
  expect(codes).not.toContain(segmentCount);
});

test('any bytes are safe to join, and what is delivered is as long as it says', () => {
  const random = new Random(32);
  const joiner = new Joiner();
  for (let round = 0; round < 4000; round++) {
    const base = random.chance(50) ? steadyPacket(4, 6, 200) : steadyPacket(6, 17, 200);
    const [packet] = cut(base, random.between(50, 200));
    const bytes = random.chance(90) ? encodeMarked(packet!) : encodeWhole(packet!);
    for (let i = random.below(4); i > 0; i--) {
      bytes[random.below(Math.min(70, bytes.length))] = random.below(256);
    }
    joiner.add(random.chance(10) ? bytes.slice(0, random.below(bytes.length)) : bytes);
    if (random.chance(90)) continue;
    for (const frame of joiner.flush()) {
      const ip = frame.slice(10);
      const said = ip[0]! >> 4 === 4 ? ip[2]! * 256 + ip[3]! : 40 + ip[4]! * 256 + ip[5]!;
      expect(ip.length).toBe(said);
      expect([4, 6]).toContain(ip[0]! >> 4);
    }
  }
});
