/**
 * Rules about what hubs say and what the store holds: good and bad stories.
 *
 * @module
 */
import { Bindings } from '../../../sim/checkers/bindings.ts';
import { Copies } from '../../../sim/checkers/copies.ts';
import { Deliveries } from '../../../sim/checkers/deliveries.ts';
import { Hubs } from '../../../sim/checkers/hubs.ts';
import { Owners, type SeatMoment } from '../../../sim/checkers/owners.ts';
import { Records } from '../../../sim/checkers/records.ts';
import type { Report, Said, Watch } from '../../../sim/checkers/watch.ts';
import {
  claimed,
  claimOf,
  commit,
  DATA,
  fromHub,
  moved,
  nextOf,
  OTHER_KEY,
  type Rule,
  recordOf,
  said,
  saidByHub,
} from './observed.ts';

const records = (report: Report): Watch => new Records(report, 2);
const bindings = (report: Report): Watch => new Bindings(report);
const deliveries = (report: Report): Watch => new Deliveries(report);
const hubs = (report: Report): Watch => new Hubs(report, () => 'hub-0', false);
const copies = (report: Report): Watch => new Copies(report, () => null);

const FIRST = recordOf();
const withKey = (secret: Uint8Array): Said => ({
  ...claimed(2, { nonce: claimOf(2).nonce }),
  held: { secret, memoryKey: null },
});
const switchTo = (transportId: number, atMs: number, revision: number) =>
  nextOf({
    revision,
    stateVersion: revision,
    claim: claimOf(revision),
    transportId,
    switchedAtMs: [atMs],
  });

/** As hubs are at the moment. */
let seats: readonly SeatMoment[] = [];
const owners = (report: Report): Watch =>
  new Owners(report, { seats: () => seats, deviceOf: () => 'key' });
const serving = (hubId: string, transportId: number | null): SeatMoment => ({
  ...{ hubId, device: 'key', transportId, terminated: null },
  ...{ isServing: true, isOwner: true, isLeaseValid: true },
});
const idle: SeatMoment = { ...serving('hub-1', null), isServing: false, isOwner: false };

/** Whenever it is looked at hubs. */
const LOOKS: readonly Rule['good'][] = [
  (watch) => watch.onSweep?.(0),
  (watch) => watch.onCommit?.(commit(null, FIRST)),
  (watch) => watch.onSent?.(fromHub(DATA)),
];

function ownerRule(rule: string, good: readonly SeatMoment[], bad: readonly SeatMoment[]): Rule[] {
  return LOOKS.map((look) => ({
    rule,
    make: owners,
    good: (watch) => {
      seats = good;
      look(watch);
    },
    bad: (watch) => {
      seats = bad;
      look(watch);
    },
  }));
}

const author = (who: string, nonce: string): Said => ({ ...claimed(2, { nonce }), who });
const conflict = moved('RECOVERING', 'TERMINATED', { reasonCode: 'identity_conflict' });
const claimAt = (atMs: number) => said({ event: 'claim', atMs, detail: { nonce: 'n' } });
const refused = (claimedSessionId: string) =>
  saidByHub({
    event: 'refusal',
    reasonCode: 'bad_proof',
    detail: { claimedSessionId, claimedVersion: 2 },
  });
const attach = (change = {}) => nextOf({ claimKind: 'attach', secret: OTHER_KEY, ...change });

const lostByStore = saidByHub({
  ...{ event: 'transition', from: 'ATTACHED', to: 'RECOVERING', reasonCode: 'binding_lost' },
  detail: { by: 'store' },
});

// biome-ignore format: a story a line
export const STORE_RULES: readonly Rule[] = [
  ...ownerRule('I6 manyOwners', [serving('hub-0', 1), idle], [serving('hub-0', null), serving('hub-1', null)]),
  ...ownerRule('I6 manyOwners', [idle], [{ ...serving('hub-0', 1), isLeaseValid: false }]),
  ...ownerRule('I6 manyOwners', [idle], [{ ...serving('hub-0', 1), terminated: 'shutdown' }]),
  ...ownerRule('I1 manyBindings', [serving('hub-0', 1), idle], [serving('hub-0', 1), serving('hub-1', 2)]),
  {
    rule: 'I4 staleRecord', make: records,
    good: (watch) => { watch.onCommit?.(commit(null, FIRST)); watch.onCommit?.(commit(FIRST, nextOf())); },
    bad: (watch) => watch.onCommit?.(commit(FIRST, nextOf({ stateVersion: 1 }))),
  },
  {
    rule: 'clone keyHeld', make: records,
    good: (watch) => { watch.onSaid?.(withKey(FIRST.secret)); watch.onCommit?.(commit(FIRST, nextOf())); },
    bad: (watch) => { watch.onSaid?.(withKey(OTHER_KEY)); watch.onCommit?.(commit(FIRST, nextOf())); },
  },
  {
    rule: 'I5 claimOnce', make: records,
    good: (watch) => watch.onCommit?.(commit(FIRST, nextOf())),
    bad: (watch) => { watch.onCommit?.(commit(FIRST, nextOf())); watch.onCommit?.(commit(nextOf({ claim: claimOf(3), stateVersion: 1 }), nextOf({ revision: 3 }))); },
  },
  {
    rule: 'I2 recordedSession', make: records,
    good: (watch) => watch.onCommit?.(commit(FIRST, nextOf({ sessionId: 's2', previousSessionId: 's1' }))),
    bad: (watch) => watch.onCommit?.(commit(FIRST, nextOf({ sessionId: 's2' }))),
  },
  {
    rule: 'I2 revived', make: records,
    good: (watch) => watch.onCommit?.(commit(FIRST, nextOf({ terminated: 'shutdown' }))),
    bad: (watch) => watch.onCommit?.(commit(recordOf({ terminated: 'shutdown' }), nextOf())),
  },
  {
    rule: 'I6 epoch', make: records,
    good: (watch) => { watch.onCommit?.(commit(null, FIRST)); watch.onCommit?.(commit(FIRST, nextOf({ owner: 'hub-1', ownerEpoch: 2 }), 'hub-1')); },
    bad: (watch) => { watch.onCommit?.(commit(null, FIRST)); watch.onCommit?.(commit(FIRST, nextOf({ owner: 'hub-1' }), 'hub-1')); },
  },
  {
    rule: 'I7 listedSwitches', make: records,
    good: (watch) => watch.onCommit?.(commit(FIRST, nextOf({ switchedAtMs: [0, 1, 60_000] }))),
    bad: (watch) => watch.onCommit?.(commit(FIRST, nextOf({ switchedAtMs: [0, 1, 59_999] }))),
  },
  {
    rule: 'I7 switches', make: records,
    good: (watch) => watch.onCommit?.(commit(FIRST, switchTo(2, 5, 2))),
    bad: (watch) => watch.onCommit?.(commit(FIRST, nextOf({ transportId: 2 }))),
  },
  {
    // None of the lists says more than one, all of them together do.
    rule: 'I7 switches', make: records,
    good: (watch) => {
      watch.onCommit?.(commit(FIRST, switchTo(2, 0, 2)));
      watch.onCommit?.(commit(switchTo(2, 0, 2), switchTo(1, 1, 3)));
      watch.onCommit?.(commit(switchTo(1, 1, 3), switchTo(2, 60_000, 4)));
    },
    bad: (watch) => {
      watch.onCommit?.(commit(FIRST, switchTo(2, 0, 2)));
      watch.onCommit?.(commit(switchTo(2, 0, 2), switchTo(1, 1, 3)));
      watch.onCommit?.(commit(switchTo(1, 1, 3), switchTo(2, 59_999, 4)));
    },
  },
  {
    rule: 'I1 committed', make: bindings,
    good: (watch) => { watch.onSaid?.(claimed(1, { transportId: 1 })); watch.onCommit?.(commit(null, FIRST)); },
    bad: (watch) => { watch.onSaid?.(claimed(1, { transportId: 2 })); watch.onCommit?.(commit(null, FIRST)); },
  },
  {
    rule: 'I1 moved', make: bindings,
    good: (watch) => {
      watch.onSaid?.(claimed(1, { transportId: 1 }));
      watch.onCommit?.(commit(null, FIRST));
      watch.onSaid?.(moved('BIRTH', 'ATTACHED', { detail: { trigger: 'attach_accepted', transportId: 1 } }));
    },
    bad: (watch) => {
      watch.onSaid?.(claimed(1, { transportId: 1 }));
      watch.onSaid?.(moved('BIRTH', 'ATTACHED', { detail: { trigger: 'attach_accepted', transportId: 1 } }));
    },
  },
  {
    rule: 'I9 sessionOwner', make: deliveries,
    good: (watch) => { watch.onCommit?.(commit(null, FIRST)); watch.onCommit?.(commit(null, recordOf({ device: 'other', sessionId: 's2' }))); },
    bad: (watch) => { watch.onCommit?.(commit(null, FIRST)); watch.onCommit?.(commit(null, recordOf({ device: 'other' }))); },
  },
  {
    rule: 'I9 delivered', make: deliveries,
    good: (watch) => { watch.onCommit?.(commit(null, FIRST)); watch.onDelivered?.({ who: 'hub-0', device: 'key', sessionId: 's1' }); },
    bad: (watch) => { watch.onCommit?.(commit(null, FIRST)); watch.onDelivered?.({ who: 'hub-0', device: 'other', sessionId: 's1' }); },
  },
  {
    rule: 'I9 delivered', make: deliveries,
    good: (watch) => { watch.onCommit?.(commit(null, FIRST)); watch.onDelivered?.({ who: 'device-0', device: 'key', sessionId: 's1' }); },
    bad: (watch) => watch.onDelivered?.({ who: 'device-0', device: 'key', sessionId: null }),
  },
  {
    rule: 'I4 hubClocks', make: hubs,
    good: (watch) => { watch.onSaid?.(saidByHub({ hubSeq: 2 })); watch.onSaid?.(saidByHub({ hubSeq: 3 })); },
    bad: (watch) => { watch.onSaid?.(saidByHub({ hubSeq: 3 })); watch.onSaid?.(saidByHub({ hubSeq: 2 })); },
  },
  {
    rule: 'I8 hubMoves', make: hubs,
    good: (watch) => watch.onSaid?.(saidByHub({ event: 'transition', from: 'BIRTH', to: 'ATTACHED' })),
    bad: (watch) => watch.onSaid?.(saidByHub({ event: 'transition', from: 'TERMINATED', to: 'ATTACHED' })),
  },
  {
    rule: 'I3 hubTime', make: hubs,
    good: (watch) => { for (const atMs of [5, 6]) watch.onSaid?.(saidByHub({ event: 'transition', from: 'ATTACHED', to: 'ATTACHED', sessionId: null, atMs })); },
    bad: (watch) => { for (const atMs of [6, 5]) watch.onSaid?.(saidByHub({ event: 'transition', from: 'ATTACHED', to: 'ATTACHED', sessionId: null, atMs })); },
  },
  {
    rule: 'I8 ownWrite', make: hubs,
    good: (watch) => { watch.onLearned?.('hub-0', recordOf()); watch.onCommit?.({ ...commit(recordOf(), nextOf()), hub: 'operator' }); watch.onSaid?.(lostByStore); },
    bad: (watch) => { watch.onLearned?.('hub-0', recordOf()); watch.onCommit?.(commit(recordOf(), nextOf())); watch.onSaid?.(lostByStore); },
  },
  {
    rule: 'I3 deadlinesGoOn', make: hubs,
    good: (watch) => watch.onCommit?.(commit(recordOf({ recoveringSinceMs: 5 }), nextOf({ recoveringSinceMs: 5 }))),
    bad: (watch) => watch.onCommit?.(commit(recordOf({ recoveringSinceMs: 5 }), nextOf({ recoveringSinceMs: 6 }))),
  },
  {
    rule: 'clone refusedCopy', make: copies,
    good: (watch) => { watch.onSaid?.(conflict); watch.onSaid?.(claimAt(600_000)); },
    bad: (watch) => { watch.onSaid?.(conflict); watch.onSaid?.(claimAt(500_000)); },
  },
  {
    rule: 'I2 judgedByItsSession', make: copies,
    good: (watch) => watch.onSaid?.(refused('s1')),
    bad: (watch) => watch.onSaid?.(refused('s2')),
  },
  {
    rule: 'clone conflictEndsNothing', make: copies,
    good: (watch) => watch.onCommit?.(commit(FIRST, nextOf({ terminated: 'shutdown' }))),
    bad: (watch) => watch.onCommit?.(commit(FIRST, nextOf({ terminated: 'identity_conflict' }))),
  },
  {
    rule: 'clone secretRotates', make: copies,
    good: (watch) => watch.onCommit?.(commit(FIRST, attach())),
    bad: (watch) => watch.onCommit?.(commit(FIRST, attach({ secret: FIRST.secret.slice() }))),
  },
  {
    rule: 'clone predecessorKept', make: copies,
    good: (watch) => watch.onCommit?.(commit(FIRST, attach())),
    bad: (watch) => watch.onCommit?.(commit(FIRST, attach({ predecessorMemoryKey: null }))),
  },
  {
    rule: 'clone askedFirst', make: copies,
    good: (watch) => {
      watch.onSaid?.(author('device-0', claimOf(1).nonce));
      watch.onSaid?.(author('device-0-clone', claimOf(2).nonce));
      watch.onSaid?.(saidByHub({ event: 'transition', from: 'BIRTH', to: 'ATTACHED' }));
      watch.onSaid?.(saidByHub({ reasonCode: 'challenge_sent', detail: { claimedVersion: 2 } }));
      watch.onCommit?.(commit(FIRST, attach()));
    },
    bad: (watch) => {
      watch.onSaid?.(author('device-0', claimOf(1).nonce));
      watch.onSaid?.(author('device-0-clone', claimOf(2).nonce));
      watch.onSaid?.(saidByHub({ event: 'transition', from: 'BIRTH', to: 'ATTACHED' }));
      watch.onCommit?.(commit(FIRST, attach()));
    },
  },
];
