import { expect, test } from 'bun:test';
import { Holding, HoldingBudget } from '../../../session/holding.ts';

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

test('a budget that is spent leaves each its least, and takes nothing from the others (I11)', () => {
  const budget = new HoldingBudget(20, 8);
  const limits = { bytesMax: 16, packetsMax: 8 };
  const [a, b, c] = [1, 2, 3].map(() => new Holding(limits, budget)) as [Holding, Holding, Holding];
  for (const first of [1, 2, 3, 4]) a.hold(packet(first, 4), 0);
  expect([a.count, budget.bytes]).toEqual([4, 16]);
  for (const first of [1, 2, 3, 4]) b.hold(packet(first, 4), 0);
  expect([a.count, b.count, b.droppedCount, budget.bytes]).toEqual([4, 2, 2, 24]);
  // Whoever comes last has its least all the same, and no more.
  expect([c.hasRoom(8), c.hasRoom(9)]).toEqual([true, false]);
  for (const first of [1, 2, 3]) c.hold(packet(first, 4), 0);
  expect([c.count, c.droppedCount]).toEqual([2, 1]);
  expect(released(c, 0, 0)).toEqual([2, 3]);
  a.clear();
  expect(budget.bytes).toBe(8);
  expect(b.hasRoom(4)).toBe(true);
  expect([released(b, 0, 0), budget.bytes]).toEqual([[3, 4], 0]);
});
