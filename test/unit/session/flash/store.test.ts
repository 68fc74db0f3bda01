import { expect, test } from 'bun:test';
import { MemoryFlash } from '../../../../hal/memory/flash.ts';
import { halFail } from '../../../../hal/result.ts';
import { RECORD_BYTES } from '../../../../session/flash/record.ts';
import { type FlashContent, FlashStore } from '../../../../session/flash/store.ts';

const content = (versionCeiling: number, timestampReserved = 0): FlashContent => ({
  versionCeiling,
  timestampReserved,
  policyVersion: 0,
  session: null,
});

const slotsWritten = (flash: MemoryFlash) =>
  flash.log.filter(({ kind }) => kind === 'write').map(({ slot }) => slot);

test('the first save writes both slots, later ones alternate', () => {
  const flash = new MemoryFlash();
  const store = new FlashStore(flash);
  for (const ceiling of [1_024, 2_048, 3_072]) store.save(content(ceiling));
  expect(slotsWritten(flash)).toEqual([0, 1, 0, 1]);
  expect(flash.writtenBytes).toBe(4 * RECORD_BYTES);
  expect(new FlashStore(flash).content).toMatchObject(content(3_072));
});

test('a jump of versions or of the clock writes both slots', () => {
  const flash = new MemoryFlash();
  const store = new FlashStore(flash);
  store.save(content(1_024));
  store.save(content(1_024 + 2_049));
  store.save(content(1_024 + 2_049, 1_763_900_000));
  expect(slotsWritten(flash)).toEqual([0, 1, 0, 1, 0, 1]);
});

test('a refused save is handed through, changes nothing, and the same slot is written again', () => {
  const flash = new MemoryFlash();
  const store = new FlashStore(flash);
  store.save(content(1_024));
  flash.failNext = halFail('storageFull', 'slot0: ENOSPC');
  expect(store.save(content(2_048))).toEqual(halFail('storageFull', 'slot0: ENOSPC'));
  expect(store.content).toMatchObject(content(1_024));
  expect(store.save(content(2_048))).toEqual({ ok: true });
  expect(slotsWritten(flash)).toEqual([0, 1, 0, 0]);
});

test('with one slot lost the ceilings are lifted over what it may have held', () => {
  const flash = new MemoryFlash();
  new FlashStore(flash).save(content(1_024, 100));
  const survivor = new FlashStore(new MemoryFlash(512, [flash.readSlot(0), null]));
  expect(survivor.recovery).toBe('oneSlotLost');
  expect(survivor.content).toMatchObject(content(1_024 + 2_048, 100 + 28_800));
});

test('a ceiling never goes down', () => {
  const store = new FlashStore(new MemoryFlash());
  store.save(content(1_024, 10));
  expect(() => store.save(content(1_023, 10))).toThrow('I4');
  expect(() => store.save(content(1_024, 9))).toThrow('reserved time');
});
