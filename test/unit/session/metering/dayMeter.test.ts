/**
 * Goal: a day's budget is given once a day, whatever the clock does, and a reboot gives none back.
 * Method: the meter by itself under chosen clocks, then under random ones, beside a plain count.
 */
import { describe, expect, test } from 'bun:test';
import { DAY_MS, DayMeter, type DaySpending } from '../../../../session/metering/dayMeter.ts';
import { newRandom } from '../../../lab/random.ts';

const HOUR_MS = 3_600_000;
const NOON_MS = 20_000 * DAY_MS + 12 * HOUR_MS;
const BUDGET = 1_600_000;

/** A meter and its two clocks. */
function metered(remembered: DaySpending | null = null, budget = BUDGET) {
  const meter = new DayMeter(budget, remembered);
  let [wallMs, monotonicMs] = [NOON_MS, 5_000];
  meter.onTime(wallMs, monotonicMs);
  return {
    meter,
    /** Time passes, by a wall clock that is right. */
    pass(ms: number) {
      wallMs += ms;
      monotonicMs += ms;
      meter.onTime(wallMs, monotonicMs);
    },
    /** The wall clock alone moves. */
    jump(ms: number) {
      wallMs += ms;
      meter.onTime(wallMs, monotonicMs);
    },
  };
}

describe('a day', () => {
  test('begins at midnight UTC, and not before', () => {
    const { meter, pass } = metered();
    meter.add(BUDGET);
    expect(meter.isSpent).toBe(true);
    pass(12 * HOUR_MS - 1);
    expect(meter.isSpent).toBe(true);
    pass(1);
    expect([meter.isSpent, meter.bytes]).toEqual([false, 0]);
  });

  test('is spent with the last byte of its budget; without a budget never', () => {
    const { meter } = metered();
    meter.add(BUDGET - 1);
    expect(meter.isSpent).toBe(false);
    meter.add(1);
    expect(meter.isSpent).toBe(true);
    const { meter: free } = metered(null, 0);
    free.add(2 ** 50);
    expect([free.isSpent, free.isDue, free.reserve(), free.settle()]).toEqual([
      false,
      false,
      null,
      null,
    ]);
  });
});

describe('a clock that jumps', () => {
  test('back and forth over midnight gives the second budget once', () => {
    const { meter, pass, jump } = metered();
    pass(13 * HOUR_MS);
    meter.add(BUDGET);
    for (let i = 0; i < 5; i++) {
      jump(-2 * HOUR_MS);
      jump(2 * HOUR_MS);
    }
    expect(meter.isSpent).toBe(true);
  });

  test('years ahead and back again does not withhold the budget until then: 24 hours', () => {
    const { meter, pass, jump } = metered();
    jump(4_000 * DAY_MS);
    meter.add(BUDGET);
    jump(-4_000 * DAY_MS);
    for (let day = 0; day < 5; day++) {
      pass(DAY_MS - 1);
      expect([day, meter.isSpent]).toEqual([day, true]);
      pass(1);
      expect([day, meter.isSpent]).toEqual([day, false]);
      meter.add(BUDGET);
    }
  });

  test('back within the day ends it after 24 hours, and that was the next day’s', () => {
    const { meter, pass, jump } = metered();
    pass(11 * HOUR_MS);
    jump(-11 * HOUR_MS);
    meter.add(BUDGET);
    pass(11 * HOUR_MS);
    expect(meter.isSpent).toBe(true);
    // Noon of the same day again, 24 hours after the start; then its midnight.
    jump(-11 * HOUR_MS);
    pass(2 * HOUR_MS);
    expect(meter.isSpent).toBe(false);
    meter.add(BUDGET);
    pass(10 * HOUR_MS);
    expect(meter.isSpent).toBe(true);
    pass(DAY_MS);
    expect(meter.isSpent).toBe(false);
  });

  test('a leap second is no second budget', () => {
    const { meter, pass, jump } = metered();
    pass(12 * HOUR_MS);
    meter.add(BUDGET);
    jump(-1_000);
    pass(DAY_MS - 1);
    expect(meter.isSpent).toBe(true);
    pass(1);
    expect(meter.isSpent).toBe(false);
    meter.add(BUDGET);
    pass(1_000);
    expect(meter.isSpent).toBe(true);
  });

  test('at random: never two budgets of one day number, never more than 25 hours without one', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = newRandom(seed, 'clock');
      const meter = new DayMeter(BUDGET, null);
      let [wallMs, monotonicMs, given, sinceMs, highest] = [NOON_MS, 0, 0, 0, -1];
      for (let step = 0; step < 400; step++) {
        const passedMs = random() * 3 * HOUR_MS;
        monotonicMs += passedMs;
        wallMs += passedMs + (random() < 0.1 ? (random() - 0.5) * 6 * DAY_MS : 0);
        const wasSpent = meter.isSpent;
        meter.onTime(wallMs, monotonicMs);
        if (wasSpent && !meter.isSpent) {
          given += 1;
          const day = Math.floor(wallMs / DAY_MS);
          const isFull = monotonicMs - sinceMs >= DAY_MS;
          expect([seed, step, day > highest || isFull]).toEqual([seed, step, true]);
          highest = Math.max(highest, day);
          sinceMs = monotonicMs;
        }
        const sinceFreshMs = monotonicMs - sinceMs;
        expect([seed, step, sinceFreshMs <= DAY_MS + 3 * HOUR_MS]).toEqual([seed, step, true]);
        meter.add(BUDGET);
      }
      expect(given).toBeGreaterThan(10);
    }
  });
});

describe('what is durable', () => {
  /** Spends in pieces and writes whatever is due. */
  function spend(bytes: number, piece: number) {
    const { meter, pass } = metered();
    const writes: DaySpending[] = [];
    for (let spent = 0; spent < bytes; spent += piece) {
      meter.add(piece);
      pass(1);
      const due = meter.isDue ? meter.reserve() : null;
      if (due !== null) writes.push(due);
      const ceiling = writes.at(-1)?.bytes ?? 0;
      expect(meter.isSpent || ceiling >= meter.bytes).toBe(true);
    }
    return { meter, writes };
  }

  test('is never less than what was spent, in at most 32 writes, and none once it is spent', () => {
    const { meter, writes } = spend(3 * BUDGET, 1_000);
    expect(writes.length).toBeGreaterThan(8);
    expect(writes.length).toBeLessThanOrEqual(32);
    expect(meter.isDue).toBe(false);
  });

  test('a power cut gives no bytes back and costs at most a sixteenth', () => {
    const { meter, writes } = spend(BUDGET / 3, 777);
    const { meter: after } = metered(writes.at(-1)!);
    expect(after.bytes).toBeGreaterThanOrEqual(meter.bytes);
    expect(after.bytes - meter.bytes).toBeLessThanOrEqual(BUDGET / 16);
  });

  test('a stop in order costs nothing', () => {
    const { meter } = spend(BUDGET / 3, 777);
    const { meter: after } = metered(meter.settle());
    expect(after.bytes).toBe(meter.bytes);
  });

  test('after a stop in order nothing is due, however much still passes', () => {
    const { meter } = spend(BUDGET / 3, 777);
    meter.settle();
    meter.add(BUDGET / 4);
    expect(meter.isDue).toBe(false);
  });

  test('a reboot into a clock that was never set goes on where it was', () => {
    const { meter } = spend(BUDGET * 2, 1_000);
    const after = new DayMeter(BUDGET, meter.reserve());
    after.onTime(0, 10);
    expect(after.isSpent).toBe(true);
    after.onTime(NOON_MS, 20);
    expect(after.isSpent).toBe(true);
    after.onTime(NOON_MS + 12 * HOUR_MS, 30);
    expect(after.isSpent).toBe(false);
  });

  test('the 24 hours go on over reboots, written down every six', () => {
    let { meter, pass, jump } = metered();
    jump(4_000 * DAY_MS);
    meter.add(BUDGET);
    meter.reserve();
    jump(-4_000 * DAY_MS);
    let writes = 0;
    for (let hour = 0; hour < 24 && meter.isSpent; hour++) {
      pass(HOUR_MS);
      if (!meter.isDue) continue;
      writes += 1;
      ({ meter, pass, jump } = metered(meter.reserve()));
    }
    // The fourth is of the fresh budget.
    expect([meter.isSpent, writes]).toEqual([false, 4]);
  });

  test('a budget that 24 hours made fresh under the same day number is written down, and what is spent of it', () => {
    const { meter, pass, jump } = metered();
    jump(4_000 * DAY_MS);
    meter.add(BUDGET);
    meter.reserve();
    jump(-4_000 * DAY_MS);
    for (let hour = 0; hour < 24; hour++) pass(HOUR_MS);
    expect([meter.isSpent, meter.isDue]).toEqual([false, true]);
    meter.add(BUDGET / 2);
    const { meter: after } = metered(meter.reserve());
    expect(after.bytes).toBeGreaterThanOrEqual(BUDGET / 2);
    expect(after.isSpent).toBe(false);
    meter.add(BUDGET / 2);
    expect(meter.isDue).toBe(true);
  });
});

describe('another budget while the day runs', () => {
  test('what was counted counts against it, with or without a budget before', () => {
    for (const before of [0, BUDGET]) {
      const { meter } = metered(null, before);
      meter.add(1_000);
      meter.setBudget(1_000, null);
      expect([before, meter.isSpent, meter.isDue]).toEqual([before, true, true]);
      meter.setBudget(1_001, null);
      expect([before, meter.isSpent]).toEqual([before, false]);
    }
  });

  test('taken away and given back, what is durable is written anew', () => {
    const { meter } = metered();
    meter.add(10);
    meter.reserve();
    expect(meter.isDue).toBe(false);
    meter.setBudget(0, null);
    expect([meter.isDue, meter.reserve()]).toEqual([false, null]);
    meter.setBudget(BUDGET, null);
    expect([meter.isDue, meter.reserve()?.bytes]).toEqual([true, 10 + BUDGET / 16]);
  });

  test('what an earlier process spent of this day is added, of a day that is over it is not', () => {
    const today = Math.floor(NOON_MS / DAY_MS);
    for (const [day, bytes] of [
      [today - 1, 5],
      [today, 705],
      [today + 1, 705],
    ] as const) {
      const { meter } = metered(null, 0);
      meter.add(5);
      meter.setBudget(BUDGET, { day, bytes: 700, lastedMs: HOUR_MS });
      expect([day - today, meter.bytes]).toEqual([day - today, bytes]);
    }
  });
});
