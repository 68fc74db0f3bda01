/** Goal: bytes that are no record are null, never a half-read session that a hub would start with. */
import { expect, test } from 'bun:test';
import { Encoder } from 'cbor-x';
import { decodeRecord, encodeRecord } from '../../../hub/recordBlob.ts';
import { record } from './sample.ts';

const codec = new Encoder({ useRecords: false, tagUint8Array: false });

test('a record is read back as it was written', () => {
  expect(decodeRecord(encodeRecord(record(1)))).toEqual(record(1));
  const ended = record(1, {
    terminated: 'operator_terminated',
    previousSessionId: 'ab'.repeat(16),
  });
  expect(decodeRecord(encodeRecord(ended))).toEqual(ended);
});

test('one wrong field, and it is none', () => {
  const { claim } = record(1);
  const wrong: readonly Record<string, unknown>[] = [
    { sessionId: 'xyz' }, // its first digits are the jitter of the session's end
    { previousSessionId: '' },
    { terminated: 'no_such_reason' },
    { claimKind: 'x' },
    { claimPurpose: '__proto__' },
    { linkKind: 'toString' },
    { cipher: 'rot13' },
    { claim: {} },
    { claim: { ...claim, sessionId: 'xyz' } },
    { claim: { ...claim, stateVersion: -1 } },
    { claim: { ...claim, transportId: Number.NaN } },
    { claim: { ...claim, nonce: 7 } },
    { createdAtMs: Number.NaN },
    { createdAtMs: -1e103 }, // the session's age is part of its sequence
    { createdAtMs: 1e16 },
    { recoveringSinceMs: -1 },
    { switchedAtMs: [Number.POSITIVE_INFINITY] },
    { hubSeq: 2 ** 52 + 1 }, // counting on would no longer be exact
    { ownerEpoch: Number.MAX_SAFE_INTEGER },
    { revision: Number.MAX_SAFE_INTEGER },
  ];
  for (const fields of wrong) {
    const bytes = Uint8Array.from(codec.encode({ ...record(1), ...fields }));
    expect([fields, decodeRecord(bytes)]).toEqual([fields, null]);
  }
});
