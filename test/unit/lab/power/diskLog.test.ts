/**
 * Goal: the cuts of `scripts/power-cuts` take from a disk what a real one may lose, and never what it was told to flush.
 */
import { expect, test } from 'bun:test';
import {
  CutDisk,
  FATES,
  LOG_HEADER_BYTES,
  LOG_KIND,
  type LogEntry,
  putLogHeader,
  readLog,
  SECTOR_BYTES,
  survivors,
} from '../../../lab/power/diskLog.ts';
import { chooseCuts } from '../../../lab/power/trial.ts';
import { newRandom } from '../../../lab/random.ts';

const write = (at: number, value: number, sizeBytes = SECTOR_BYTES): LogEntry => ({
  ...{ kind: 'write', at },
  bytes: new Uint8Array(sizeBytes).fill(value),
});
const flush: LogEntry = { kind: 'flush' };
const mark: LogEntry = { kind: 'mark', text: '{}' };
const blank = () => new Uint8Array(4 * SECTOR_BYTES);
const sectors = (image: Uint8Array) => [0, 1, 2, 3].map((at) => image[at * SECTOR_BYTES]);

test('a log reads as it was written, and a cut one is refused', () => {
  const entry = (kind: number, at: number, body: string) => {
    const bytes = Buffer.alloc(LOG_HEADER_BYTES + body.length, body);
    putLogHeader(bytes, kind, at, body.length);
    if (body !== '') bytes.write(body, LOG_HEADER_BYTES);
    return bytes;
  };
  const log = Buffer.concat([
    entry(LOG_KIND.write, 4_096, 'abc'),
    entry(LOG_KIND.flush, 0, ''),
    entry(LOG_KIND.mark, 0, '{"n":1}'),
  ]);
  expect(readLog(log)).toEqual([
    { kind: 'write', at: 4_096, bytes: Buffer.from('abc') },
    { kind: 'flush' },
    { kind: 'mark', text: '{"n":1}' },
  ]);
  expect(() => readLog(log.subarray(0, -1))).toThrow('cut short');
});

test('what was flushed is there, whatever became of the rest', () => {
  const entries = [write(0, 1), flush, write(0, 2), write(SECTOR_BYTES, 3)];
  for (const fate of FATES) {
    for (let seed = 1; seed <= 20; seed++) {
      const random = newRandom(seed, fate);
      const [first, second] = sectors(new CutDisk(blank(), entries).after(4, fate, random));
      expect([1, 2]).toContain(first!);
      expect([0, 3]).toContain(second!);
    }
  }
  const disk = new CutDisk(blank(), entries);
  expect(sectors(disk.after(2, 'nothing', Math.random))).toEqual([1, 0, 0, 0]);
  expect(disk.pendingCount).toBe(0);
  expect(sectors(disk.after(4, 'nothing', Math.random))).toEqual([1, 0, 0, 0]);
  expect(sectors(disk.after(4, 'everything', Math.random))).toEqual([2, 3, 0, 0]);
  expect(disk.pendingCount).toBe(2);
});

test('each fate does what its name says, and all that it may', () => {
  const pending = [4, 5, 6].map((at) => ({
    at: at * 1_024,
    bytes: new Uint8Array(2 * SECTOR_BYTES).fill(at + 1),
  }));
  const kept = (fate: (typeof FATES)[number]) => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 400; seed++) {
      const list = survivors(pending, fate, newRandom(seed, fate));
      seen.add(list.map(({ at }) => at / SECTOR_BYTES).join(' '));
    }
    return seen;
  };
  expect([...kept('nothing')]).toEqual(['']);
  expect([...kept('everything')]).toEqual(['8 10 12']);
  expect([...kept('order')].sort()).toEqual(['', '8', '8 10', '8 10 12']);
  expect(kept('writes').size).toBe(8);
  expect(kept('sectors').size).toBe(64);
});

test('the superblock of ext4 arrives whole or not at all', () => {
  const block = [{ at: 0, bytes: new Uint8Array(4_096) }];
  for (let seed = 1; seed <= 50; seed++) {
    const list = survivors(block, 'sectors', newRandom(seed, 'superblock'));
    expect(list.filter(({ at }) => at === 1_536)).toEqual([]);
    for (const { at, bytes } of list) expect(bytes.length).toBe(at === 1_024 ? 1_024 : 512);
  }
});

test('cuts fall while files are made, before flushes and anywhere', () => {
  const entries = [write(0, 1), flush, mark, ...Array.from({ length: 500 }, () => flush)];
  const cuts = chooseCuts(entries, 300, newRandom(1, 'cuts')).map(({ after }) => after);
  expect(cuts).toEqual([...cuts].sort((a, b) => a - b));
  expect(cuts.filter((after) => after <= 42).length).toBeGreaterThanOrEqual(100);
  expect(Math.max(...cuts)).toBeGreaterThan(400);
  expect(Math.min(...cuts)).toBeGreaterThanOrEqual(1);
});
