/**
 * A session's record as it lies in the hub's database: null, or a record whose every field is of its
 * kind and that a hub can start with.
 *
 * @module
 */
import { decodeRecord, encodeRecord } from '../../../hub/recordBlob.ts';
import { isSameClaim } from '../../../session/claim.ts';
import { newSeat, nextDeadline, step } from '../../../session/hub/seat.ts';
import { record as sample } from '../../unit/hub/sample.ts';
import { Rig } from '../../unit/session/hub/rig.ts';
import { hostileMap } from '../slowCbor.ts';
import { demand, type Target } from '../target.ts';
import { weightOf } from '../weight.ts';

const bytes = new TextEncoder();
const START_MS = 1_700_000_001_000;
const STEPS_MAX = 50;

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
        recoveringSinceMs: random.chance(50) ? null : 1_700_000_000_005.5,
        transportlessSinceMs: random.chance(50) ? null : 1_700_000_000_000,
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
    const { config } = new Rig();
    let seat = newSeat(read, START_MS, config);
    let nowMs = START_MS;
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      const dueAtMs = nextDeadline(seat);
      if (dueAtMs === null || dueAtMs > START_MS + 86_400_000 * 2) break;
      demand(Number.isFinite(dueAtMs), 'a deadline is a time');
      nowMs = Math.max(nowMs, dueAtMs);
      seat = step(seat, { kind: 'tick', atMs: nowMs }, config).seat;
    }
    return 'accepted';
  },
};
