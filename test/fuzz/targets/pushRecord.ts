/**
 * What the two slots of a device's memory of signed documents may hold: torn, rotten, of another release, forged with a right checksum.
 *
 * A record that is read can be written, and says the same then; a store that opens any two slots leaves both alike, never takes an
 * older one for the newest, and a device starts on it.
 *
 * @module
 */
import { MemoryFlash } from '../../../hal/memory/flash.ts';
import { loadPolicy } from '../../../policies/load.ts';
import { anchorsOf, RETIRED_MAX } from '../../../policies/signed/anchors.ts';
import { bodyOfTable } from '../../../policies/signed/body.ts';
import {
  contentOf,
  decodePushRecord,
  encodePushRecord,
  FLOORS_MAX,
  PUSH_RECORD_BYTES,
  type PushRecord,
  type ReadPushRecord,
} from '../../../policies/signed/record.ts';
import { nextPushDeadline, openPush, policyInForce } from '../../../policies/signed/staging.ts';
import { PushStore } from '../../../policies/signed/store.ts';
import { bytesToHex, equalBytes } from '../../../session/bytes.ts';
import { crc32 } from '../../../session/flash/crc.ts';
import type { Random } from '../../sim/random.ts';
import { unproven } from '../../unit/policies/signed/documents.ts';
import { Tape, TapeWriter } from '../tape.ts';
import { demand, type Target } from '../target.ts';

const NOW_S = 1_795_910_400;
const CLOCK = { wallMs: NOW_S * 1_000, isKnown: true };
const HEAD_BYTES = 24;
const CRC_AT = 20;
/** Where a slot's length of content and its checksum are put right, mutated bytes get past them. */
const MODE = { asIs: 0, mended: 1 } as const;

const CONFIGURED = loadPolicy({ version: 1, name: 'configured' });
if (!CONFIGURED.ok) throw new Error('the configured policy is valid');
const SETUP = {
  identity: { device: ['kiosk-7'], groups: ['south'], fleet: 'acme' },
  signers: [new Uint8Array(32).fill(1)],
  configured: CONFIGURED.policy,
  policyVersionMin: 1,
};

/** First byte: a {@link MODE}. Then the used part of each slot as a block: what is behind it is zero. */
export const pushRecord: Target = {
  name: 'push-record',
  what: 'the two slots of what was pushed',
  covers: ['policies/signed/'],
  bytesMax: 4_096,
  words: [[0x4a, 0x56, 0x50, 0x50], [0xf6], [0x80]].map((bytes) => Uint8Array.from(bytes)),
  generate(random) {
    const tape = new TapeWriter().byte(random.below(2));
    for (let slot = 0; slot < 2; slot++) {
      const generation = random.pick([1, 2, 3, Number.MAX_SAFE_INTEGER - 3]);
      const bytes = encodePushRecord(record(random), generation);
      tape.block(random.chance(85) ? usedOf(bytes) : random.bytes(random.below(40)));
    }
    return tape.done();
  },
  judge(input) {
    const tape = new Tape(input);
    const isMended = tape.byte() % 2 === MODE.mended;
    const slots = [tape.block(), tape.block()].map((used) => slotOf(used, isMended));
    const read = slots.map(judgeRecord);
    judgeStore(slots[0]!, slots[1]!, read);
    return read.every((one) => one === null) ? 'refused' : 'accepted';
  },
};

const usedOf = (slot: Uint8Array) => slot.subarray(0, HEAD_BYTES + contentOf(slot).length);

function slotOf(used: Uint8Array, isMended: boolean): Uint8Array {
  const slot = new Uint8Array(PUSH_RECORD_BYTES);
  slot.set(used.subarray(0, PUSH_RECORD_BYTES));
  if (!isMended || used.length < HEAD_BYTES) return slot;
  const view = new DataView(slot.buffer);
  view.setUint32(16, used.length - HEAD_BYTES);
  const summed = [...slot.subarray(0, CRC_AT), ...slot.subarray(HEAD_BYTES, used.length)];
  view.setUint32(CRC_AT, crc32(Uint8Array.from(summed)));
  return slot;
}

function judgeRecord(slot: Uint8Array): ReadPushRecord | null {
  const before = slot.slice();
  const read = decodePushRecord(slot);
  demand(equalBytes(slot, before), 'the slot is left as it was');
  if (read === null) return null;
  const { record: held, generation } = read;
  demand(held.floors.length <= FLOORS_MAX, 'floors have a bound');
  demand(held.rotated.retired.length <= RETIRED_MAX, 'retired keys have a bound');
  const again = encodePushRecord(held, generation);
  demand(equalBytes(usedOf(again), usedOf(slot)), 'a record has exactly one encoding');
  anchorsOf(SETUP.signers, held.rotated);
  return read;
}

function judgeStore(
  first: Uint8Array,
  second: Uint8Array,
  read: readonly (ReadPushRecord | null)[],
): void {
  const medium = new MemoryFlash(PUSH_RECORD_BYTES, [first, second]);
  const store = new PushStore(medium);
  const newest = Math.max(...read.map((one) => one?.generation ?? -1));
  const isThere = newest >= 0;
  demand(isThere === (store.recovery !== 'bothSlotsLost'), 'what is whole is used');
  demand(store.isWhole, 'what is read can be saved');
  // A generation at the end of its range leaves no room to go on; nobody writes that often.
  if (isThere && newest < Number.MAX_SAFE_INTEGER - 4) {
    const expected = read
      .filter((one) => one?.generation === newest)
      .map((one) => sumOf(one!.record));
    demand(expected.includes(sumOf(store.record)), 'of both the newest counts');
    const left = [medium.readSlot(0), medium.readSlot(1)] as const;
    for (const slot of left) {
      const one = slot === null ? null : decodePushRecord(slot);
      demand(one !== null && sumOf(one.record) === sumOf(store.record), 'both slots say it');
    }
  }
  const { state } = openPush(SETUP, store, { atMs: 0, clock: CLOCK });
  demand(policyInForce(state).version >= 1, 'a device starts, on no older policy');
  const dueAtMs = nextPushDeadline(state);
  demand(dueAtMs === null || Number.isFinite(dueAtMs), 'a deadline is a time');
}

const sumOf = (held: PushRecord) => bytesToHex(contentOf(encodePushRecord(held, 1)));

function record(random: Random): PushRecord {
  const maybe = <Value>(value: Value): Value | null => (random.chance(50) ? value : null);
  const keyId = () => bytesToHex(random.bytes(8));
  const count = () => random.pick([0, 1, NOW_S, Number.MAX_SAFE_INTEGER]);
  const body = (table: Record<string, unknown>) => ({ body: bodyOfTable(table)! });
  const policy = (version: number) => unproven({ version, ...body({ version }) }).bytes;
  const calm = body({ switching: { max_switches_per_minute: 4 } });
  return {
    confirmed: maybe(policy(2)),
    pending: maybe(policy(3)),
    emergency: maybe(unproven({ kind: 'emergency', version: 1, ...calm }).bytes),
    floors: Array.from({ length: random.below(4) }, (_, at) => ({
      kind: random.pick(['policy', 'emergency', 'rotation', 'command'] as const),
      target: { level: 'group', fleet: 'acme', name: `g${at}` },
      version: random.between(1, 9),
    })),
    rotated: {
      successors: Array.from({ length: random.below(3) }, () => ({
        publicKey: random.bytes(32),
        namedBy: keyId(),
        hasShown: random.chance(50),
      })),
      retired: Array.from({ length: random.below(3) }, () => ({
        keyId: keyId(),
        namedBy: maybe(keyId()),
      })),
    },
    sinceS: count(),
    emergencySinceS: count(),
    isEmergencyOver: random.chance(50),
  };
}
