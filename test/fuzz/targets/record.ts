/**
 * A session's record as it lies in the hub's database: null, or a record whose every field is of its
 * kind and that a hub can start with.
 *
 * @module
 */
import { decodeRecord, encodeRecord } from '../../../hub/recordBlob.ts';
import { isSameClaim } from '../../../session/claim.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
import { newSeat, nextDeadline } from '../../../session/hub/seat.ts';
import type { Random } from '../../sim/random.ts';
import { record as sample } from '../../unit/hub/sample.ts';
import { Rig } from '../../unit/session/hub/rig.ts';
import { hostileMap } from '../slowCbor.ts';
import { demand, type Target } from '../target.ts';
import { weightOf } from '../weight.ts';

const bytes = new TextEncoder();
const START_MS = 1_700_000_001_000;

export const record: Target = {
  name: 'record',
  what: 'the blob of a session in the database',
  covers: ['hub/recordBlob.ts', 'session/hub/seat.ts', 'session/hub/deadline.ts'],
  bytesMax: 2_048,
  words: ['ATTACHED', 'claim', 'stateVersion', '__proto__'].map((word) => bytes.encode(word)),
  generate(random) {
    if (random.chance(20)) return Uint8Array.from(hostileMap(random, 3));
    return encodeRecord(
      sample(1, {
        terminated: random.chance(20) ? 'operator_terminated' : null,
        stateVersion: [0, 10, Number.MAX_SAFE_INTEGER][random.below(3)]!,
        previousSecret: random.chance(50) ? random.bytes(32) : null,
        recoveringSinceMs: random.chance(50) ? null : time(random),
        transportlessSinceMs: random.chance(50) ? null : time(random),
        createdAtMs: time(random),
        switchedAtMs: Array.from({ length: random.below(10) }, (_, at) => 1_700_000_000_000 + at),
      }),
    );
  },
  judge(input) {
    const read = decodeRecord(input);
    if (read === null) return 'refused';
    demand(weightOf(read) <= 4_096 + 32 * input.length, 'no output beyond 32 × input');
    demand(isSameClaim(read.claim, read.claim), 'its claim is a claim');
    const again = decodeRecord(encodeRecord(read));
    demand(again !== null && weightOf(again) === weightOf(read), 'it survives a round trip');
    judgeStart(read);
    return 'accepted';
  },
};

/** A hub starts with it, takes ownership, and lets its deadlines run for two days. */
function judgeStart(read: SessionRecord): void {
  const rig = new Rig({}, read);
  rig.nowMs = START_MS;
  rig.config = { ...rig.config, hubId: read.owner };
  rig.seat = newSeat(read, START_MS, rig.config);
  for (let hours = 0; hours < 48; hours += 6) {
    const dueAtMs = nextDeadline(rig.seat);
    demand(dueAtMs === null || Number.isFinite(dueAtMs), 'a deadline is a time');
    rig.run(6 * 3_600_000);
  }
}

/** CBOR has numbers that are no times. */
function time(random: Random): number {
  if (random.chance(95)) return 1_700_000_000_000 + random.below(1_000) / 2;
  return [Number.NaN, Number.POSITIVE_INFINITY, -1, 0, 1e300][random.below(5)]!;
}
