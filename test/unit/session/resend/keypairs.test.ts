/** Goal: a rekey in the middle of a cut loses nothing, and what older keys sealed is given up with them. */
import { describe, expect, test } from 'bun:test';
import { End, EXCHANGE } from './world.ts';

const A = 1;
const B = 2;
const C = 3;

describe('keypairs', () => {
  /** Rekeyed in the middle: 0…9 under A, then 0…4 under B. */
  function rekeyed(): End {
    const end = new End();
    end.use(A);
    end.seal(A, 10, 1_000);
    end.use(B);
    end.seal(B, 5, 1_050);
    return end;
  }

  test('each by its own counters, the previous one first', () => {
    const end = rekeyed();
    end.resending.begin(EXCHANGE, 1_100);
    end.resending.onReceived(end.report(A, [8]), 1_100);
    end.resending.onReceived(end.report(B, [0, 3]), 1_100);
    end.resending.proceed(1_100);
    expect(end.takeAgain()).toEqual(['1:8', '2:0', '2:3']);
  });

  test('of one alone where only that was told of', () => {
    const end = rekeyed();
    end.resending.begin(EXCHANGE, 1_100);
    end.resending.onReceived(end.report(B, [0]), 1_100);
    end.resending.proceed(1_100);
    expect(end.takeAgain()).toEqual(['2:0']);
  });

  test('what is neither current nor previous is given up, and its memory with it', () => {
    const end = rekeyed();
    const told = end.report(A, [8]);
    end.use(C);
    expect(end.ring.count).toBe(5);
    end.resending.begin(EXCHANGE, 1_100);
    expect(end.resending.onReceived(told, 1_100)).toBe(false);
    end.resending.proceed(1_100);
    expect(end.takeAgain()).toEqual([]);
  });

  test('what is gone is given up', () => {
    const end = rekeyed();
    end.resending.forget(B);
    expect(end.ring.count).toBe(10);
    end.resending.forget(C);
    expect(end.ring.count).toBe(10);
  });

  test('gone while its turn had not come', () => {
    const end = rekeyed();
    end.resending.begin(EXCHANGE, 1_100);
    end.resending.onReceived(end.report(A, [8]), 1_100);
    end.resending.forget(A);
    end.resending.proceed(1_100);
    expect([end.takeAgain(), end.resending.isHolding(1_100)]).toEqual([[], true]);
    end.resending.proceed(1_150);
    expect(end.resending.isHolding(1_150)).toBe(false);
  });

  test('both are told of, the older first; one that is long idle is not, nor one that a newer claim leaves', () => {
    const end = rekeyed();
    const names = (claimChannelId: number, atMs: number) =>
      end.resending.describe(EXCHANGE, claimChannelId, atMs).map((frame) => frame.keypairIndex);
    expect(names(B, 1_100)).toEqual([A, B]);
    expect(names(B, 11_001)).toEqual([B]);
    expect(names(C, 1_100)).toEqual([B]);
    expect(new End().resending.describe(EXCHANGE, A, 0)).toEqual([]);
  });
});
