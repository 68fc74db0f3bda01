/**
 * Goal: what the broker keeps is waited for while more of it comes, over connections that break too; not for ever where each begins again.
 */
import { expect, test } from 'bun:test';
import { Arrival } from '../../../fleet/push/arrival.ts';

const SILENCE_MAX_MS = 20_000;
const EACH_MS = 10;

/** Connections that bring a message each 10 ms for so long, a second apart. @returns the longest silence of each. */
function connected(arrival: Arrival, ...lengthsMs: readonly number[]) {
  let nowMs = 0;
  const silences = lengthsMs.map((lengthMs) => {
    let longestMs = 0;
    nowMs += 1_000;
    for (const endMs = nowMs + lengthMs; nowMs < endMs; nowMs += EACH_MS) {
      longestMs = Math.max(longestMs, arrival.silenceMs(nowMs));
      arrival.onRetained(nowMs);
    }
    arrival.onDown();
    return longestMs;
  });
  return { nowMs, silences };
}

test('a slow line that breaks is waited for while messages come', () => {
  for (const lengthsMs of [
    [60_000, 61_000],
    [60_000, 45_000, 61_000],
  ]) {
    const arrival = new Arrival(0);
    const { silences } = connected(arrival, ...lengthsMs);
    expect([lengthsMs, silences.filter((silence) => silence > 2_000)]).toEqual([lengthsMs, []]);
    expect(arrival.countMax).toBe(6_100);
  }
});

test('one that begins again each time is given up, and so is one that brings nothing', () => {
  const { silences } = connected(new Arrival(0), 60_000, 60_000, 60_000, 60_000, 60_000, 60_000);
  expect(silences.map((silence) => silence > SILENCE_MAX_MS)).toEqual([
    ...[false, false, false, false, true, true],
  ]);
  const arrival = new Arrival(0);
  const { nowMs } = connected(arrival, 1_000);
  // Tries that come to nothing use up nothing, and are no news.
  for (let tries = 0; tries < 10; tries++) arrival.onDown();
  expect(arrival.silenceMs(nowMs + SILENCE_MAX_MS)).toBeGreaterThan(SILENCE_MAX_MS);
  arrival.onRetained(nowMs + SILENCE_MAX_MS);
  expect(arrival.silenceMs(nowMs + SILENCE_MAX_MS)).toBe(0);
});

test('each connection that comes further begins the count of those that do not anew', () => {
  const lengthsMs = [30_000, 25_000, 25_000, 25_000, 40_000, 35_000, 35_000, 35_000, 35_000];
  const { silences } = connected(new Arrival(0), ...lengthsMs);
  // The fifth is too late: three came no further before it.
  expect(silences.findIndex((silence) => silence > SILENCE_MAX_MS)).toBe(4);
  const fewer = lengthsMs.toSpliced(3, 1);
  const later = connected(new Arrival(0), ...fewer).silences;
  expect(later.findIndex((silence) => silence > SILENCE_MAX_MS)).toBe(7);
});
