import { expect, test } from 'bun:test';
import { clampMss, MSS_BYTES_MIN } from '../../../../session/packet/mss.ts';
import { Random } from '../../../sim/random.ts';
import { steadyPacket } from './traffic.ts';
import { ACK, encodeMarked, encodeWhole, type Packet, SYN } from './twin.ts';

const mss = (bytes: number) => [2, 4, bytes >> 8, bytes & 255];
const syn = (version: 4 | 6, options: number[]): Packet => ({
  ...steadyPacket(version, 6, 0),
  flags: SYN,
  options,
});

function clamped(sent: readonly number[], mtuBytes: number): number[] {
  const bytes = Uint8Array.from([7, ...sent, 7]);
  clampMss(bytes, 1, sent.length, mtuBytes);
  expect([bytes[0], bytes[bytes.length - 1]]).toEqual([7, 7]);
  return [...bytes.subarray(1, -1)];
}

test('a SYN offers no more than fits, and its checksum stays right', () => {
  for (const [version, fits] of [
    [4, 1380],
    [6, 1360],
  ] as const) {
    for (const place of [0, 1, 2, 3]) {
      const nops = Array<number>(place).fill(1);
      const fill = Array<number>((4 - place) % 4).fill(1);
      const options = (bytes: number) => [...nops, ...mss(bytes), ...fill, 3, 3, 7, 0];
      for (const flags of [SYN, SYN + ACK]) {
        const packet = (bytes: number) => ({ ...syn(version, options(bytes)), flags });
        const expected = packet(fits);
        expect(clamped(encodeWhole(packet(1460)), 1420)).toEqual(encodeWhole(expected));
        expect(clamped(encodeWhole(packet(65535)), 1420)).toEqual(encodeWhole(expected));
        expect(clamped(encodeMarked(packet(1460)), 1420)).toEqual(encodeMarked(expected));
      }
    }
  }
});

test('a value that fits is never raised: one above is lowered', () => {
  for (const bytes of [100, 1379, 1380]) {
    const sent = encodeWhole(syn(4, mss(bytes)));
    expect(clamped(sent, 1420)).toEqual(sent);
  }
  expect(clamped(encodeWhole(syn(4, mss(1381))), 1420)).toEqual(encodeWhole(syn(4, mss(1380))));
});

test(`no clamp goes below ${MSS_BYTES_MIN}`, () => {
  const floor = encodeWhole(syn(4, mss(MSS_BYTES_MIN)));
  for (const mtuBytes of [MSS_BYTES_MIN + 40, MSS_BYTES_MIN + 39, 100, 0, -5]) {
    expect(clamped(encodeWhole(syn(4, mss(1460))), mtuBytes)).toEqual(floor);
  }
  const above = encodeWhole(syn(4, mss(MSS_BYTES_MIN + 1)));
  expect(clamped(encodeWhole(syn(4, mss(1460))), MSS_BYTES_MIN + 41)).toEqual(above);
});

test('what is no SYN, or has no such option, is left alone', () => {
  const options = mss(1460);
  const fragment = encodeWhole(syn(4, options));
  fragment[7] = 9;
  const cases = [
    encodeWhole({ ...syn(4, options), flags: ACK }),
    encodeWhole({ ...steadyPacket(4, 17, 40), targetPort: 2 }),
    encodeWhole(syn(4, [])),
    // Behind the end of the options, of another length, cut off, or of length 0 and 1.
    encodeWhole(syn(4, [0, 1, 1, 1, ...options])),
    encodeWhole(syn(4, [2, 3, 5, 180, 5, 180, 5, 180])),
    encodeWhole(syn(4, [1, 1, 2, 4])),
    encodeWhole(syn(4, [9, 0, 1, 1, ...options])),
    encodeWhole(syn(4, [9, 1, 1, 1, ...options])),
    fragment,
  ];
  for (const sent of cases) expect(clamped(sent, 1420)).toEqual(sent);
});

test('any bytes are safe, and every cut of a real one', () => {
  const random = new Random(3);
  for (let round = 0; round < 3000; round++) {
    const bytes = [...random.bytes(random.below(90))];
    if (round % 2 === 0) bytes[0] = random.chance(50) ? 0x45 : 0x60;
    if (bytes.length === 0) continue;
    bytes[9] = 6;
    bytes[6] = 6;
    expect(clamped(bytes, 1000).length).toBe(bytes.length);
  }
  const whole = encodeWhole(syn(6, mss(1460)));
  for (let count = 0; count < whole.length; count++) {
    expect(clamped(whole.slice(0, count), 1000)).toEqual(whole.slice(0, count));
  }
});
