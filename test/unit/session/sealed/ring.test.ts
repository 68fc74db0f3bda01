/**
 * Goal: what was sealed lately can be found again, byte for byte and counter for counter, and never
 * more than the bounds allow, whoever else needs memory (I11).
 */
import { expect, test } from 'bun:test';
import { plainMemory } from '../../../../session/memory.ts';
import { SlotPool } from '../../../../session/sealed/pool.ts';
import { RESEND_DATAGRAMS_MAX, SealedRing } from '../../../../session/sealed/ring.ts';
import { SLOT_BYTES, SLOT_DATAGRAMS_MAX } from '../../../../session/sealed/slot.ts';
import { Random } from '../../../sim/random.ts';

const CHANNEL = 7;

/** Seal one datagram of `bytes`, filled with its counter. */
function put(ring: SealedRing, bytes: number, counter: number, atMs: number, channelId = CHANNEL) {
  const slot = ring.current(bytes, channelId) ?? ring.open(channelId);
  ring.memory.bytes.fill(counter & 0xff, slot.at + slot.bytes, slot.at + slot.bytes + bytes);
  slot.append(bytes, counter, atMs);
}

interface Found {
  readonly counter: number;
  readonly bytes: number;
  readonly channelId: number;
  readonly isWhole: boolean;
}

function found(ring: SealedRing, sinceMs: number): Found[] {
  const all: Found[] = [];
  ring.each(sinceMs, (at, bytes, channelId, counter) => {
    const content = ring.memory.bytes.subarray(at, at + bytes);
    const isWhole = content.every((byte) => byte === (counter & 0xff));
    all.push({ counter, bytes, channelId, isWhole });
  });
  return all;
}

const pool = (slots: number, onTaken?: () => void) =>
  new SlotPool(plainMemory(slots * SLOT_BYTES), onTaken);

test('what was sealed since then, oldest first, under its counter and keypair', () => {
  const ring = new SealedRing(pool(4), 4 * SLOT_BYTES);
  put(ring, 100, 0, 1_000);
  put(ring, 200, 1, 2_000);
  put(ring, 300, 0, 3_000, 8);
  expect(found(ring, 2_000)).toEqual([
    { counter: 1, bytes: 200, channelId: CHANNEL, isWhole: true },
    { counter: 0, bytes: 300, channelId: 8, isWhole: true },
  ]);
  ring.clear();
  expect(found(ring, 0)).toEqual([]);
});

test('never more slots than its bytes allow: the oldest make room', () => {
  const shared = pool(10);
  const ring = new SealedRing(shared, 3 * SLOT_BYTES + 1);
  const random = new Random(3);
  for (let counter = 0; counter < 2_000; counter++) {
    put(ring, 32 + random.below(1_400), counter, counter);
    expect(shared.freeCount).toBeGreaterThanOrEqual(7);
  }
  const left = found(ring, 0);
  expect(left.every(({ isWhole }) => isWhole)).toBe(true);
  expect(left.at(-1)?.counter).toBe(1_999);
  expect(left.map(({ counter }) => counter)).toEqual(
    left.map((_, index) => 2_000 - left.length + index),
  );
  const total = left.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(total).toBeLessThanOrEqual(3 * SLOT_BYTES);
  expect(total).toBeGreaterThan(2 * (SLOT_BYTES - 1_432));
});

test('small datagrams: a slot takes 1024 of them, and the newest 4096 are told', () => {
  const ring = new SealedRing(pool(8), 8 * SLOT_BYTES);
  for (let counter = 0; counter < 6 * SLOT_DATAGRAMS_MAX; counter++) put(ring, 32, counter, 5);
  const left = found(ring, 0);
  expect(left).toHaveLength(RESEND_DATAGRAMS_MAX);
  expect(left[0]?.counter).toBe(6 * SLOT_DATAGRAMS_MAX - RESEND_DATAGRAMS_MAX);
});

test('a session without a slot takes the oldest one of another, which goes on with the rest', () => {
  let takenCount = 0;
  const shared = pool(2, () => {
    takenCount += 1;
  });
  const one = new SealedRing(shared, 2 * SLOT_BYTES);
  const two = new SealedRing(shared, 2 * SLOT_BYTES);
  put(one, 60_000, 0, 1);
  put(one, 60_000, 1, 2);
  put(two, 100, 0, 3);
  expect(takenCount).toBe(1);
  expect(found(one, 0).map(({ counter }) => counter)).toEqual([1]);
  expect(found(two, 0).map(({ counter }) => counter)).toEqual([0]);
});

test('a slot with a run that was not sent yet is never taken', () => {
  const shared = pool(2);
  const one = new SealedRing(shared, SLOT_BYTES);
  const two = new SealedRing(shared, SLOT_BYTES);
  put(one, 100, 0, 1);
  one.setSending(one.current(1, CHANNEL));
  put(two, 100, 0, 2);
  const three = new SealedRing(shared, SLOT_BYTES);
  put(three, 100, 0, 3);
  expect([found(one, 0).length, found(two, 0).length]).toEqual([1, 0]);
  three.setSending(three.current(1, CHANNEL));
  expect(() => put(new SealedRing(shared, SLOT_BYTES), 100, 0, 4)).toThrow('waits to be sent');
});

test('the counters of a slot follow each other, or it is a defect', () => {
  const ring = new SealedRing(pool(1), SLOT_BYTES);
  put(ring, 100, 5, 0);
  expect(() => put(ring, 100, 7, 0)).toThrow('follow each other');
  expect(() => put(ring, 100, 5, 0)).toThrow('follow each other');
});
