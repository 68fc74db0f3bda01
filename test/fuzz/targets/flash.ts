/**
 * What a flash slot may hold: torn, rotten, of another release, forged with a right checksum.
 *
 * A record that is read is written again to the very same bytes; a store that starts from any two slots
 * starts, never promises less than they hold, and what it saves then is what the next start reads.
 *
 * @module
 */
import { MemoryFlash } from '../../../hal/memory/flash.ts';
import { crc32 } from '../../../session/flash/crc.ts';
import {
  decodeRecord,
  encodeRecord,
  type FlashRecord,
  RECORD_BYTES,
  type RecordError,
} from '../../../session/flash/record.ts';
import { deriveSealKey, openSecret } from '../../../session/flash/seal.ts';
import { FlashStore } from '../../../session/flash/store.ts';
import type { Random } from '../../sim/random.ts';
import { Tape } from '../tape.ts';
import { demand, type Target } from '../target.ts';

const CODES: readonly RecordError[] = [
  ...(['sizeWrong', 'blank', 'magicUnknown', 'checksumWrong'] as const),
  ...(['formatUnknown', 'fieldInvalid'] as const),
];
const SEAL_KEY = deriveSealKey(new Uint8Array(32).fill(7));
const MODE = { asIs: 0, checksumMended: 1, both: 2 } as const;

/** First byte: a {@link MODE}. Then one slot, or two of half the rest each. */
export const flash: Target = {
  name: 'flash',
  what: 'the two slots of a flash record',
  covers: ['session/flash/'],
  bytesMax: 1 + 2 * RECORD_BYTES,
  generate(random) {
    const mode = random.below(3);
    const slots = mode === MODE.both ? [record(random), record(random)] : [record(random)];
    return Uint8Array.from([mode, ...slots.flatMap((slot) => [...slot])]);
  },
  judge(input) {
    const tape = new Tape(input);
    const mode = tape.byte() % 3;
    const rest = tape.rest();
    const half = mode === MODE.both ? rest.length >> 1 : rest.length;
    const slots = [rest.slice(0, half), rest.slice(half)].map((slot) =>
      mode === MODE.asIs ? slot : mended(slot),
    );
    const isRead = slots.map(judgeRecord);
    judgeStore(slots[0]!, slots[1]!);
    return isRead.includes(true) ? 'accepted' : 'refused';
  },
};

function judgeRecord(bytes: Uint8Array): boolean {
  const read = decodeRecord(bytes);
  if (!read.ok) {
    demand(CODES.includes(read.code), `a documented code, not ${read.code}`);
    return false;
  }
  demand(
    Buffer.from(encodeRecord(read.value)).equals(Buffer.from(bytes)),
    'a record has exactly one encoding',
  );
  const { session } = read.value;
  if (session !== null) {
    const opened = openSecret(SEAL_KEY, session.sessionId, session.sealedSecret);
    demand(!opened.ok, 'a secret that nobody sealed does not open');
  }
  return true;
}

function judgeStore(a: Uint8Array, b: Uint8Array): void {
  const held = [a, b].flatMap((slot) => {
    const read = decodeRecord(slot);
    return read.ok && !isWorn(read.value) ? [read.value] : [];
  });
  const newest = held.reduce<FlashRecord | null>(
    (best, next) => (best === null || next.generation > best.generation ? next : best),
    null,
  );
  const medium = new MemoryFlash(RECORD_BYTES, [a, b]);
  const store = new FlashStore(medium);
  demand((store.content === null) === (newest === null), 'what is whole is used');
  const { content } = store;
  if (content === null || newest === null) return;
  demand(content.versionCeiling >= newest.versionCeiling, 'I4: the ceiling is kept');
  demand(content.timestampReserved >= newest.timestampReserved, 'I4: the reservation is kept');
  demand(store.save(content).ok, 'what was read can be saved');
  const again = new FlashStore(
    new MemoryFlash(RECORD_BYTES, [medium.readSlot(0), medium.readSlot(1)]),
  );
  demand(again.content?.versionCeiling === content.versionCeiling, 'the next start reads the same');
}

/** Numbers that leave no room to go on: nobody reaches them, and such a slot counts as damaged. */
function isWorn({ generation, versionCeiling, timestampReserved }: FlashRecord): boolean {
  const most = Number.MAX_SAFE_INTEGER - 2 ** 31;
  return [generation, versionCeiling, timestampReserved].some((count) => count > most);
}

function mended(slot: Uint8Array): Uint8Array {
  if (slot.length !== RECORD_BYTES) return slot;
  const bytes = slot.slice();
  new DataView(bytes.buffer).setUint32(
    RECORD_BYTES - 4,
    crc32(bytes.subarray(0, RECORD_BYTES - 4)),
  );
  return bytes;
}

function record(random: Random): Uint8Array {
  const counters = [0, 1, 255, 65_536, 2 ** 32, Number.MAX_SAFE_INTEGER];
  const count = () => counters[random.below(counters.length)]!;
  const maybe = <T>(value: T): T | null => (random.chance(50) ? value : null);
  return encodeRecord({
    generation: Math.max(1, count()),
    versionCeiling: count(),
    timestampReserved: count(),
    policyVersion: count(),
    session: maybe({
      sessionId: 'ab'.repeat(16),
      sealedSecret: random.bytes(random.below(81)),
      lastTerminated: maybe('operator_terminated'),
      inner4: maybe('10.77.0.5/32'),
      inner6: maybe('fd77::5/128'),
    }),
  });
}
