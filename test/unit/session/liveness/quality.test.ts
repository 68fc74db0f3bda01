import { describe, expect, test } from 'bun:test';
import type { QualityLimits } from '../../../../session/device/limits.ts';
import { type Liveness, newLiveness, type Outcome } from '../../../../session/liveness/liveness.ts';
import {
  faultOf,
  isHealthy,
  latelyOf,
  type Quality,
  qualityOf,
} from '../../../../session/liveness/quality.ts';

const LIMITS: QualityLimits = {
  lossEnterPercent: 20,
  lossLeavePercent: 10,
  rttEnterMs: 1_000,
  rttLeaveMs: 500,
  jitterEnterMs: 300,
  jitterLeaveMs: 150,
  windowMs: 2_000,
  settleMs: 3_000,
};
const GOOD: Quality = { lossPercent: 0, rttMs: 20, jitterMs: 1, samples: 20 };

/** Outcomes 100 ms apart, the newest at `endMs`. */
function history(rtts: readonly (number | null)[], endMs = 10_000): Liveness {
  const outcomes: Outcome[] = rtts.map((rttMs, i) => ({
    probeId: i,
    atMs: endMs - (rtts.length - 1 - i) * 100,
    rttMs,
    wasMissed: rttMs === null,
  }));
  return { ...newLiveness, outcomes };
}

describe('quality', () => {
  test('loss is the share of the window that was never answered', () => {
    expect(qualityOf(history([10, null, 10, null]), 10_000, 2_000)).toMatchObject({
      lossPercent: 50,
      samples: 4,
    });
  });

  test('late is not lost', () => {
    const liveness = history([10, 10, 10, 400]);
    const late = liveness.outcomes.map((outcome) => ({ ...outcome, wasMissed: true }));
    expect(qualityOf({ ...liveness, outcomes: late }, 10_000, 2_000).lossPercent).toBe(0);
  });

  test('jitter is the mean step from answer to answer', () => {
    expect(qualityOf(history([10, 30, null, 20]), 10_000, 2_000).jitterMs).toBe(15);
    expect(qualityOf(history([10]), 10_000, 2_000).jitterMs).toBe(0);
  });

  test('what is as old as the window is out of it', () => {
    const liveness = history(Array.from({ length: 30 }, () => 10));
    expect(qualityOf(liveness, 10_000, 2_000).samples).toBe(20);
  });

  test('an empty window has no loss, and the smoothed round trip', () => {
    const liveness = { ...history([]), rtt: { srttMs: 33, varMs: 1 } };
    expect(qualityOf(liveness, 10_000, 2_000)).toEqual({
      lossPercent: 0,
      rttMs: 33,
      jitterMs: 0,
      samples: 0,
    });
  });

  test('lately means the newest eight where the window holds fewer', () => {
    const idle = history([null, 10, 10, 10, 10, 10, 10, 10, 10], 1_000);
    expect(latelyOf(idle, 60_000, 2_000)).toMatchObject({ lossPercent: 0, samples: 8 });
    const busy = history(Array.from({ length: 30 }, () => 10));
    expect(latelyOf(busy, 10_000, 2_000).samples).toBe(20);
  });

  test('a fault is over the enter value; at it there is none', () => {
    expect(faultOf({ ...GOOD, lossPercent: 20 }, LIMITS)).toBeNull();
    expect(faultOf({ ...GOOD, lossPercent: 21 }, LIMITS)).toBe('quality_loss');
    expect(faultOf({ ...GOOD, rttMs: 1_000 }, LIMITS)).toBeNull();
    expect(faultOf({ ...GOOD, rttMs: 1_001 }, LIMITS)).toBe('quality_rtt');
    expect(faultOf({ ...GOOD, jitterMs: 300 }, LIMITS)).toBeNull();
    expect(faultOf({ ...GOOD, jitterMs: 301 }, LIMITS)).toBe('quality_jitter');
  });

  test('seven outcomes say nothing, eight do', () => {
    expect(faultOf({ ...GOOD, lossPercent: 90, samples: 7 }, LIMITS)).toBeNull();
    expect(faultOf({ ...GOOD, lossPercent: 90, samples: 8 }, LIMITS)).toBe('quality_loss');
  });

  test('healthy is at or below every leave value, and never without a sample', () => {
    expect(isHealthy({ ...GOOD, lossPercent: 10, rttMs: 500, jitterMs: 150 }, LIMITS)).toBe(true);
    expect(isHealthy({ ...GOOD, lossPercent: 11 }, LIMITS)).toBe(false);
    expect(isHealthy({ ...GOOD, rttMs: 501 }, LIMITS)).toBe(false);
    expect(isHealthy({ ...GOOD, jitterMs: 151 }, LIMITS)).toBe(false);
    expect(isHealthy({ ...GOOD, samples: 0 }, LIMITS)).toBe(false);
  });
});
