/**
 * Goal: the search ends, near the limit, and never calls a rate good that lost too much.
 *
 * Method: made-up tunnels with a known limit.
 */
import { expect, test } from 'bun:test';
import { highestRate, type Probe } from '../../../lab/bench/packetRate.ts';

const SENDER_MAX_PPS = 200_000;

/** Forwards up to `limitPps`; a flood costs it so much that only `flooded` of the limit gets through. */
function tunnel(limitPps: number, flooded = 0.9) {
  const tried: (number | null)[] = [];
  const probe = async (pps: number | null): Promise<Probe> => {
    tried.push(pps);
    const sentPps = Math.min(pps ?? SENDER_MAX_PPS, SENDER_MAX_PPS);
    const receivedPps = sentPps <= limitPps ? sentPps : limitPps * (pps === null ? flooded : 1);
    return { sentPps, receivedPps, lossPercent: 100 * (1 - receivedPps / sentPps) };
  };
  return { probe, tried };
}

test('the limit is found from below, as close as the steps allow', async () => {
  for (const limitPps of [1_000, 20_000, 150_000]) {
    for (const flooded of [0.8, 0.9, 1]) {
      const { probe, tried } = tunnel(limitPps, flooded);
      const found = await highestRate(probe, 6);
      expect(found).toBeLessThanOrEqual(limitPps * 1.0001);
      expect(found).toBeGreaterThan(limitPps * 0.95);
      expect(tried).toHaveLength(7);
    }
  }
});

test('a flood that loses nothing is the sender’s limit, and the end', async () => {
  const { probe, tried } = tunnel(300_000);
  expect(await highestRate(probe, 6)).toBe(SENDER_MAX_PPS);
  expect(tried).toEqual([null]);
});

test('without a good rate in the window it looks below', async () => {
  // Floods get through far better than any steady rate above a fifth of them.
  const probe = async (pps: number | null): Promise<Probe> => {
    if (pps === null) return { sentPps: 100_000, receivedPps: 50_000, lossPercent: 50 };
    return { sentPps: pps, receivedPps: pps, lossPercent: pps <= 10_000 ? 0 : 1 };
  };
  expect(await highestRate(probe, 5)).toBeCloseTo(7_500, 0);
});

test('a tunnel that always loses: 0, after a bounded number of probes', async () => {
  const tried: (number | null)[] = [];
  const probe = async (pps: number | null): Promise<Probe> => {
    tried.push(pps);
    return { sentPps: pps ?? 100_000, receivedPps: (pps ?? 100_000) / 2, lossPercent: 50 };
  };
  expect(await highestRate(probe, 5)).toBe(0);
  expect(tried).toHaveLength(1 + 5 + 4);
});

test('exactly one in a hundred is too much', async () => {
  const probe = async (pps: number | null): Promise<Probe> => {
    const sentPps = pps ?? 1000;
    return { sentPps, receivedPps: sentPps * 0.99, lossPercent: 1 };
  };
  expect(await highestRate(probe, 3)).toBe(0);
});
