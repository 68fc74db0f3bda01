/**
 * Goal: whatever a seat asserts after a step can fail.
 *
 * Method: steps in which nothing is wrong, and tables that break one thing of their outcome at a time.
 */
import { expect, test } from 'bun:test';
import { check } from '../../../../session/hub/check.ts';
import type { SeatEffect, SeatEvent } from '../../../../session/hub/event.ts';
import type { SessionRecord } from '../../../../session/hub/record.ts';
import type { Seat, Swap } from '../../../../session/hub/state.ts';
import { attached } from './process.ts';

const { rig } = attached();
const seat = rig.seat;
const record = seat.record!;
const { config } = rig;
const tick: SeatEvent = { kind: 'tick', atMs: seat.nowMs };
const many = <T>(count: number, item: T): readonly T[] => Array.from({ length: count }, () => item);

function verdict(after: Seat, before = seat, effects: readonly SeatEffect[] = [], event = tick) {
  try {
    check(before, after, event, effects, config);
    return 'fine';
  } catch (error) {
    return (error as Error).message;
  }
}

test('a step in which nothing is wrong passes', () => {
  expect(seat.route).not.toBeNull();
  expect(verdict(seat)).toBe('fine');
});

const [channel] = seat.channels;
const recovering = { state: 'RECOVERING', route: null, accept: [] } as const;
const before = { ...seat, ...recovering } as Seat;

// biome-ignore format: this is a table
const BROKEN: readonly (readonly [what: string, change: Partial<Seat>, from?: Seat])[] = [
  ['I1: data goes to transport 2, the record says 1',   { route: { ...seat.route!, transportId: 2 } }],
  ['I1: data goes to transport 1, the record says null', { record: { ...record, terminated: 'shutdown' } }],
  ['I3: sessionEndsAtMs was due',                       { nowMs: seat.nowMs + 86_400_000 }],
  ['I3: recoveryEndsAtMs was due 0 ms ago',             { recoveringSinceMs: seat.nowMs - 30_000 }, before],
  ['I3: transportEndsAtMs was due 0 ms ago',            { transportlessSinceMs: seat.nowMs - 60_000 }, before],
  ['I4: hubSeq went back',                              { hubSeq: seat.hubSeq - 1 }],
  ['I4: stateVersion went back',                        { record: { ...record, stateVersion: 0 } }],
  ['I4: ownerEpoch went back',                          { record: { ...record, ownerEpoch: 0 } }],
  ['I6: a hub serves without owning',                   { isOwner: false }],
  ['I6: a hub serves without a lease',                  { isLeaseValid: false }],
  ['I8: ATTACHED became RECOVERING without an event',   recovering],
  ['I9: data moves on a channel that proved nothing',   { channels: [{ ...channel!, isProven: false }] }],
  ['I9: data moves on a channel that proved nothing',   { channels: [] }],
  ['I9: data goes on a proven channel only',            { ...recovering, channels: [] }, before],
  ['I11: channels holds 9',                             { channels: many(9, channel!) }],
  ['I11: addresses holds 17',                           { addresses: many(17, seat.addresses[0]!) }],
  ['I11: sources holds 33',                             { accept: many(33, seat.accept[0]!) }],
  ['I11: earlier bindings holds 4',                     { earlier: many(4, { transportId: 1, untilMs: 0 }) }],
];

for (const [what, change, from = seat] of BROKEN) {
  test(what, () => {
    expect(verdict({ ...from, ...change }, from)).toStartWith(what);
  });
}

test('I6: a probe is answered by the owner, or as a standby', () => {
  const idle = { ...before, isOwner: false } as Seat;
  const answer = (view: 'carrying' | 'standby') =>
    [
      {
        kind: 'send',
        channelId: 1,
        transportId: 1,
        target: 'x',
        frame: { type: 'probeAck', view },
      },
    ] as never;
  expect(verdict(idle, idle, answer('carrying'))).toBe('I6: a hub serves without owning');
  expect(verdict(idle, idle, answer('standby'))).toBe('fine');
});

test('I8: a transition has a hub_seq of its own', () => {
  const event = rig.events.find((candidate) => candidate.event === 'transition')!;
  const lost = { ...event, from: 'ATTACHED', to: 'RECOVERING', hubSeq: seat.hubSeq } as const;
  const report = (hubSeq: number): SeatEffect => ({ kind: 'report', event: { ...lost, hubSeq } });
  expect(verdict(before, seat, [report(seat.hubSeq)])).toBe(
    'I8: a transition has a hub_seq of its own',
  );
  expect(verdict({ ...before, hubSeq: seat.hubSeq + 1 }, seat, [report(seat.hubSeq + 1)])).toBe(
    'fine',
  );
});

/** A swap that this step sent, for the first time or as a repeat of `former`. */
function sending(
  kind: Swap['kind'],
  change: Partial<SessionRecord>,
  former: SessionRecord | null = null,
): string {
  const next = { ...record, revision: record.revision + 1, ...change };
  const swap: Swap = {
    ...{ kind, swapId: 9, expectedRevision: record.revision, record: next, claimant: null },
    ...{ isUnknown: false, tries: 1, term: seat.term, repeatAtMs: null },
  };
  const { swapId, expectedRevision } = swap;
  const effect: SeatEffect = { kind: 'swap', swapId, expectedRevision, record: next };
  const from = former === null ? seat : { ...seat, swap: { ...swap, record: former } };
  return verdict({ ...seat, swap }, from, [effect]);
}

test('what goes to the store: newer, once, named, under the cap', () => {
  const claim = {
    ...record.claim,
    stateVersion: record.stateVersion + 1,
    nonce: '00112233aabbccdd',
  };
  const newer = { stateVersion: record.stateVersion + 1 };
  expect(sending('commit', { ...newer, claim })).toBe('fine');
  expect(sending('view', {})).toBe('fine');
  expect(sending('commit', { claim })).toStartWith('I4: state_version 1 was used before');
  expect(sending('end', {})).toStartWith('I4: state_version 1 was used before');
  expect(sending('commit', newer)).toStartWith('I5: the claim of version 1 is committed twice');
  expect(sending('view', { hubSeq: 0 })).toStartWith('I4: hubSeq went back');
  expect(sending('view', { revision: record.revision + 2 })).toStartWith('a swap raises');
  expect(sending('commit', { ...newer, claim, sessionId: 'f' })).toStartWith(
    'I2: session f follows',
  );
  expect(sending('view', { sessionId: 'f' })).toContain('had not ended');
  const named = { sessionId: 'f', previousSessionId: record.sessionId };
  expect(sending('commit', { ...newer, claim, ...named })).toBe('fine');
  const switchedAtMs = many(9, seat.nowMs);
  expect(sending('commit', { ...newer, claim, switchedAtMs })).toStartWith(
    'I7: 9 switches in 60 s',
  );
});

test('what is repeated is what was sent', () => {
  expect(sending('view', {}, record)).toBe('a repeat is the identical swap');
});
