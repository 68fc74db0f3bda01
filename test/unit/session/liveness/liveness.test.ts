import { describe, expect, test } from 'bun:test';
import {
  LATE_MAX,
  type Liveness,
  newLiveness,
  nextTimeoutMs,
  OUTCOMES_MAX,
  OUTSTANDING_MAX,
  onHeard,
  onProbeAnswered,
  onProbeSent,
  onProven,
  onSlept,
  onTime,
} from '../../../../session/liveness/liveness.ts';
import { missesNeeded, verdictOf } from '../../../../session/liveness/verdict.ts';
import { Random } from '../../../sim/random.ts';

/** `answered` of `of` probes answered after 20 ms, spread evenly, 100 ms apart. */
function lived(of: number, missed = 0): Liveness {
  let liveness = newLiveness;
  const every = missed === 0 ? Number.POSITIVE_INFINITY : Math.floor(of / missed);
  for (let i = 0; i < of; i++) {
    const atMs = i * 100;
    liveness = onProbeSent(onTime(liveness, atMs), i + 1, atMs);
    const isMissed = i % every === 1 && i < missed * every;
    liveness = isMissed ? onTime(liveness, atMs + 99) : onProbeAnswered(liveness, i + 1, atMs + 20);
  }
  return liveness;
}

/** `count` probes 10 ms apart from `fromMs`, none answered, each given up in time, the last at the returned time. */
function silent(
  before: Liveness,
  count: number,
  fromMs: number,
  fromId = 10_000,
): [Liveness, number] {
  let liveness = before;
  for (let i = 0; i < count; i++) liveness = onProbeSent(liveness, fromId + i, fromMs + i * 10);
  let atMs = fromMs;
  for (const { timeoutAtMs } of liveness.outstanding) {
    atMs = timeoutAtMs;
    liveness = onTime(liveness, atMs);
  }
  return [liveness, atMs];
}

/** A packet each 100 ms from 20,100 on, and one at `atMs`. */
function heardUntil(before: Liveness, atMs: number): Liveness {
  let liveness = before;
  for (let ms = 20_100; ms < atMs; ms += 100) liveness = onHeard(liveness, ms);
  return onHeard(liveness, atMs);
}

describe('the verdict', () => {
  test('one per cent at least: five misses in a row, four are doubt', () => {
    const [four, fourMs] = silent(lived(100), 4, 20_000);
    expect(verdictOf(four, fourMs, 3)).toBe('doubt');
    const [five, fiveMs] = silent(lived(100), 5, 20_000);
    expect(verdictOf(five, fiveMs, 3)).toBe('dead');
  });

  test('as many misses as chance does not explain: loss^k < 1e-9, and not one fewer', () => {
    for (const [missed, of] of [
      [0, 100],
      [5, 100],
      [10, 100],
      [20, 100],
      [50, 100],
    ] as const) {
      const liveness = lived(of, missed);
      const loss = Math.max(0.01, missed / of);
      const needed = missesNeeded(liveness, 2);
      expect(loss ** needed).toBeLessThan(1e-9);
      expect(loss ** (needed - 1)).toBeGreaterThanOrEqual(1e-9);
    }
  });

  test("the policy's floor holds whatever the loss is", () => {
    expect(missesNeeded(lived(100), 12)).toBe(12);
    const [eleven, atMs] = silent(lived(100), 11, 20_000);
    expect(verdictOf(eleven, atMs, 12)).toBe('doubt');
  });

  test('the run under judgement does not raise the loss it is judged by', () => {
    const [run] = silent(lived(30), 30, 20_000);
    expect(missesNeeded(run, 2)).toBe(5);
  });

  test('two seconds of probed silence are death whatever the loss was', () => {
    const lossy = lived(100, 50);
    expect(missesNeeded(lossy, 3)).toBe(30);
    let liveness = onProbeAnswered(onProbeSent(lossy, 9_999, 19_000), 9_999, 19_020);
    for (let i = 0; i < 10; i++) {
      const atMs = 20_000 + i * 200;
      liveness = onProbeSent(onTime(liveness, atMs), 10_000 + i, atMs);
    }
    const just = onTime(liveness, 21_999);
    expect(verdictOf(just, 21_999, 3)).toBe('doubt');
    expect(verdictOf(onTime(liveness, 22_000), 22_000, 3)).toBe('dead');
  });

  test('silence that nobody probed is none', () => {
    expect(verdictOf(onTime(lived(100), 3_600_000), 3_600_000, 3)).toBe('alive');
  });

  test('while answers arrive there is no dead verdict, late ones included', () => {
    const [run, atMs] = silent(lived(100), 20, 20_000);
    expect(verdictOf(run, atMs, 3)).toBe('dead');
    const healed = onProbeAnswered(run, 10_003, atMs);
    expect(verdictOf(healed, atMs, 3)).toBe('alive');
    expect(healed.missedInRow).toBe(0);
  });

  test('heard all the while, it is one way', () => {
    const [run, atMs] = silent(lived(100), 5, 20_000);
    expect(verdictOf(heardUntil(run, atMs), atMs, 3)).toBe('dead_one_way');
    // What was under way when it was cut is no proof.
    expect(verdictOf(onHeard(run, 20_005), atMs, 3)).toBe('dead');
    // Nor is what came before anything was overdue, or with the news of it.
    const { doubtedSinceMs } = run;
    if (doubtedSinceMs === null) throw new Error('five misses, and no doubt');
    expect(doubtedSinceMs).toBeGreaterThan(20_020);
    expect(verdictOf(heardUntil(run, doubtedSinceMs), atMs, 3)).toBe('dead');
    expect(verdictOf(heardUntil(run, doubtedSinceMs + 1), atMs, 3)).toBe('dead_one_way');
  });

  test('what ends a silence both ways is a link that is back: what was asked in the silence says nothing', () => {
    const [run, atMs] = silent(lived(100), 5, 20_000);
    expect(verdictOf(run, atMs, 3)).toBe('dead');
    const back = onHeard(run, atMs);
    expect(verdictOf(back, atMs, 3)).toBe('doubt');
    // Five more from there on, and it is the way out. Said once: what trickles in puts nothing off.
    const [four, fourMs] = silent(back, 4, atMs, 20_000);
    expect(verdictOf(onHeard(four, fourMs), fourMs, 3)).toBe('doubt');
    const [five, fiveMs] = silent(back, 5, atMs, 20_000);
    expect(verdictOf(onHeard(five, fiveMs), fiveMs, 3)).toBe('dead_one_way');
    // However much was lost before, two seconds are enough.
    expect(verdictOf(back, atMs + 1_999, 3)).toBe('doubt');
    expect(verdictOf(back, atMs + 2_000, 3)).toBe('dead_one_way');
    // An answer ends it, and the next silence is one of its own.
    const healed = onProbeAnswered(five, 20_004, fiveMs);
    expect(healed.heardAgainAtMs).toBeNull();
    expect(onProven(five, fiveMs).heardAgainAtMs).toBeNull();
  });

  test('a pause of 249 ms in a run is none', () => {
    const [run, atMs] = silent(lived(100), 5, 20_000);
    expect(onHeard(onHeard(run, atMs), atMs + 249).heardAgainAtMs).toBe(atMs);
    const heard = heardUntil(run, 20_900);
    expect(onHeard(heard, 21_149).heardAgainAtMs).toBeNull();
    expect(onHeard(heard, 21_150).heardAgainAtMs).toBe(21_150);
  });

  test('what is told late of an earlier packet takes nothing back', () => {
    const [run, atMs] = silent(lived(100), 5, 20_000);
    expect(verdictOf(onHeard(heardUntil(run, atMs), 20_005), atMs, 3)).toBe('dead_one_way');
  });

  test('doubt ends with an answer and begins anew', () => {
    const [run, atMs] = silent(lived(100), 5, 20_000);
    const healed = onProbeAnswered(run, 10_003, atMs);
    expect(healed.doubtedSinceMs).toBeNull();
    const [again, againMs] = silent(onHeard(healed, atMs), 20, atMs + 1_000, 20_000);
    expect(again.doubtedSinceMs).toBeGreaterThan(atMs + 1_000);
    expect(verdictOf(again, againMs, 3)).toBe('dead');
  });
});

describe('probes', () => {
  test('an answer counts once, and for its own probe alone', () => {
    const sent = onProbeSent(newLiveness, 7, 1_000);
    expect(onProbeAnswered(sent, 8, 1_020)).toBe(sent);
    const answered = onProbeAnswered(sent, 7, 1_020);
    expect(answered.rtt).toEqual({ srttMs: 20, varMs: 10 });
    expect(onProbeAnswered(answered, 7, 1_030)).toBe(answered);
  });

  test('a late answer is one outcome, not two: a delay, no loss', () => {
    const sent = onProbeSent(newLiveness, 7, 1_000);
    const missed = onTime(sent, 1_300);
    expect(missed.outcomes).toEqual([{ probeId: 7, atMs: 1_300, rttMs: null, wasMissed: true }]);
    const late = onProbeAnswered(missed, 7, 1_450);
    expect(late.outcomes).toEqual([{ probeId: 7, atMs: 1_300, rttMs: 450, wasMissed: true }]);
  });

  test('later than ten seconds it is no answer: it measures a suspended machine', () => {
    const missed = onTime(onProbeSent(newLiveness, 7, 1_000), 1_300);
    const other = onTime(onProbeSent(missed, 8, 12_000), 12_500);
    expect(onProbeAnswered(other, 7, 12_600)).toBe(other);
    expect(onProbeAnswered(other, 8, 12_600)).not.toBe(other);
  });

  test('after ten seconds without an answer a probe is given a second to wake the radio', () => {
    const awake = lived(50);
    const answeredMs = awake.answeredAtMs ?? 0;
    const soon = onProbeSent(awake, 99, answeredMs + 9_999);
    expect(nextTimeoutMs(soon)).toBeLessThan(answeredMs + 9_999 + 100);
    const asleep = onProbeSent(awake, 99, answeredMs + 10_000);
    expect(nextTimeoutMs(asleep)).toBe(answeredMs + 11_000);
  });

  test('stability ends with the second miss in a row, not with the first', () => {
    const steady = lived(50);
    const [one] = silent(steady, 1, 20_000);
    expect(one.stableSinceMs).toBe(steady.stableSinceMs);
    const [two] = silent(steady, 2, 20_000);
    expect(two.stableSinceMs).toBeNull();
  });

  test('one more than the list holds: the oldest counts as missed instead of being forgotten', () => {
    let liveness: Liveness = { ...newLiveness, rtt: { srttMs: 900, varMs: 200 } };
    for (let i = 0; i < OUTSTANDING_MAX; i++) liveness = onProbeSent(liveness, i, i);
    expect(liveness.missedInRow).toBe(0);
    liveness = onProbeSent(liveness, 999, 100);
    expect(liveness.outstanding).toHaveLength(OUTSTANDING_MAX);
    expect(liveness.missedInRow).toBe(1);
    expect(onProbeAnswered(liveness, 0, 500).missedInRow).toBe(0);
  });

  test('loss that has just begun counts as what it is among the newest, however good the time before', () => {
    const outcomes = (missed: (i: number) => boolean) =>
      Array.from({ length: OUTCOMES_MAX }, (_, i) => ({
        ...{ probeId: i, atMs: 12 * i, rttMs: missed(i) ? null : 20, wasMissed: missed(i) },
      }));
    const isNew = (i: number) => i >= OUTCOMES_MAX - 40;
    const begun = { ...lived(50), outcomes: outcomes((i) => isNew(i) && i % 4 === 0) };
    expect(missesNeeded(begun, 3)).toBe(15);
    const one = { ...lived(50), outcomes: outcomes((i) => i === OUTCOMES_MAX - 20) };
    expect(missesNeeded(one, 3)).toBe(6);
    expect(missesNeeded({ ...lived(50), outcomes: outcomes(() => false) }, 3)).toBe(5);
  });

  test('of a doubt of two seconds no question is forgotten: the first answer is that to the oldest', () => {
    let liveness = lived(20);
    const sinceMs = (liveness.askedAtMs ?? 0) + 10;
    for (let i = 0; i < 200; i++) {
      liveness = onProbeSent(onTime(liveness, sinceMs + 10 * i), 10_000 + i, sinceMs + 10 * i);
    }
    expect(liveness.missedInRow).toBeGreaterThan(150);
    const healed = onProbeAnswered(liveness, 10_000, sinceMs + 1_995);
    expect(healed.missedInRow).toBe(0);
    expect(healed.answeredAtMs).toBe(sinceMs + 1_995);
  });

  test('every list is bounded, whatever is sent and answered, and when', () => {
    const random = new Random(5);
    let liveness = newLiveness;
    let nowMs = 0;
    for (let i = 0; i < 20_000; i++) {
      nowMs += random.between(0, 60);
      liveness = onTime(liveness, nowMs);
      if (random.chance(60)) liveness = onProbeSent(liveness, i, nowMs);
      else liveness = onProbeAnswered(liveness, i - random.between(1, 90), nowMs);
      expect(liveness.outstanding.length).toBeLessThanOrEqual(OUTSTANDING_MAX);
      expect(liveness.late.length).toBeLessThanOrEqual(LATE_MAX);
      expect(liveness.outcomes.length).toBeLessThanOrEqual(OUTCOMES_MAX);
      expect(nextTimeoutMs(liveness) ?? nowMs + 1).toBeGreaterThan(nowMs);
    }
  });
});

describe('many answers in one round trip', () => {
  /** Answered after 20 ms, then each `everyMs` after 40 ms for a second. */
  function swayed(everyMs: number): Liveness {
    let liveness = lived(50);
    const fromMs = (liveness.answeredAtMs ?? 0) + 40;
    for (let atMs = 0; atMs < 1_000; atMs += everyMs) {
      liveness = onProbeSent(liveness, 5_000 + atMs, fromMs + atMs - 20);
      liveness = onProbeAnswered(liveness, 5_000 + atMs, fromMs + atMs + 20);
    }
    return liveness;
  }

  test('count as much as one a tenth of a second would', () => {
    const sparse = swayed(100);
    const dense = swayed(5);
    expect(sparse.rtt?.srttMs).toBeGreaterThan(30);
    expect(Math.abs((dense.rtt?.srttMs ?? 0) - (sparse.rtt?.srttMs ?? 0))).toBeLessThan(2);
    expect(Math.abs((dense.rtt?.varMs ?? 0) - (sparse.rtt?.varMs ?? 0))).toBeLessThan(3);
  });

  test('but for the one that ends a doubt: a delay that jumped is known at once', () => {
    const answered = lived(50);
    const atMs = (answered.answeredAtMs ?? 0) + 5;
    const doubted = onTime(onProbeSent(answered, 7_000, atMs), atMs + 40);
    expect(doubted.missedInRow).toBe(1);
    const late = onProbeAnswered(doubted, 7_000, atMs + 80);
    expect(late.rtt?.srttMs).toBeCloseTo(20 + (80 - 20) / 8, 5);
    const close = onProbeAnswered(onProbeSent(late, 7_001, atMs + 81), 7_001, atMs + 82);
    expect(close.rtt?.srttMs).toBeCloseTo(late.rtt?.srttMs ?? 0, 0);
  });
});

describe('a proof of both directions', () => {
  test('ends the run of misses, and what was asked before it is no miss later', () => {
    const [silenced, atMs] = silent(lived(100), 5, 20_000);
    const asking = onProbeSent(silenced, 20_000, atMs);
    expect(verdictOf(asking, atMs, 3)).toBe('dead');
    const proven = onProven(asking, atMs + 1);
    expect(verdictOf(proven, atMs + 1, 3)).toBe('alive');
    const later = onTime(proven, atMs + 5_000);
    expect(later).toBe(proven);
    const needed = missesNeeded(proven, 3);
    // Silence is measured from the first question after it.
    const [doubted, doubtedMs] = silent(proven, needed - 1, atMs + 5_000);
    expect(verdictOf(doubted, doubtedMs, 3)).toBe('doubt');
    const [dead, deadMs] = silent(proven, needed, atMs + 5_000);
    expect(verdictOf(dead, deadMs, 3)).toBe('dead');
  });

  test('an answer to what was asked before it is one sample and one outcome, no loss', () => {
    const asking = onProbeSent(lived(20), 20_000, 5_000);
    const answered = onProbeAnswered(onProven(asking, 5_010), 20_000, 5_030);
    expect(answered.outcomes).toHaveLength(21);
    expect(answered.outcomes.at(-1)).toEqual({
      probeId: 20_000,
      atMs: 5_030,
      rttMs: 30,
      wasMissed: false,
    });
    expect(onProbeAnswered(answered, 20_000, 5_040)).toBe(answered);
  });
});

describe('a machine that slept for five seconds', () => {
  /** What the link is taken to be once a question of before the sleep is answered behind it. */
  function woken(wasAside: (asked: Liveness, askedAtMs: number) => Liveness, hasSlept: boolean) {
    const known = lived(60);
    const asked = onProbeSent(known, 900, 6_000);
    const aside = wasAside(asked, 6_010);
    const { rtt, outcomes } = onProbeAnswered(hasSlept ? onSlept(aside) : aside, 900, 11_000);
    return { srttMs: rtt?.srttMs ?? 0, newestRttMs: outcomes.at(-1)?.rttMs ?? null };
  }
  const proven = (liveness: Liveness, atMs: number) => onProven(liveness, atMs);
  const givenUp = (liveness: Liveness) => onTime(liveness, 6_999);

  test('◆ does not take the sleep for the way, of what was set aside or given up before', () => {
    for (const wasAside of [proven, givenUp]) {
      const { srttMs, newestRttMs } = woken(wasAside, true);
      expect(srttMs).toBeLessThan(21);
      expect(newestRttMs).toBeLessThan(21);
    }
  });

  test('one that was awake has waited that long for the answer', () => {
    for (const wasAside of [proven, givenUp]) {
      const { srttMs, newestRttMs } = woken(wasAside, false);
      expect(srttMs).toBeGreaterThan(500);
      expect(newestRttMs).toBe(5_000);
    }
  });
});
