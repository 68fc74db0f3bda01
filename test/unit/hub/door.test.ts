import { expect, test } from 'bun:test';
import {
  COOKIE_BURST_MS,
  COOKIES_PER_SECOND_MAX,
  Door,
  LOAD_HANDSHAKES_PER_WINDOW,
  WORK_BURST_MS,
  WORK_MS_PER_SECOND,
} from '../../../hub/door.ts';

const LIMITS = { perPrefixPerSecond: 5, newSessionsPerSecond: 2 };

test('the hub is under load above 50 handshakes in a quarter of a second, and for a second after', () => {
  const door = new Door(LIMITS, 0);
  for (let at = 0; at < LOAD_HANDSHAKES_PER_WINDOW; at++) expect(door.noteArrival(500)).toBe(false);
  expect(door.noteArrival(500)).toBe(true);
  expect(door.isUnderLoad(1_499)).toBe(true);
  expect(door.noteArrival(1_500)).toBe(false);
});

test('one network uses up its own share of handshakes and not another’s', () => {
  const door = new Door(LIMITS, 0);
  const admitted = (source: string) =>
    Array.from({ length: 10 }, () => door.admitsHandshake(source, 0)).filter(Boolean).length;
  expect(admitted('192.0.2.1:1')).toBe(5);
  expect(admitted('192.0.2.200:9')).toBe(0);
  expect(admitted('198.51.100.1:1')).toBe(5);
});

test('a device told to wait gets in when its wait is over, however many came meanwhile', () => {
  const door = new Door({ ...LIMITS, perPrefixPerSecond: 1_000 }, 0);
  const wait = (device: string, atMs: number) =>
    door.claimWaitMs(device, '192.0.2.1:1', true, atMs);
  while (wait('early', 0) === 0);
  const waitMs = wait('late', 0);
  expect(waitMs).toBeGreaterThan(0);
  for (let other = 0; other < 20; other++) wait(`other ${other}`, 1);
  expect(wait('late', waitMs - 1)).toBeGreaterThan(0);
  expect(wait('late', waitMs)).toBe(0);
});

test('claims of one network beyond its share wait a second', () => {
  const door = new Door(LIMITS, 0);
  const waits = Array.from({ length: 6 }, () => door.claimWaitMs('d', '192.0.2.1:1', false, 0));
  expect(waits).toEqual([0, 0, 0, 0, 0, 1_000]);
});

test('under load only so many are read a second, newcomers and those with a cookie each for themselves', () => {
  const door = new Door({ ...LIMITS, perPrefixPerSecond: 1_000_000 }, 0);
  const read = (hasProof: boolean, atMs: number) => {
    if (!door.isWorthReading(hasProof, atMs)) return false;
    return hasProof
      ? door.admitsProof('192.0.2.1:1', atMs)
      : door.admitsCookie('192.0.2.1:1', atMs);
  };
  const count = (hasProof: boolean, atMs: number) =>
    Array.from({ length: 10_000 }, () => read(hasProof, atMs)).filter(Boolean).length;
  const atOnce = (COOKIES_PER_SECOND_MAX * COOKIE_BURST_MS) / 1_000;
  expect(door.isWorthReading(false, 0)).toBe(true);
  while (!door.noteArrival(0));
  expect(count(false, 0)).toBe(atOnce);
  expect(count(true, 0)).toBe(atOnce);
  expect(count(false, 10)).toBe(COOKIES_PER_SECOND_MAX / 100);
});

test('handshakes take half of the time and no more, however long one takes', () => {
  for (const costMs of [0.2, 3, 400]) {
    const door = new Door(LIMITS, 0);
    let spentMs = 0;
    for (let atMs = 0; atMs < 10_000; atMs += 0.5) {
      if (!door.hasTime(atMs)) continue;
      door.noteWork(costMs);
      spentMs += costMs;
    }
    expect(spentMs).toBeLessThan(10 * WORK_MS_PER_SECOND + WORK_BURST_MS + costMs);
    expect(spentMs).toBeGreaterThan(10 * WORK_MS_PER_SECOND * 0.75);
  }
});

test('a machine that stood still in the middle of a handshake owes a second of work, not all of it', () => {
  const door = new Door(LIMITS, 0);
  expect(door.hasTime(1)).toBe(true);
  door.noteWork(600_000);
  expect(door.hasTime(600_001)).toBe(true);
  door.noteWork(600_000);
  expect(door.hasTime(600_500)).toBe(false);
  expect(door.hasTime(601_700)).toBe(true);
});

test('another policy counts from the next claim on, and gives back nothing that was used up', () => {
  const door = new Door(LIMITS, 0);
  const admitted = (atMs: number) =>
    Array.from({ length: 30 }, () => door.admitsHandshake('192.0.2.1:1', atMs)).filter(Boolean)
      .length;
  expect(admitted(0)).toBe(5);
  door.setLimits({ perPrefixPerSecond: 20, newSessionsPerSecond: 2 });
  expect(admitted(0)).toBe(0);
  expect(admitted(1_000)).toBe(20);
  door.setLimits({ perPrefixPerSecond: 2, newSessionsPerSecond: 2 });
  expect(admitted(10_000)).toBe(2);
});
