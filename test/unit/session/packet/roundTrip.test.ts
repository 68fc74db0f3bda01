import { expect, test } from 'bun:test';
import { Segments } from '../../../../session/packet/split.ts';
import { Random } from '../../../sim/random.ts';
import { Joiner } from './joining.ts';
import { randomPacket } from './traffic.ts';
import { CWR, tunFrame } from './twin.ts';

const segments = new Segments();

function splitAll(frame: readonly number[]): number[][] {
  const bytes = Uint8Array.from(frame);
  const count = segments.take(bytes, 0, frame.length, 'open');
  const packets: number[][] = [];
  for (let index = 0; index < count; index++) {
    segments.segment(index);
    packets.push([...bytes.subarray(segments.at, segments.at + segments.bytes)]);
  }
  return packets;
}

/**
 * Goal: a super-packet that is cut, carried and joined is the super-packet that the kernel gave, to the
 * last byte; and cut once more it gives the same packets.
 * Method: seeded super-packets within the bounds of a run.
 */
test('cut and joined again it is the same frame', () => {
  const random = new Random(11);
  for (let round = 0; round < 400; round++) {
    const drawn = randomPacket(random, random.between(2, 4000));
    const packet = { ...drawn, flags: drawn.flags - (drawn.flags & CWR) };
    const segmentBytes = random.between(Math.ceil(packet.payload.length / 60), 2000);
    const isCut = segmentBytes < packet.payload.length;
    const frame = tunFrame(packet, isCut ? segmentBytes : 0);
    const packets = splitAll(frame);
    const joiner = new Joiner();
    for (const bytes of packets) expect(joiner.add(bytes)).toBe(true);
    const frames = joiner.flush();
    // For a packet that is not cut the hint of how long the headers are is left out.
    if (!isCut) frame.splice(2, 2, 0, 0);
    expect(frames).toEqual([frame]);
    expect(splitAll(frames[0]!)).toEqual(packets);
  }
});
