import { expect, test } from 'bun:test';
import { Deadlines, type Timed } from '../../../hub/deadlines.ts';
import { Random } from '../../sim/random.ts';

class Holder implements Timed {
  atMs: number | null = null;
  readonly firedAtMs: number[] = [];

  nextDeadlineMs(): number | null {
    return this.atMs;
  }

  onTime(atMs: number): void {
    this.firedAtMs.push(atMs);
    this.atMs = null;
  }
}

test('a moved deadline fires once, at its new time', () => {
  const deadlines = new Deadlines();
  const holder = new Holder();
  holder.atMs = 100;
  deadlines.note(holder);
  holder.atMs = 300;
  deadlines.note(holder);
  expect(deadlines.nextMs()).toBeLessThanOrEqual(300);
  deadlines.run(299);
  expect(holder.firedAtMs).toEqual([]);
  holder.atMs = 250;
  deadlines.note(holder);
  expect(deadlines.nextMs()).toBe(250);
  deadlines.run(260);
  deadlines.run(1_000);
  expect(holder.firedAtMs).toEqual([260]);
  expect(deadlines.nextMs()).toBeNull();
});

test('who is forgotten is not called back', () => {
  const deadlines = new Deadlines();
  const holder = new Holder();
  holder.atMs = 5;
  deadlines.note(holder);
  deadlines.forget(holder);
  deadlines.run(10);
  expect(holder.firedAtMs).toEqual([]);
});

/**
 * Goal: nobody is called late, nobody early, and the heap stays within twice its holders.
 * Method: random moves of many deadlines against a plain scan of all of them.
 */
test('random deadlines agree with a scan of all holders', () => {
  const random = new Random(7);
  const deadlines = new Deadlines();
  const holders = Array.from({ length: 200 }, () => new Holder());
  for (let nowMs = 0; nowMs < 20_000; nowMs += random.between(1, 40)) {
    for (let moves = 0; moves < 20; moves++) {
      const holder = holders[random.below(holders.length)]!;
      holder.atMs = random.chance(10) ? null : nowMs + random.between(1, 2_000);
      deadlines.note(holder);
    }
    const armed = holders.flatMap(({ atMs }) => atMs ?? []);
    expect(deadlines.nextMs() ?? Infinity).toBeLessThanOrEqual(Math.min(...armed));
    const due = holders.filter(({ atMs }) => atMs !== null && atMs <= nowMs);
    const before = holders.map(({ firedAtMs }) => firedAtMs.length);
    deadlines.run(nowMs);
    const fired = holders.filter((holder, at) => holder.firedAtMs.length > before[at]!);
    expect(fired).toEqual(due);
    expect(deadlines.size).toBeLessThanOrEqual(holders.length * 2 + 64);
  }
});

test('what is over is told to exactly those whose deadline has come, and they are called back behind it', () => {
  const deadlines = new Deadlines();
  const told: number[] = [];
  const holders = Array.from({ length: 100 }, (_, at) =>
    Object.assign(new Holder(), { expire: () => told.push(at) }),
  );
  for (const [at, holder] of holders.entries()) {
    // First earlier, then later: an old entry of it stays in the heap.
    for (const atMs of [1_000 + at, 1_000 + ((at * 37) % 100)]) {
      holder.atMs = atMs;
      deadlines.note(holder);
    }
  }
  deadlines.expire(999);
  expect(told).toEqual([]);
  deadlines.expire(1_049);
  // Whose entry is still that of the earlier time is told too early, which is harmless.
  const due = holders.filter((holder) => holder.atMs! <= 1_049);
  expect(due.every((holder) => told.includes(holders.indexOf(holder)))).toBe(true);
  expect(told.length).toBe(new Set(told).size);
  deadlines.run(1_049);
  expect(holders.filter(({ firedAtMs }) => firedAtMs.length === 1).length).toBe(due.length);
});
