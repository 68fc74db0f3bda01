import { expect, test } from 'bun:test';
import {
  Arrivals,
  complete,
  DAMAGED,
  HEADER_BYTES,
  seqOf,
} from '../../../../lab/bench/integrity/datagram.ts';

function made(seq: number, bytes = 60): Uint8Array {
  const datagram = Uint8Array.from({ length: bytes }, (_, index) => index * 7);
  complete(datagram, seq);
  return datagram;
}

test('there and back, from the smallest on', () => {
  expect(seqOf(made(70_000))).toBe(70_000);
  expect(seqOf(made(0, HEADER_BYTES))).toBe(0);
});

test('every byte counts, and so does every byte that is missing or too many', () => {
  const datagram = made(5);
  for (let at = 0; at < datagram.length; at += 1) {
    const changed = datagram.slice();
    changed[at]! ^= 1;
    expect([at, seqOf(changed)]).toEqual([at, DAMAGED]);
    expect([at, seqOf(datagram.subarray(0, at))]).toEqual([at, DAMAGED]);
  }
  expect(seqOf(Uint8Array.of(...datagram, 0))).toBe(DAMAGED);
});

test('arrivals: in any order, each once', () => {
  const arrivals = new Arrivals();
  for (const seq of [3, 0, 100_000, 2, 99_999, 1]) arrivals.note(made(seq));
  const whole = { received: 6, damaged: 0, duplicated: 0, receivedBytes: 360 };
  expect({ ...arrivals }).toEqual(whole);
  arrivals.note(made(100_000));
  arrivals.note(made(3));
  arrivals.note(made(4).fill(0, 50));
  expect({ ...arrivals }).toEqual({
    ...{ received: 9, damaged: 1, duplicated: 2, receivedBytes: 540 },
  });
});
