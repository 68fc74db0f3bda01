import { expect, test } from 'bun:test';
import { MemorySegments } from '../../../../hal/memory/segments.ts';
import { halFail } from '../../../../hal/result.ts';
import { newRandom } from '../../../lab/random.ts';

const filled = (value: number, bytes = 200) => new Uint8Array(bytes).fill(value);
const states = (segments: MemorySegments, name: string) => {
  const random = newRandom(5, 'cuts');
  return Array.from({ length: 2_000 }, () => segments.cut(random).read(name));
};

test('what was synced is in every state after it, and its name', () => {
  const segments = new MemorySegments();
  segments.append('a', filled(1));
  segments.syncNow('a');
  for (const bytes of states(segments, 'a')) expect(bytes).toEqual(filled(1));
});

test('what was appended since may be absent, cut anywhere, or have holes', () => {
  const segments = new MemorySegments();
  segments.append('a', filled(1, 100));
  segments.syncNow('a');
  segments.append('a', filled(2));
  const seen = states(segments, 'a');
  expect(seen.every((bytes) => bytes!.subarray(0, 100).every((value) => value === 1))).toBe(true);
  expect(new Set(seen.map((bytes) => bytes!.length)).size).toBe(201);
  expect(seen.some((bytes) => bytes!.length > 264 && bytes![110] === 0 && bytes![264] === 2)).toBe(
    true,
  );
});

test('a name that was never synced may be gone, one that was removed may be back', () => {
  const segments = new MemorySegments();
  segments.append('new', filled(1));
  segments.append('old', filled(2));
  segments.syncNow('old');
  segments.remove('old');
  expect([segments.read('old'), segments.names()]).toEqual([null, ['new']]);
  for (const name of ['new', 'old']) {
    const seen = states(segments, name);
    expect([seen.includes(null), seen.some((bytes) => bytes !== null)]).toEqual([true, true]);
  }
  segments.syncNow('new');
  expect(new Set(states(segments, 'old'))).toEqual(new Set([null]));
});

test('a sync ends when it is told to, with what was there when it began', () => {
  const segments = new MemorySegments();
  segments.append('a', filled(1, 50));
  const ends: boolean[] = [];
  segments.sync('a', ({ ok }) => ends.push(ok));
  segments.append('a', filled(2, 50));
  expect(ends).toEqual([]);
  segments.settle();
  expect(ends).toEqual([true]);
  expect(Math.min(...states(segments, 'a').map((bytes) => bytes!.length))).toBe(50);
});

test('what is to fail fails once, with half of it written', () => {
  const segments = new MemorySegments();
  segments.failNext = halFail('storageFull', 'ENOSPC');
  expect(segments.append('a', filled(1)).ok).toBe(false);
  expect(segments.read('a')).toEqual(filled(1, 100));
  expect(segments.append('a', filled(2, 1)).ok).toBe(true);
  expect(segments.read('a')?.length).toBe(101);
});
