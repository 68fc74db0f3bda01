/**
 * Which of the two slots counts, and which is written next.
 *
 * The valid record with the higher generation; of equal ones slot 0 (our writer never makes equal
 * ones, so this only has to be the same answer every time). The next write goes to the other slot,
 * so that a torn write never takes the record that counts.
 *
 * @module
 */
import { decodeRecord, type FlashRecord, type RecordError } from './record.ts';

/**
 * Above it a device could not go on counting, and would fail at every start. Nobody gets there: it is a
 * version a microsecond for 285 years. Such a record is damage, or was written by somebody else.
 */
const COUNT_MAX = Number.MAX_SAFE_INTEGER - 2 ** 31;

export type Slot = 0 | 1;
export type SlotState = 'valid' | RecordError;

export interface ChosenSlot {
  readonly slot: Slot;
  readonly record: FlashRecord;
}

export interface SlotsRead {
  /** Null if both slots are lost or were never written: `states` tells which. */
  readonly chosen: ChosenSlot | null;
  /** The record of the slot that was not chosen, if it is valid. */
  readonly other: FlashRecord | null;
  readonly states: readonly [SlotState, SlotState];
}

/** The valid record with the higher generation, or null if both are lost. */
export function chooseSlot(a: FlashRecord | null, b: FlashRecord | null): ChosenSlot | null {
  if (a !== null && (b === null || a.generation >= b.generation)) return { slot: 0, record: a };
  return b === null ? null : { slot: 1, record: b };
}

/** Judge both slots; null stands for one that could not be read at all. */
export function readSlots(a: Uint8Array | null, b: Uint8Array | null): SlotsRead {
  const [first, second] = [judge(a), judge(b)];
  const chosen = chooseSlot(first.record, second.record);
  const other = chosen === null ? null : chosen.slot === 0 ? second.record : first.record;
  return { chosen, other, states: [first.state, second.state] };
}

/** Where the next record goes. */
export function nextSlot(chosen: ChosenSlot | null): Slot {
  return chosen?.slot === 0 ? 1 : 0;
}

function judge(bytes: Uint8Array | null): { state: SlotState; record: FlashRecord | null } {
  if (bytes === null) return { state: 'blank', record: null };
  const decoded = decodeRecord(bytes);
  if (!decoded.ok) return { state: decoded.code, record: null };
  const { generation, versionCeiling, timestampReserved } = decoded.value;
  const isWorn = [generation, versionCeiling, timestampReserved].some((count) => count > COUNT_MAX);
  return isWorn
    ? { state: 'fieldInvalid', record: null }
    : { state: 'valid', record: decoded.value };
}
