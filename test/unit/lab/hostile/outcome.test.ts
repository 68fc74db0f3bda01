/** Goal: what an attack changed is told, and only what the device's own measurements explain is not held against it. */
import { expect, test } from 'bun:test';
import { changesOf, type Held, together } from '../../../lab/hostile/outcome.ts';

const BEFORE: Held = {
  seat: {
    ...{ session_id: 'aa', binding: 'eth0→192.0.2.1:5', cipher: 'aes-256-gcm' },
    ...{ is_source_validated: true, state_version: 4, state: 'ATTACHED' },
  },
  agent: { session_id: 'aa', binding: 'eth0→203.0.113.1:5', state_version: 4, state: 'ATTACHED' },
  revision: 7,
};
const CLAIMED: Held = {
  seat: { ...BEFORE.seat, state_version: 5 },
  agent: { ...BEFORE.agent, state_version: 5 },
  revision: 8,
};
const TOLD = [
  'version at the hub changed: 4 → 5',
  'version at the device changed: 4 → 5',
  'revision of the record changed: 7 → 8',
];

test('nothing changed is nothing told; a version that nothing explains is', () => {
  expect(changesOf(BEFORE, BEFORE, [])).toEqual([]);
  expect(changesOf(BEFORE, CLAIMED, [])).toEqual(TOLD);
});

test('a recovery of its own explains versions, twice at most, and a claim to stay is one', () => {
  const stay = 'reattach_same_transport';
  expect(changesOf(BEFORE, CLAIMED, ['heartbeat_timeout', stay])).toEqual([]);
  expect(changesOf(BEFORE, CLAIMED, [stay, stay])).toEqual([]);
  expect(changesOf(BEFORE, CLAIMED, [stay, stay, stay])).toEqual(TOLD);
});

test('a move for any other reason explains nothing, and a recovery explains no other session or binding', () => {
  expect(changesOf(BEFORE, CLAIMED, ['reattach_same_transport', 'switch_abandoned'])).toEqual(TOLD);
  const moved = { ...CLAIMED, seat: { ...CLAIMED.seat, session_id: 'bb', binding: 'eth0→x' } };
  expect(changesOf(BEFORE, moved, ['reattach_same_transport'])).toEqual([
    'session id at the hub changed: aa → bb',
    'binding changed: eth0→192.0.2.1:5 → eth0→x',
  ]);
});

test('waves are one attack: sums, the slowest rate, and each fault with its wave', () => {
  const one = { sent: 5, sentBytes: 50, rate: 9, countedAs: { a: 1 }, notes: ['same'], faults: [] };
  const other = { ...one, rate: 7, countedAs: { a: 2, b: 1 }, faults: ['drew too much'] };
  expect(together([one, other])).toEqual({
    ...{ sent: 10, sentBytes: 100, answered: 0, answeredBytes: 0, rate: 7 },
    ...{ countedAs: { a: 3, b: 1 }, notes: ['same'], faults: ['wave 2: drew too much'] },
  });
});
