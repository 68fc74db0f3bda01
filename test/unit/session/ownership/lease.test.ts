import { describe, expect, test } from 'bun:test';
import { InvariantError } from '../../../../session/assert.ts';
import type { LeaseEffect, LeaseEvent } from '../../../../session/ownership/event.ts';
import {
  isLeaseHeld,
  leaseDeadline,
  newLease,
  stepLease,
} from '../../../../session/ownership/lease.ts';

const CONFIG = { instance: '0a'.repeat(16), ttlMs: 5_050 };
/** 5,050 ms less 1 % of drift. */
const VALID_MS = 5_000;

type Outcome = Extract<LeaseEvent, { kind: 'answered' }>['outcome'];

class Holder {
  lease = newLease(0);
  effects: readonly LeaseEffect[] = [];

  feed(event: LeaseEvent): readonly LeaseEffect[] {
    ({ lease: this.lease, effects: this.effects } = stepLease(this.lease, event, CONFIG));
    return this.effects;
  }

  tick(atMs: number) {
    return this.feed({ kind: 'tick', atMs });
  }

  answer(atMs: number, outcome: Outcome = 'granted', requestId = this.lease.requests) {
    return this.feed({ kind: 'answered', atMs, requestId, outcome });
  }

  get dueAtMs() {
    return leaseDeadline(this.lease, CONFIG);
  }

  told() {
    return this.effects.filter((effect) => effect.kind === 'lease').map(({ isValid }) => isValid);
  }
}

/** Asked at 0, granted at 100. */
function held(): Holder {
  const holder = new Holder();
  holder.tick(0);
  holder.answer(100);
  return holder;
}

describe('a lease', () => {
  test('is asked for at once, and counts from when it was asked for', () => {
    const holder = new Holder();
    expect(holder.dueAtMs).toBe(0);
    expect(holder.tick(0)).toEqual([
      { kind: 'acquire', requestId: 1, instance: CONFIG.instance, number: 1 },
    ]);
    expect(isLeaseHeld(holder.lease, 0)).toBe(false);
    expect(holder.answer(1_600)).toEqual([{ kind: 'lease', isValid: true }]);
    expect([VALID_MS - 1, VALID_MS].map((atMs) => isLeaseHeld(holder.lease, atMs))).toEqual([
      true,
      false,
    ]);
  });

  test('is renewed ahead, from the sending of each renewal', () => {
    const holder = held();
    expect(holder.dueAtMs).toBe(1_683);
    expect(holder.tick(1_683)).toEqual([
      { kind: 'renew', requestId: 2, instance: CONFIG.instance, number: 1 },
    ]);
    expect(holder.answer(2_000)).toEqual([]);
    expect(holder.lease.validUntilMs).toBe(1_683 + VALID_MS);
  });

  test('ends for its holder before the store lets others in, however late the answers are', () => {
    for (const delayMs of [0, 1, 100, 1_682]) {
      const holder = new Holder();
      holder.tick(0);
      holder.answer(delayMs);
      const inStoreUntilMs = 0 + CONFIG.ttlMs;
      expect(holder.lease.validUntilMs ?? 0).toBeLessThan(inStoreUntilMs);
    }
  });

  test('at its end the seats are told at that very moment, and a new one is asked for', () => {
    const holder = held();
    holder.tick(1_683);
    holder.tick(3_366);
    holder.tick(4_999);
    expect(holder.told()).toEqual([]);
    expect(holder.dueAtMs).toBe(5_000);
    expect(holder.tick(5_000)).toEqual([
      { kind: 'lease', isValid: false },
      { kind: 'acquire', requestId: 4, instance: CONFIG.instance, number: 2 },
    ]);
  });

  test('◆ an answer that comes after the end, or after its request was given up, extends nothing', () => {
    const holder = held();
    holder.tick(1_683);
    holder.tick(3_366);
    expect(holder.answer(3_400, 'granted', 2)).toEqual([]);
    expect(holder.lease).toMatchObject({ validUntilMs: 5_000, lateAnswers: 1 });
    // The renewal of 3,366 is answered in the millisecond in which the lease ends.
    expect(holder.answer(5_000, 'granted', 3)[0]).toEqual({ kind: 'lease', isValid: false });
    expect(isLeaseHeld(holder.lease, 5_000)).toBe(false);
  });

  test('an unknown outcome extends nothing; the renewal is tried again', () => {
    const holder = held();
    holder.tick(1_683);
    holder.answer(1_700, 'unknown');
    expect(holder.lease.validUntilMs).toBe(VALID_MS);
    expect(holder.dueAtMs).toBe(1_700 + 561);
    expect(holder.tick(2_261)[0]).toMatchObject({ kind: 'renew', number: 1 });
  });

  test('that the store has lost ends at once', () => {
    const holder = held();
    holder.tick(1_683);
    expect(holder.answer(1_700, 'refused')).toEqual([
      { kind: 'lease', isValid: false },
      { kind: 'acquire', requestId: 3, instance: CONFIG.instance, number: 2 },
    ]);
  });

  test('of a former process is waited for', () => {
    const holder = new Holder();
    holder.tick(0);
    holder.answer(10, 'refused');
    expect(holder.told()).toEqual([]);
    expect(holder.tick(571)[0]).toMatchObject({ kind: 'acquire', number: 2 });
  });

  test('one whose acquisition may have been granted is replaced by the next', () => {
    const holder = new Holder();
    holder.tick(0);
    expect(holder.tick(1_683)[0]).toMatchObject({ kind: 'acquire', requestId: 2, number: 2 });
    expect(holder.answer(1_700, 'granted', 1)).toEqual([]);
    expect(holder.answer(1_701)).toEqual([{ kind: 'lease', isValid: true }]);
    expect(holder.lease.validUntilMs).toBe(1_683 + VALID_MS);
  });

  test('is given back by a process that stops, after the seats were told', () => {
    const holder = held();
    expect(holder.feed({ kind: 'stop', atMs: 200 })).toEqual([
      { kind: 'lease', isValid: false },
      { kind: 'revoke', instance: CONFIG.instance, number: 1 },
    ]);
    expect(holder.dueAtMs).toBeNull();
    expect([holder.tick(9_000), holder.feed({ kind: 'stop', atMs: 9_000 })]).toEqual([[], []]);
  });

  test('time does not run backwards', () => {
    expect(() => held().tick(99)).toThrow(InvariantError);
  });
});
