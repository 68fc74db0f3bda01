import { expect, test } from 'bun:test';
import { Holding } from '../../../agent/holding.ts';

const packet = (mark: number, bytes = 10) => new Uint8Array(bytes).fill(mark);
const released = (holding: Holding, atMs: number, ageMaxMs: number) => {
  const marks: (number | undefined)[] = [];
  holding.release(atMs, ageMaxMs, (held) => marks.push(held[0]));
  return marks;
};

test('packets come out in the order they went in, as they were', () => {
  const holding = new Holding();
  const buffer = packet(1);
  holding.hold(buffer, 0, 1_000);
  buffer.fill(9); // the caller's buffer is free again
  holding.hold(packet(2), 1, 1_000);
  expect(released(holding, 2, 2_000)).toEqual([1, 2]);
  expect(holding.count).toBe(0);
});

test('over the byte limit the oldest goes, counted; at the limit nothing does', () => {
  const holding = new Holding();
  for (let mark = 1; mark <= 3; mark++) holding.hold(packet(mark), 0, 30);
  expect([holding.count, holding.droppedCount]).toEqual([3, 0]);
  holding.hold(packet(4), 0, 30);
  expect([holding.droppedCount, released(holding, 0, 2_000)]).toEqual([1, [2, 3, 4]]);
});

test('what is older than the limit is dropped instead of sent', () => {
  const holding = new Holding();
  holding.hold(packet(1), 0, 1_000);
  holding.hold(packet(2), 1_000, 1_000);
  expect(released(holding, 3_000, 2_000)).toEqual([2]);
  expect(holding.droppedCount).toBe(1);
});

test('tiny packets are bounded by count', () => {
  const holding = new Holding();
  for (let mark = 0; mark < 5_000; mark++) holding.hold(packet(mark & 255, 1), 0, 1_000_000);
  expect([holding.count, holding.droppedCount]).toEqual([4_096, 904]);
});
