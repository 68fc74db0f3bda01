import { describe, expect, test } from 'bun:test';
import type { SessionRecord } from '../../../../session/hub/record.ts';
import { NOBODY } from '../../../../session/hub/takeover.ts';
import { applyLease, type Grant, isOwnerEnded } from '../../../../session/ownership/grant.ts';
import { attached } from '../hub/process.ts';

const ask = (kind: 'acquire' | 'renew', instance: string, number: number) => ({
  kind,
  requestId: 1,
  instance,
  number,
});
const grant: Grant = { instance: 'a', number: 2, endsAtMs: 5_000 };

describe('the store grants', () => {
  test('what nobody holds, for the whole time from the arrival', () => {
    const answer = applyLease(null, ask('acquire', 'a', 1), 700, 5_000);
    expect(answer).toEqual({
      outcome: 'granted',
      grant: { instance: 'a', number: 1, endsAtMs: 5_700 },
    });
  });

  test('no second process of one hub a lease before the first one’s has ended', () => {
    const outcome = (atMs: number) =>
      applyLease(grant, ask('acquire', 'b', 1), atMs, 5_000).outcome;
    expect([4_999, 5_000].map(outcome)).toEqual(['refused', 'granted']);
  });

  test('a process a newer lease in place of its own, never an older one', () => {
    const outcome = (number: number) =>
      applyLease(grant, ask('acquire', 'a', number), 100, 5_000).outcome;
    expect([1, 2, 3].map(outcome)).toEqual(['refused', 'refused', 'granted']);
  });

  test('◆ a renewal of exactly that lease, and none that ended', () => {
    const outcome = (number: number, atMs: number) =>
      applyLease(grant, ask('renew', 'a', number), atMs, 5_000).outcome;
    expect([outcome(2, 4_999), outcome(1, 100), outcome(2, 5_000)]).toEqual([
      'granted',
      'refused',
      'refused',
    ]);
    expect(applyLease(null, ask('renew', 'a', 2), 100, 5_000).outcome).toBe('refused');
  });
});

describe('an owner has ended', () => {
  const record = attached().rig.record as SessionRecord;

  test('when its lease is gone', () => {
    expect([4_999, 5_000].map((atMs) => isOwnerEnded(record, grant, atMs))).toEqual([false, true]);
    expect(isOwnerEnded(record, null, 0)).toBe(true);
  });

  test('not where there is none', () => {
    expect(isOwnerEnded(null, null, 0)).toBe(false);
    expect(isOwnerEnded({ ...record, owner: NOBODY }, null, 0)).toBe(false);
  });
});
