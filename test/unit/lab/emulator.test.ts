import { expect, test } from 'bun:test';
import { changeImpairment, NO_IMPAIRMENT, Shaper } from '../../lab/emulator/impairment.ts';
import { ArrivalQueue } from '../../lab/emulator/queue.ts';
import { newRandom } from '../../lab/random.ts';

function shaper(changes: Parameters<typeof changeImpairment>[1], seed = 1): Shaper {
  const made = new Shaper(newRandom(seed, 'test'));
  made.impairment = changeImpairment(NO_IMPAIRMENT, changes);
  return made;
}

/** Fates and arrival times of `count` frames of 1000 bytes, one each millisecond. */
function send(through: Shaper, count: number): [string, number][] {
  return Array.from({ length: count }, (_, i) => [through.decide(i, 1000), through.dueAtMs]);
}

test('the same seed gives the same fates, another seed others', () => {
  const rough = { lossPercent: 20, duplicatePercent: 10, jitterMs: 5, delayMs: 10 };
  const once = send(shaper(rough), 200);
  expect(send(shaper(rough), 200)).toEqual(once);
  expect(send(shaper(rough, 2), 200)).not.toEqual(once);
});

test('a frame has its fate whatever the settings were before it', () => {
  const changed = shaper({ jitterMs: 9, duplicatePercent: 50 });
  send(changed, 100);
  changed.impairment = changeImpairment(NO_IMPAIRMENT, { lossPercent: 20 });
  const constant = shaper({ lossPercent: 20 });
  send(constant, 100);
  const fates = (of: Shaper) => send(of, 100).map(([fate]) => fate);
  expect(fates(changed)).toEqual(fates(constant));
});

test('shares come out as asked for, within four standard deviations', () => {
  const fates = send(shaper({ lossPercent: 20, duplicatePercent: 10 }), 10_000);
  const lost = fates.filter(([fate]) => fate === 'lost').length;
  expect(Math.abs(lost - 2000)).toBeLessThan(160);
  // A frame that is lost is not doubled: 10 % of the 8000 others.
  const twice = fates.filter(([fate]) => fate === 'pass twice').length;
  expect(Math.abs(twice - 800)).toBeLessThan(110);
});

test('jitter spreads arrivals and keeps their order; reordering breaks it', () => {
  const due = (of: Shaper) => send(of, 500).map(([, dueAtMs]) => dueAtMs);
  const jittered = due(shaper({ delayMs: 20, jitterMs: 10 }));
  expect(jittered.every((atMs, i) => i === 0 || atMs >= jittered[i - 1]!)).toBe(true);
  expect(jittered.every((atMs, i) => atMs - i >= 10 && atMs - i < 30)).toBe(true);
  expect(new Set(jittered.map((atMs, i) => atMs - i)).size).toBeGreaterThan(100);
  const reordered = due(shaper({ delayMs: 20, reorderPercent: 10, reorderMs: 5 }));
  expect(reordered.filter((atMs, i) => atMs - i === 25).length).toBeGreaterThan(20);
  expect(reordered.every((atMs, i) => atMs - i === 20 || atMs - i === 25)).toBe(true);
});

test('a bottleneck spaces frames out, and drops what does not fit in front of it', () => {
  // 4 Mbit/s: a frame of 1000 bytes takes 2 ms, one comes each millisecond.
  const due = send(shaper({ rateMbit: 4, queueBytes: 10_000 }), 30);
  expect(due[0]).toEqual(['pass', 2]);
  expect(due[9]).toEqual(['pass', 20]);
  expect(due.filter(([fate]) => fate === 'queue full').length).toBeGreaterThan(3);
});

test('impairments out of range or unknown are refused', () => {
  expect(() => shaper({ lossPercent: 100.5 })).toThrow('lossPercent');
  expect(() => shaper({ delayMs: Number.NaN })).toThrow('delayMs');
  expect(() => shaper({ speed: 1 } as object)).toThrow('no field speed');
});

test('frames leave the queue by arrival time, those of equal time as they came', () => {
  const random = newRandom(5, 'queue');
  const queue = new ArrivalQueue(1000);
  const expected: [number, number][] = [];
  for (let slot = 0; slot < 1000; slot += 1) {
    const atMs = Math.floor(random() * 50);
    expect(queue.push(atMs, slot)).toBe(true);
    expected.push([atMs, slot]);
  }
  expect(queue.push(0, 1000)).toBe(false);
  // Array.prototype.sort is stable.
  expected.sort(([one], [other]) => one - other);
  const left: [number, number][] = [];
  while (queue.size > 0) left.push([queue.nextAtMs, queue.pop()]);
  expect(left).toEqual(expected);
  expect([queue.pop(), queue.nextAtMs]).toEqual([-1, Number.POSITIVE_INFINITY]);
});

test('the queue says which frame it gave: a lower number than before was overtaken', () => {
  const queue = new ArrivalQueue(4);
  [3, 1, 2].forEach((atMs, slot) => {
    queue.push(atMs, slot);
  });
  const given = Array.from({ length: 3 }, () => [queue.pop(), queue.poppedTurn]);
  expect(given).toEqual([
    [1, 1],
    [2, 2],
    [0, 0],
  ]);
});
