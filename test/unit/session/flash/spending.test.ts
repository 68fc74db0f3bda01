/** Goal: what metered links have spent is read back as written, or not at all; a torn write leaves the one before it. */
import { expect, test } from 'bun:test';
import {
  decodeSpending,
  encodeSpending,
  type LinkSpending,
  SPENDING_BYTES,
  SpendingStore,
} from '../../../../session/flash/spending.ts';

const LTE: LinkSpending = { link: 'wwan0', day: 20_785, bytes: 31_250_000, lastedMs: 7 * 60_000 };
const LONG: LinkSpending = { link: 'abcdefghijklmno', day: 0, bytes: 2 ** 52, lastedMs: 0 };

/** Two slots in memory; `tear` keeps so many bytes of the next write and then fails it. */
function slots() {
  const held: (Uint8Array | null)[] = [null, null];
  let tearAt: number | null = null;
  return {
    held,
    tear(at: number) {
      tearAt = at;
    },
    readSlot: (slot: 0 | 1) => held[slot] ?? null,
    writeSlot(slot: 0 | 1, bytes: Uint8Array) {
      if (tearAt === null) {
        held[slot] = bytes.slice();
        return { ok: true } as const;
      }
      const before = held[slot] ?? new Uint8Array(SPENDING_BYTES);
      held[slot] = Uint8Array.from(before, (byte, at) => (at < tearAt! ? bytes[at]! : byte));
      tearAt = null;
      return { ok: false, code: 'storageFailed' } as const;
    },
  };
}

test('a record is read back as it was written', () => {
  for (const links of [[], [LTE], [LTE, LONG]]) {
    expect(decodeSpending(encodeSpending({ generation: 7, links }))).toEqual({
      generation: 7,
      links,
    });
  }
});

test('any flipped byte, and any other length, is none of ours', () => {
  const bytes = encodeSpending({ generation: 7, links: [LTE, LONG] });
  for (let at = 0; at < bytes.length; at++) {
    const flipped = bytes.slice();
    flipped[at]! ^= 0x10;
    expect([at, decodeSpending(flipped)]).toEqual([at, null]);
  }
  expect(decodeSpending(bytes.subarray(1))).toBeNull();
  expect(decodeSpending(new Uint8Array(SPENDING_BYTES))).toBeNull();
});

test('the newest whole record counts, wherever the write was torn', () => {
  for (let at = 0; at <= SPENDING_BYTES; at += 4) {
    const medium = slots();
    const store = new SpendingStore(medium);
    store.save([LTE]);
    const more = { ...LTE, bytes: LTE.bytes + 1 };
    store.save([more]);
    medium.tear(at);
    store.save([LONG]);
    const { links } = new SpendingStore(medium);
    // Whole although it was refused: as good as written.
    const isWhole = medium.held.some((slot) => decodeSpending(slot!)?.generation === 3);
    expect([at, links]).toEqual([at, isWhole ? [LONG] : [more]]);
  }
});

test('nothing written yet: nothing remembered', () => {
  expect(new SpendingStore(slots()).links).toEqual([]);
});
