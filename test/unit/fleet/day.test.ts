import { expect, test } from 'bun:test';
import { Day, MINUTE_MS } from '../../../fleet/day.ts';
import type { Tally } from '../../../fleet/difference.ts';
import { addRecoveries, type Latencies, quantilesOf } from '../../../fleet/latencies.ts';
import { degradedPercent, mergeInto, newSpan, spanOf, spanText } from '../../../fleet/span.ts';
import type { Spreads } from '../../../fleet/spread.ts';
import { Random } from '../../sim/random.ts';
import { START_MS } from './sample.ts';

const RECOVERY = { count: 4, p50: 100, p95: 400, max: 1_000 };

const tally = (more: Partial<Tally>): Tally => ({
  ...{ switches: 0, terminated: {}, watched: {}, replaySigns: 0, hijackSigns: 0, recoveries: 0 },
  ...more,
});

function spreads(p50: number | null, p95: number): Spreads {
  const spread = { count: 9, p50, p95 };
  return { rtt_ms: spread, jitter_ms: spread, loss_percent: spread, memory_bytes: spread };
}

test('a minute ends when the next begins, and a clock that is put back by no more than that ends none', () => {
  const day = new Day(START_MS + 5_000, []);
  day.count(tally({ switches: 2, terminated: { shutdown: 1 } }), RECOVERY);
  expect(day.close(START_MS + 59_999)).toBeNull();
  expect(day.close(START_MS - MINUTE_MS)).toBeNull();
  expect(day.close(START_MS + MINUTE_MS)).toMatchObject({
    atMs: START_MS,
    span: { switches: 2, terminated: { shutdown: 1 } },
  });
  expect(day.current).toEqual(newSpan());
});

test('a clock that was ahead and is put right begins a minute of its own, and none twice', () => {
  const day = new Day(START_MS, [
    { atMs: START_MS - 5 * MINUTE_MS, span: { ...newSpan(), switches: 3 } },
  ]);
  day.count(tally({ switches: 1 }), RECOVERY);
  const years = 10 * 365 * 1_440 * MINUTE_MS;
  expect(day.close(START_MS + years)).toMatchObject({ atMs: START_MS, span: { switches: 1 } });
  day.count(tally({ switches: 5 }), RECOVERY);
  const written = [{ atMs: START_MS - 5 * MINUTE_MS, span: { ...newSpan(), switches: 3 } }];
  const back = day.close(START_MS - 5 * MINUTE_MS, () => written);
  expect(back).toMatchObject({ atMs: START_MS + years });
  // As it was written already: it goes on.
  expect([day.atMs, day.current.switches]).toEqual([START_MS - 5 * MINUTE_MS, 3]);
});

test('a minute that there was already goes on when the clock is put back into it', () => {
  const day = new Day(START_MS, []);
  for (let minute = 0; minute < 10; minute++) {
    day.count(tally({ switches: 1 }), RECOVERY);
    day.close(START_MS + (minute + 1) * MINUTE_MS);
  }
  day.close(START_MS + 3 * MINUTE_MS);
  day.count(tally({ switches: 1 }), RECOVERY);
  expect([day.current.switches, day.lastDay().switches]).toEqual([2, 11]);
  expect(day.close(START_MS + 4 * MINUTE_MS)).toMatchObject({ span: { switches: 2 } });
  expect(day.lastDay().switches).toBe(11);
});

test('a day is its minutes and the one that is going on, an hour those of an hour', () => {
  const day = new Day(START_MS, [
    { atMs: START_MS - 61 * MINUTE_MS, span: { ...newSpan(), switches: 100 } },
    { atMs: START_MS - MINUTE_MS, span: { ...newSpan(), switches: 10 } },
    { atMs: START_MS, span: { ...newSpan(), switches: 1 } },
  ]);
  expect([day.lastDay().switches, day.lastHourSwitches()]).toEqual([111, 11]);
  day.count(tally({ switches: 1 }), RECOVERY);
  expect([day.lastDay().switches, day.lastHourSwitches()]).toEqual([112, 12]);
  for (let minute = 1; minute <= 1_380; minute++) day.close(START_MS + minute * MINUTE_MS);
  expect([day.lastDay().switches, day.lastHourSwitches()]).toEqual([12, 0]);
});

/** As agent/status.ts says it: the value at a share of all of them. */
function recoveryOf(all: readonly number[]) {
  const sorted = all.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), max: sorted.at(-1)! };
}

test('quantiles of many devices are never below the truth, up to a day', () => {
  const random = new Random(7);
  for (let round = 0; round < 500; round++) {
    const latencies: Latencies = {};
    const all: number[] = [];
    for (let device = random.between(1, 6); device > 0; device--) {
      const mine = Array.from({ length: random.between(1, 64) }, () =>
        Math.exp(random.below(18_300) / 1_000),
      );
      addRecoveries(latencies, recoveryOf(mine), mine.length);
      all.push(...mine);
    }
    all.sort((a, b) => a - b);
    const said = quantilesOf(latencies);
    expect(said.count).toBe(all.length);
    for (const [word, share] of [
      ['p50', 0.5],
      ['p95', 0.95],
      ['p99', 0.99],
    ] as const) {
      const truth = all[Math.max(0, Math.ceil(share * all.length) - 1)]!;
      // It is shown to a tenth of a ms.
      if (said[word]! < truth - 0.06)
        throw new Error(`round ${round}: ${word} ${said[word]}, truly ${truth}`);
    }
  }
});

test('quantiles of one device are not far above the truth', () => {
  for (const scale of [1, 7_200]) {
    const latencies: Latencies = {};
    const { count, p50, p95, max } = RECOVERY;
    addRecoveries(
      latencies,
      { count, p50: p50 * scale, p95: p95 * scale, max: max * scale },
      count,
    );
    const said = quantilesOf(latencies);
    expect(said.count).toBe(4);
    for (const [shown, truth] of [
      [said.p50, 100 * scale],
      [said.p95, 400 * scale],
      [said.p99, 1_000 * scale],
    ] as const) {
      expect(shown).toBeGreaterThanOrEqual(truth);
      expect(shown).toBeLessThanOrEqual(truth * 1.1);
    }
  }
  expect(quantilesOf({})).toEqual({ count: 0, p50: null, p95: null, p99: null });
});

test('a row of the database is read as it was written, and a broken one as nothing', () => {
  const span = {
    ...{ ...newSpan(), states: { ATTACHED: 3 }, switches: 4, recoveries: { 55: 1.5 } },
    ...{ watched: { carrier_lost: 2 }, spreads: spreads(48.2, 131) },
  };
  expect(spanOf(spanText(span))).toEqual(span);
  for (const text of [
    '',
    'null',
    '{}',
    '[1',
    '[null]',
    '[{},-1,{},"x"]',
    '[{},0,{},0,0,{},null,7]',
  ]) {
    expect([text, spanOf(text)]).toEqual([text, newSpan()]);
  }
  // As a version wrote it that knew less.
  expect(spanOf('[{"ATTACHED":3},4,{},1,0,{}]')).toEqual({
    ...{ ...newSpan(), states: { ATTACHED: 3 }, switches: 4, replaySigns: 1 },
  });
});

test('transports that died and switches that were denied add up, and of spreads the worst minute stays', () => {
  const sum = newSpan();
  const minute = (watched: Record<string, number>, p50: number | null, p95: number) => ({
    ...newSpan(),
    ...{ watched, spreads: spreads(p50, p95) },
  });
  for (const later of [
    minute({ carrier_lost: 2 }, 40, 90),
    minute({ carrier_lost: 1, switch_denied: 5 }, 35, 2_000),
    minute({}, null, 80),
    { ...newSpan(), watched: { switch_denied: 1 } },
  ]) {
    mergeInto(sum, later);
  }
  expect(sum.watched).toEqual({ carrier_lost: 3, switch_denied: 6 });
  expect(sum.spreads).toEqual(spreads(40, 2_000));
});

test('a day in memory has no spreads: the history tells them', () => {
  const minute = (minutesAgo: number) => {
    const span = { ...newSpan(), switches: 1, spreads: spreads(1, 2) };
    return { atMs: START_MS - minutesAgo * MINUTE_MS, span };
  };
  const day = new Day(START_MS, [minute(2), minute(1)]);
  day.current.spreads = spreads(48, 131);
  const closed = day.close(START_MS + MINUTE_MS);
  expect(closed?.span.spreads).toEqual(spreads(48, 131));
  expect(day.lastDay()).toMatchObject({ switches: 2, spreads: null });
});

test('degraded sessions are a share of those that were granted and live', () => {
  expect(degradedPercent({})).toBeNull();
  expect(degradedPercent({ BIRTH: 5, TERMINATED: 5 })).toBeNull();
  expect(degradedPercent({ ATTACHED: 2, DEGRADED: 1, BIRTH: 9, TERMINATED: 9 })).toBe(33.3);
});
