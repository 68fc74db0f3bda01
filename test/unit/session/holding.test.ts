import { expect, test } from 'bun:test';
import { Holding } from '../../../session/holding.ts';

const packet = (first: number, bytes = 10) => new Uint8Array(bytes).fill(first);

function released(holding: Holding, atMs: number, ageMaxMs: number): number[] {
  const first: number[] = [];
  holding.release(atMs, ageMaxMs, (held) => first.push(held[0]!));
  return first;
}

test('what is held comes out in order, as copies', () => {
  const holding = new Holding({ bytesMax: 100, packetsMax: 8 });
  const one = packet(1);
  holding.hold(one, 0);
  one.fill(9);
  holding.hold(packet(2), 1);
  expect(released(holding, 2, 100)).toEqual([1, 2]);
  expect([holding.count, holding.droppedCount]).toEqual([0, 0]);
});

test('the oldest make room: by bytes, by count, and by age', () => {
  const byBytes = new Holding({ bytesMax: 25, packetsMax: 8 });
  for (const first of [1, 2, 3]) byBytes.hold(packet(first), 0);
  expect([released(byBytes, 0, 0), byBytes.droppedCount]).toEqual([[2, 3], 1]);

  const byCount = new Holding({ bytesMax: 1_000, packetsMax: 2 });
  for (const first of [1, 2, 3]) byCount.hold(packet(first), 0);
  expect([released(byCount, 0, 0), byCount.droppedCount]).toEqual([[2, 3], 1]);

  const byAge = new Holding({ bytesMax: 1_000, packetsMax: 8 });
  byAge.hold(packet(1), 0);
  byAge.hold(packet(2), 50);
  expect([released(byAge, 101, 100), byAge.droppedCount]).toEqual([[2], 1]);
});

test('a packet larger than everything is dropped, and what is held while releasing stays', () => {
  const holding = new Holding({ bytesMax: 5, packetsMax: 8 });
  holding.hold(packet(1), 0);
  expect([holding.count, holding.droppedCount]).toEqual([0, 1]);

  const again = new Holding({ bytesMax: 100, packetsMax: 8 });
  again.hold(packet(1), 0);
  again.release(0, 10, (held) => again.hold(held, 0));
  expect(again.count).toBe(1);
});
