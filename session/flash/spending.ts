/**
 * What links with a daily budget have spent, as one record of fixed size. Integers big-endian.
 *
 * ```text
 *   0        4      6       8                16                                   496    508     512
 *   +--------+------+-------+----------------+------------------------------------+------+-------+
 *   | "JVSP" |format| count |   generation   |  count × 30 bytes, then zero       | zero | crc32 |
 *   +--------+------+-------+----------------+------------------------------------+------+-------+
 *
 *   one link    0                 16        20          22                30
 *               +-----------------+----------+-----------+-----------------+
 *               | name, zero-padded|   day   |lastedMin  |      bytes      |
 *               +-----------------+----------+-----------+-----------------+
 * ```
 *
 * A record of its own in slots of its own: losing it costs a day's count, and writing it must never touch the one
 * that I4 rests on. crc32 covers everything before it.
 *
 * Source: docs/protocol.md, "Metered links".
 *
 * @module
 */
import { assert } from '../assert.ts';
import type { DaySpending } from '../metering/dayMeter.ts';
import { crc32 } from './crc.ts';
import type { Slots } from './store.ts';

export const SPENDING_BYTES = 512;
export const SPENDING_LINKS_MAX = 16;
const MAGIC = 0x4a565350; // "JVSP"
const FORMAT = 1;
const LINKS_AT = 16;
const LINK_BYTES = 30;
const NAME_BYTES = 16;
const CRC_AT = SPENDING_BYTES - 4;
const DAY_MAX = 0xffff_ffff;
const LASTED_MAX = 0xffff;
const MINUTE_MS = 60_000;

export interface LinkSpending extends DaySpending {
  /** An interface name: 1…15 bytes. */
  readonly link: string;
}

interface SpendingRecord {
  readonly generation: number;
  readonly links: readonly LinkSpending[];
}

/** @throws InvariantError for more links than a configuration may have. */
export function encodeSpending({ generation, links }: SpendingRecord): Uint8Array {
  assert(links.length <= SPENDING_LINKS_MAX, 'a configuration has at most 16 links');
  const bytes = new Uint8Array(SPENDING_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint16(4, FORMAT);
  view.setUint16(6, links.length);
  view.setBigUint64(8, BigInt(generation));
  for (const [at, { link, day, bytes: spent, lastedMs }] of links.entries()) {
    const start = LINKS_AT + at * LINK_BYTES;
    const name = new TextEncoder().encode(link);
    assert(name.length > 0 && name.length < NAME_BYTES, 'an interface name has 1 to 15 bytes');
    bytes.set(name, start);
    view.setUint32(start + 16, Math.min(day, DAY_MAX));
    view.setUint16(start + 20, Math.min(Math.floor(lastedMs / MINUTE_MS), LASTED_MAX));
    view.setBigUint64(start + 22, BigInt(Math.min(spent, Number.MAX_SAFE_INTEGER)));
  }
  view.setUint32(CRC_AT, crc32(bytes.subarray(0, CRC_AT)));
  return bytes;
}

/** Read a slot, which may hold anything; null for what is none of ours. Never throws. */
export function decodeSpending(bytes: Uint8Array): SpendingRecord | null {
  if (bytes.length !== SPENDING_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, SPENDING_BYTES);
  if (view.getUint32(0) !== MAGIC || view.getUint16(4) !== FORMAT) return null;
  if (view.getUint32(CRC_AT) !== crc32(bytes.subarray(0, CRC_AT))) return null;
  const count = view.getUint16(6);
  const generation = Number(view.getBigUint64(8));
  if (count > SPENDING_LINKS_MAX || !Number.isSafeInteger(generation)) return null;
  const links: LinkSpending[] = [];
  for (let at = 0; at < count; at++) {
    const start = LINKS_AT + at * LINK_BYTES;
    const name = bytes.subarray(start, start + NAME_BYTES);
    const spent = Number(view.getBigUint64(start + 22));
    if (!Number.isSafeInteger(spent) || name[0] === 0) return null;
    links.push({
      link: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
      day: view.getUint32(start + 16),
      lastedMs: view.getUint16(start + 20) * MINUTE_MS,
      bytes: spent,
    });
  }
  return { generation, links };
}

/** Two slots, written in turn: a torn write leaves the one before it. */
export class SpendingStore<Failure extends { readonly ok: false }> {
  readonly #slots: Slots<Failure>;
  #newest: { readonly slot: 0 | 1; readonly generation: number };
  #links: readonly LinkSpending[];

  constructor(slots: Slots<Failure>) {
    this.#slots = slots;
    const read = ([0, 1] as const).map((slot) => {
      const bytes = slots.readSlot(slot);
      return { slot, record: bytes === null ? null : decodeSpending(bytes) };
    });
    read.sort((a, b) => (b.record?.generation ?? -1) - (a.record?.generation ?? -1));
    const [newest] = read;
    this.#newest = { slot: newest?.slot ?? 1, generation: newest?.record?.generation ?? 0 };
    this.#links = newest?.record?.links ?? [];
  }

  /** What is durable. */
  get links(): readonly LinkSpending[] {
    return this.#links;
  }

  save(links: readonly LinkSpending[]): { readonly ok: true } | Failure {
    const slot = this.#newest.slot === 0 ? 1 : 0;
    const generation = this.#newest.generation + 1;
    const outcome = this.#slots.writeSlot(slot, encodeSpending({ generation, links }));
    if (!outcome.ok) return outcome;
    this.#newest = { slot, generation };
    this.#links = links;
    return outcome;
  }
}
