import { expect, test } from 'bun:test';
import { encodeRecord, type FlashRecord } from '../../../../session/flash/record.ts';
import { chooseSlot, nextSlot, readSlots } from '../../../../session/flash/slots.ts';

const record = (generation: number, versionCeiling = 0): FlashRecord => ({
  generation,
  versionCeiling,
  timestampReserved: 0,
  policyVersion: 0,
  session: null,
});

test('the higher generation counts, whichever slot it is in', () => {
  expect(chooseSlot(record(4), record(5))?.slot).toBe(1);
  expect(chooseSlot(record(6), record(5))?.slot).toBe(0);
});

test('equal generations: slot 0, whatever they hold', () => {
  expect(chooseSlot(record(5, 1), record(5, 2))).toEqual({ slot: 0, record: record(5, 1) });
  expect(chooseSlot(record(5, 2), record(5, 1))).toEqual({ slot: 0, record: record(5, 2) });
});

test('one lost: the other; both lost: null', () => {
  expect(chooseSlot(null, record(1))?.slot).toBe(1);
  expect(chooseSlot(record(1), null)?.slot).toBe(0);
  expect(chooseSlot(null, null)).toBeNull();
});

test('the next write never goes to the slot that counts', () => {
  expect(nextSlot({ slot: 0, record: record(1) })).toBe(1);
  expect(nextSlot({ slot: 1, record: record(1) })).toBe(0);
  expect(nextSlot(null)).toBe(0);
});

test('each slot is judged by itself', () => {
  const torn = encodeRecord(record(9));
  torn[20]! ^= 1;
  expect(readSlots(torn, encodeRecord(record(8)))).toEqual({
    chosen: { slot: 1, record: record(8) },
    other: null,
    states: ['checksumWrong', 'valid'],
  });
  expect(readSlots(null, torn)).toEqual({
    chosen: null,
    other: null,
    states: ['blank', 'checksumWrong'],
  });
});

test('numbers that leave no room to go on count as damage: nobody ever reached them', () => {
  const most = Number.MAX_SAFE_INTEGER;
  for (const worn of [record(most), record(5, most), { ...record(5), timestampReserved: most }]) {
    expect(readSlots(encodeRecord(worn), encodeRecord(record(4)))).toEqual({
      chosen: { slot: 1, record: record(4) },
      other: null,
      states: ['fieldInvalid', 'valid'],
    });
  }
});
