import { expect, test } from 'bun:test';
import {
  type KeyedRecord,
  KeyHeldWatch,
  unheldKey,
} from '../../../../session/invariants/keyHeld.ts';
import { claimOf } from './events.ts';

const key = (byte: number) => new Uint8Array(32).fill(byte);
const RECORD: KeyedRecord = {
  ...{ sessionId: 's1', terminated: null, claim: claimOf(3), claimKind: 'reattach' },
  ...{ secret: key(1), previousSecret: key(2), memoryKey: key(3), predecessorMemoryKey: key(4) },
};
const NEXT = { ...RECORD, claim: claimOf(5) };
const with_ = (secret: Uint8Array | null, memoryKey: Uint8Array | null) => ({
  ...{ name: 'copy', secret, memoryKey },
});

test('each of the record’s four keys will do, and no other', () => {
  expect(unheldKey(with_(key(1), null), RECORD, NEXT)).toBeNull();
  expect(unheldKey(with_(key(2), null), RECORD, NEXT)).toBeNull();
  expect(unheldKey(with_(null, key(3)), RECORD, NEXT)).toBeNull();
  expect(unheldKey(with_(null, key(4)), RECORD, NEXT)).toBeNull();
  expect(unheldKey(with_(null, null), RECORD, NEXT)).toContain('copy won without a key');
  expect(unheldKey(with_(key(9), key(9)), RECORD, NEXT)).toContain('clone');
  expect(unheldKey(with_(key(3), key(1)), RECORD, NEXT)).toContain('clone'); // each for its own use
  expect(unheldKey(with_(new Uint8Array(), null), RECORD, NEXT)).toContain('clone');
});

test('an unconfirmed birth may be repeated with nothing, by the same session only', () => {
  const birth = { ...RECORD, claimKind: 'attach' } as const;
  expect(unheldKey(with_(null, null), birth, NEXT)).toBeNull();
  expect(unheldKey(with_(key(9), null), birth, NEXT)).toContain('clone');
  expect(unheldKey(with_(null, null), birth, { ...NEXT, sessionId: 's2' })).toContain('clone');
});

test('a claimant is judged by what it had when it claimed; views, ends and first records are not', () => {
  const watch = new KeyHeldWatch();
  watch.claimed('5', with_(key(9), null));
  expect(watch.committed(RECORD, NEXT)).toContain('clone');
  expect(watch.committed(null, NEXT)).toBeNull();
  expect(watch.committed({ ...RECORD, terminated: 'shutdown' }, NEXT)).toBeNull();
  expect(watch.committed(RECORD, { ...RECORD, secret: key(7) })).toBeNull();
  expect(watch.committed(RECORD, { ...RECORD, claim: claimOf(6) })).toBeNull();
});
