/**
 * Goal: datagrams leave in the order of sealing, each once, in runs that one system call may carry.
 */
import { expect, test } from 'bun:test';
import { plainMemory } from '../../../../session/memory.ts';
import { Outbound } from '../../../../session/sealed/outbound.ts';
import { SlotPool } from '../../../../session/sealed/pool.ts';
import { SealedRing } from '../../../../session/sealed/ring.ts';
import { SLOT_BYTES } from '../../../../session/sealed/slot.ts';
import { Random } from '../../../sim/random.ts';

interface Run {
  readonly lengths: readonly number[];
  readonly ecn: number;
  readonly marks: readonly number[];
}

function rig(slots = 4) {
  const pool = new SlotPool(plainMemory(slots * SLOT_BYTES));
  const ring = new SealedRing(pool, slots * SLOT_BYTES);
  const runs: Run[] = [];
  const outbound = new Outbound(ring, (at, bytes, segmentBytes, ecn) => {
    const lengths: number[] = [];
    const marks: number[] = [];
    for (let done = 0; done < bytes; done += segmentBytes) {
      lengths.push(Math.min(segmentBytes, bytes - done));
      marks.push(new DataView(pool.memory.bytes.buffer).getUint32(at + done));
    }
    runs.push({ lengths, ecn, marks });
  });
  let counter = 0;
  const put = (bytes: number, ecn = 0, channelId = 1) => {
    const at = outbound.reserve(bytes, channelId, ecn);
    new DataView(pool.memory.bytes.buffer).setUint32(at, counter);
    outbound.commit(bytes, counter, 0);
    counter += 1;
  };
  return { outbound, runs, put, pool, ring };
}

const lengthsOf = (runs: readonly Run[]) => runs.map(({ lengths }) => lengths);

test('equal datagrams are one run, a shorter one ends it, a longer one begins another', () => {
  const { outbound, runs, put } = rig();
  for (const bytes of [100, 100, 60, 100, 120, 120]) put(bytes);
  expect(lengthsOf(runs)).toEqual([[100, 100, 60], [100]]);
  outbound.flush();
  expect(lengthsOf(runs)).toEqual([[100, 100, 60], [100], [120, 120]]);
  outbound.flush();
  expect(runs).toHaveLength(3);
});

test('a run has one ECN field', () => {
  const { outbound, runs, put } = rig();
  put(100, 0);
  put(100, 2);
  put(100, 2);
  outbound.flush();
  expect(runs.map(({ lengths, ecn }) => [lengths.length, ecn])).toEqual([
    [1, 0],
    [2, 2],
  ]);
});

test('at most 64 datagrams and 65,507 bytes in a run', () => {
  const { outbound, runs, put } = rig();
  for (let count = 0; count < 65; count++) put(32);
  outbound.flush();
  expect(runs.map(({ lengths }) => lengths.length)).toEqual([64, 1]);
  runs.length = 0;
  for (let count = 0; count < 46; count++) put(1_472);
  outbound.flush();
  expect(runs.map(({ lengths }) => lengths.length)).toEqual([43, 3]);
});

test('a datagram is as long as UDP takes, and not one byte longer', () => {
  const { outbound, put } = rig();
  put(65_507);
  expect(() => outbound.reserve(65_508, 1, 0)).toThrow('fits into UDP');
});

test('room that was reserved and not used changes nothing', () => {
  const { outbound, runs, put, ring } = rig();
  outbound.reserve(500, 1, 0);
  expect(outbound.isWaiting).toBe(false);
  outbound.flush();
  put(100);
  outbound.flush();
  expect(lengthsOf(runs)).toEqual([[100]]);
  let told = 0;
  ring.each(0, () => {
    told += 1;
  });
  expect(told).toBe(1);
});

test('whatever the lengths, channels and marks: in order, each once, and the ring holds what was sent', () => {
  const { outbound, runs, put, ring } = rig(40);
  const random = new Random(9);
  let expected = 0;
  for (let batch = 0; batch < 60; batch++) {
    const channelId = 1 + batch;
    // A new channel starts at any counter of its own; this rig counts on, which is one too.
    for (let count = random.below(40); count > 0; count--) {
      put(random.chance(70) ? 1_472 : 32 + random.below(1_440), random.below(3), channelId);
      expected += 1;
    }
    outbound.flush();
  }
  const marks = runs.flatMap((run) => run.marks);
  expect(marks).toEqual(Array.from({ length: expected }, (_, index) => index));
  const kept: number[] = [];
  ring.each(0, (_at, _bytes, _channelId, counter) => kept.push(counter));
  expect(kept).toEqual(marks.slice(-kept.length));
  expect(kept.length).toBeGreaterThan(500);
  for (const { lengths } of runs) {
    const [first] = lengths;
    expect(lengths.slice(0, -1).every((bytes) => bytes === first)).toBe(true);
    expect(lengths.at(-1)!).toBeLessThanOrEqual(first!);
  }
});
