/**
 * Goal: what is written to flash is what is read; anything else in a slot is nothing, never a part of it; a lost slot costs
 * nothing that was saved.
 */
import { describe, expect, test } from 'bun:test';
import { MemoryFlash } from '../../../../hal/memory/flash.ts';
import { halFail } from '../../../../hal/result.ts';
import { RETIRED_MAX } from '../../../../policies/signed/anchors.ts';
import { DOCUMENT_BYTES_MAX } from '../../../../policies/signed/envelope.ts';
import {
  decodePushRecord,
  encodePushRecord,
  FLOORS_MAX,
  NOTHING_PUSHED,
  PUSH_RECORD_BYTES,
  type PushRecord,
} from '../../../../policies/signed/record.ts';
import { PushStore } from '../../../../policies/signed/store.ts';
import { Random } from '../../../sim/random.ts';

const full: PushRecord = {
  confirmed: new Uint8Array(DOCUMENT_BYTES_MAX).fill(1),
  pending: new Uint8Array(DOCUMENT_BYTES_MAX).fill(2),
  emergency: new Uint8Array(DOCUMENT_BYTES_MAX).fill(3),
  isEmergencyOver: true,
  floors: Array.from({ length: FLOORS_MAX }, (_, at) => ({
    kind: 'policy',
    target: { level: 'group', fleet: 'f'.repeat(64), name: `${at}`.padStart(64, 'g') },
    version: Number.MAX_SAFE_INTEGER,
  })),
  rotated: {
    successors: Array.from({ length: RETIRED_MAX }, (_, at) => ({
      publicKey: new Uint8Array(32).fill(at),
      namedBy: `0${at.toString(16)}`.repeat(8),
      hasShown: at > 0,
    })),
    retired: Array.from({ length: RETIRED_MAX }, (_, at) => ({
      keyId: `f${at.toString(16)}`.repeat(8),
      namedBy: at === 0 ? null : `0${at.toString(16)}`.repeat(8),
    })),
  },
  sinceS: Number.MAX_SAFE_INTEGER,
  emergencySinceS: Number.MAX_SAFE_INTEGER,
};

describe('a record', () => {
  test('is read as it was written, with nothing and with all there is room for', () => {
    for (const record of [NOTHING_PUSHED, full]) {
      const bytes = encodePushRecord(record, 7);
      expect(bytes).toHaveLength(PUSH_RECORD_BYTES);
      expect(decodePushRecord(bytes)).toEqual({ record, generation: 7 });
    }
  });

  test('with more is a fault of ours', () => {
    const document = new Uint8Array(DOCUMENT_BYTES_MAX + 1);
    expect(() => encodePushRecord({ ...full, pending: document }, 1)).toThrow('fits');
    const floors = [...full.floors, ...full.floors];
    expect(() => encodePushRecord({ ...full, floors }, 1)).toThrow('bound');
    const { successors, retired } = full.rotated;
    for (const rotated of [
      { successors, retired: [...retired, ...retired.slice(0, 1)] },
      { successors: [...successors, ...successors.slice(0, 1)], retired },
    ]) {
      expect(() => encodePushRecord({ ...full, rotated }, 1)).toThrow('bound');
    }
  });

  test('with any bit turned over, cut off or blank is none', () => {
    const bytes = encodePushRecord({ ...full, confirmed: null, pending: null, emergency: null }, 7);
    const used = 24 + new DataView(bytes.buffer).getUint32(16);
    const random = new Random(4);
    for (let round = 0; round < 300; round++) {
      const torn = bytes.slice();
      torn[random.below(used)]! ^= 1 << random.below(8);
      expect(decodePushRecord(torn)).toBeNull();
    }
    for (const length of [0, 1, 512, PUSH_RECORD_BYTES - 1]) {
      expect(decodePushRecord(bytes.slice(0, length))).toBeNull();
    }
    for (const fill of [0, 0xff]) {
      expect(decodePushRecord(new Uint8Array(PUSH_RECORD_BYTES).fill(fill))).toBeNull();
    }
  });
});

describe('the store', () => {
  const flash = (initial?: readonly [Uint8Array | null, Uint8Array | null]) =>
    new MemoryFlash(PUSH_RECORD_BYTES, initial);
  const some: PushRecord = { ...NOTHING_PUSHED, sinceS: 5 };
  const more: PushRecord = { ...NOTHING_PUSHED, sinceS: 6 };

  test('writes both slots, so that either may be lost', () => {
    const medium = flash();
    new PushStore(medium).save(some);
    for (const slots of [
      [medium.readSlot(0), null],
      [null, medium.readSlot(1)],
    ] as const) {
      const store = new PushStore(flash(slots));
      expect([store.recovery, store.record]).toEqual(['oneSlotLost', some]);
    }
    expect(new PushStore(medium).recovery).toBe('intact');
  });

  test('opened with one slot lost, or an older one, writes both', () => {
    const whole = flash();
    new PushStore(whole).save(more);
    const older = flash();
    new PushStore(older).save(some);
    const [first, second] = [whole.readSlot(0)!, whole.readSlot(1)!];
    const torn = new Uint8Array(PUSH_RECORD_BYTES).fill(7);
    for (const [slots, recovery] of [
      [[first, null], 'oneSlotLost'],
      [[torn, second], 'oneSlotLost'],
      [[older.readSlot(0), second], 'slotsDiffer'],
    ] as const) {
      const medium = flash(slots);
      const store = new PushStore(medium);
      expect([store.recovery, store.isWhole, store.record]).toEqual([recovery, true, more]);
      for (const lost of [0, 1]) {
        const held = [medium.readSlot(0), medium.readSlot(1)] as const;
        const left = new PushStore(
          flash([lost === 0 ? torn : held[0], lost === 1 ? torn : held[1]]),
        );
        expect([left.recovery, left.record]).toEqual(['oneSlotLost', more]);
      }
      expect(new PushStore(medium).recovery).toBe('intact');
    }
  });

  test('opened with what is whole, or nothing, writes nothing', () => {
    const medium = flash();
    new PushStore(medium);
    expect(medium.writtenBytes).toBe(0);
    new PushStore(medium).save(some);
    const { writtenBytes } = medium;
    expect([new PushStore(medium).isWhole, medium.writtenBytes]).toEqual([true, writtenBytes]);
  });

  test('opened where that write fails, says so, and the slot that counts is left', () => {
    const whole = flash();
    new PushStore(whole).save(some);
    const medium = flash([whole.readSlot(0), null]);
    medium.failNext = halFail('storageFull', 'slot: ENOSPC');
    const store = new PushStore(medium);
    expect([store.isWhole, store.record]).toEqual([false, some]);
    expect(medium.log.map(({ slot }) => slot)).toEqual([1]);
  });

  test('a save that fails is said, and goes to the same slot again', () => {
    const medium = flash();
    const store = new PushStore(medium);
    store.save(some);
    medium.failNext = halFail('storageFull', 'slot: ENOSPC');
    expect(store.save(more)).toEqual(halFail('storageFull', 'slot: ENOSPC'));
    expect(store.save(more)).toMatchObject({ ok: true });
    const written = medium.log.flatMap(({ kind, slot }) => (kind === 'write' ? [slot] : []));
    expect(written).toEqual([0, 1, 0, 0, 1]);
    expect(new PushStore(medium).record).toEqual(more);
  });

  test('a save that failed half-way is undone by the next one', () => {
    const medium = flash();
    const store = new PushStore(medium);
    store.save(some);
    const writeSlot = medium.writeSlot.bind(medium);
    let isSecond = false;
    medium.writeSlot = (slot, bytes) => {
      if (isSecond) medium.failNext = halFail('storageFailed', 'slot: EIO');
      isSecond = !isSecond;
      return writeSlot(slot, bytes);
    };
    expect(store.save(more).ok).toBe(false);
    medium.writeSlot = writeSlot;
    expect(store.save(some)).toMatchObject({ ok: true });
    const next = new PushStore(flash([medium.readSlot(0), medium.readSlot(1)]));
    expect([next.recovery, next.record]).toEqual(['intact', some]);
  });

  test('tells what was never saved from what was lost', () => {
    const torn = new Uint8Array(PUSH_RECORD_BYTES).fill(7);
    expect(new PushStore(flash()).recovery).toBe('blank');
    expect(new PushStore(flash([torn, null])).recovery).toBe('blank'); // the first save of all, cut off
    expect(new PushStore(flash([torn, torn])).recovery).toBe('bothSlotsLost');
    expect(new PushStore(flash([torn, torn])).record).toEqual(NOTHING_PUSHED);
  });
});
