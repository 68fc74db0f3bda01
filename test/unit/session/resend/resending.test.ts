/** Goal: after a cut the peer gets what it lacks, once, young, in order and before newer data, and nothing else. */
import { describe, expect, test } from 'bun:test';
import { RESEND_DATAGRAMS_MAX } from '../../../../session/sealed/ring.ts';
import { End, EXCHANGE, MAX_AGE_MS } from './world.ts';

const A = 1;

/** Ten datagrams under A, sealed at 1000. */
function ten(): End {
  const end = new End();
  end.use(A);
  end.seal(A, 10, 1_000);
  return end;
}

describe('what is sent again', () => {
  test('what the peer lacks, oldest first, once', () => {
    const end = ten();
    end.resending.begin(EXCHANGE, 1_100);
    end.resending.onReceived(end.report(A, [3, 4, 7]), 1_100);
    end.resending.proceed(1_100);
    expect(end.takeAgain()).toEqual(['1:3', '1:4', '1:7']);
    end.resending.onReceived(end.report(A, [3, 4, 7]), 1_150);
    end.resending.proceed(1_150);
    expect(end.takeAgain()).toEqual([]);
    expect(end.counters).toMatchObject({ datagrams: 3, bytes: 300, tooOld: 0, overPace: 0 });
  });

  test('nothing before it is told, and nothing before there is a binding', () => {
    const end = ten();
    end.resending.begin(EXCHANGE, 1_100);
    end.resending.proceed(1_100);
    end.resending.onReceived(end.report(A, [3]), 1_120);
    expect(end.takeAgain()).toEqual([]);
    end.resending.proceed(1_120);
    expect(end.takeAgain()).toEqual(['1:3']);
  });

  test('what is beyond the highest counter that arrived, too: the tail was lost', () => {
    const end = ten();
    end.resending.begin(EXCHANGE, 1_100);
    end.resending.onReceived(end.report(A, [], EXCHANGE, 6), 1_100);
    end.resending.proceed(1_100);
    expect(end.takeAgain()).toEqual(['1:7', '1:8', '1:9']);
  });

  test('all of it where nothing arrived', () => {
    const end = ten();
    end.resending.begin(EXCHANGE, 1_100);
    end.resending.onReceived(end.report(A, [], EXCHANGE, -1), 1_100);
    end.resending.proceed(1_100);
    expect(end.takeAgain().length).toBe(10);
  });

  test('not what was sealed after the cut: that is under way', () => {
    const end = ten();
    end.resending.begin(EXCHANGE, 1_100);
    end.seal(A, 5, 1_110);
    end.resending.onReceived(end.report(A, [], EXCHANGE, 8), 1_120);
    end.resending.proceed(1_120);
    expect(end.takeAgain()).toEqual(['1:9']);
  });

  test('not what is older than it may be; it is counted, and not again by the next cut', () => {
    const end = new End();
    end.use(A);
    end.seal(A, 5, 1_000);
    end.seal(A, 5, 2_000);
    end.resending.begin(EXCHANGE, 1_001 + MAX_AGE_MS);
    end.resending.onReceived(end.report(A, [2, 7]), 1_001 + MAX_AGE_MS);
    end.resending.proceed(1_001 + MAX_AGE_MS);
    expect(end.takeAgain()).toEqual(['1:7']);
    expect(end.counters.tooOld).toBe(1);

    // What was sent again in vain is too old by then, and counts, too.
    for (const stateVersion of [10, 11]) {
      const next = { ...EXCHANGE, stateVersion };
      end.resending.begin(next, 9_000);
      end.resending.onReceived(end.report(A, [2, 7], next), 9_000);
      end.resending.proceed(9_000);
      expect([end.takeAgain(), end.counters.tooOld]).toEqual([[], 2]);
    }
  });

  test('what came of age while it waited for its turn is left, too', () => {
    const end = ten();
    end.resending.begin(EXCHANGE, 2_900);
    end.resending.onReceived(end.report(A, [3]), 2_900);
    end.resending.proceed(1_001 + MAX_AGE_MS);
    expect([end.takeAgain(), end.counters.tooOld]).toEqual([[], 1]);
  });

  test('the newest 4096, whatever the ring holds', () => {
    const end = new End();
    end.use(A);
    end.seal(A, RESEND_DATAGRAMS_MAX + 10, 1_000, 40);
    end.resending.begin(EXCHANGE, 1_100);
    // What it says reaches further back than that.
    end.resending.onReceived(end.report(A, [8, 9, 10, 11], EXCHANGE, 4_000), 1_100);
    for (let atMs = 1_100; atMs < 1_300; atMs += 2) end.resending.proceed(atMs);
    const again = end.takeAgain();
    expect(again.slice(0, 3)).toEqual(['1:10', '1:11', '1:4001']);
    expect(again.at(-1)).toBe(`1:${RESEND_DATAGRAMS_MAX + 9}`);
  });

  test('not what the peer’s replay window would refuse', () => {
    const end = ten();
    end.resending.begin(EXCHANGE, 1_100);
    end.resending.onReceived(end.report(A, [3]), 1_100);
    end.keypairs.get(A)!.sentCounter = 3 + 8_192;
    end.resending.proceed(1_100);
    expect([end.takeAgain(), end.counters.tooOld]).toEqual([[], 1]);
  });

  test('a run of equal ones goes out by one call, and is what was sealed', () => {
    const end = ten();
    const runs: number[] = [];
    const { ring } = end;
    const slot = ring.slotFrom(0)!;
    const before = ring.memory.bytes.slice(slot.at, slot.at + slot.bytes);
    end.resending.begin(EXCHANGE, 1_100);
    end.resending.onReceived(end.report(A, [2, 3, 4, 8]), 1_100);
    Object.assign(end, { again: { push: (name: string) => runs.push(Number(name.slice(2))) } });
    end.resending.proceed(1_100);
    expect(runs).toEqual([2, 3, 4, 8]);
    expect(ring.memory.bytes.slice(slot.at, slot.at + slot.bytes)).toEqual(before);
  });
});

describe('pace', () => {
  /** 1.2 MB for a path that is taken for 1 MB/s. */
  function much(): End {
    const end = new End(true, 32);
    end.use(A);
    end.seal(A, 1_000, 1_000, 1_200);
    const slow = { ...EXCHANGE, linkKind: 'lte' as const };
    end.resending.begin(slow, 1_100);
    end.resending.onReceived(end.report(A, [], slow, -1), 1_100);
    return end;
  }

  test('at most 250 ms of the path’s rate, the oldest first; the rest is dropped and counted', () => {
    const end = much();
    let atMs = 1_100;
    end.resending.proceed(atMs);
    while (end.resending.isHolding(atMs) && atMs < 5_000) {
      atMs = end.resending.nextDeadlineMs() ?? Number.POSITIVE_INFINITY;
      end.resending.proceed(atMs);
    }
    expect(end.counters.bytes).toBeLessThanOrEqual(250_000);
    expect(end.counters.bytes).toBeGreaterThan(250_000 - 1_200);
    expect(end.counters.datagrams + end.counters.overPace).toBe(1_000);
    expect(atMs).toBeLessThanOrEqual(1_100 + 255);
    const again = end.takeAgain();
    expect(again).toEqual(again.map((_, counter) => `1:${counter}`));
  });

  test('what the peer saw arriving on the path counts, where it is more', () => {
    const end = new End(true, 32);
    end.use(A);
    end.seal(A, 1_000, 1_000, 1_200);
    const slow = { ...EXCHANGE, linkKind: 'lte' as const };
    end.resending.begin(slow, 1_100);
    const told = { ...end.report(A, [], slow, -1), bytesPerSecond: 1_000_000_000 };
    end.resending.onReceived(told, 1_100);
    for (let atMs = 1_100; atMs < 1_140; atMs += 2) end.resending.proceed(atMs);
    expect(end.counters).toMatchObject({ datagrams: 1_000, overPace: 0 });
  });

  test('newer data waits until it is over', () => {
    const end = much();
    end.resending.proceed(1_100);
    expect(end.resending.isHolding(1_100)).toBe(true);
    for (let atMs = 1_102; atMs <= 1_360; atMs += 2) end.resending.proceed(atMs);
    expect(end.resending.isHolding(1_360)).toBe(false);
  });

  test('… or there is no more room for it', () => {
    const end = much();
    end.resending.stopHolding();
    expect(end.resending.isHolding(1_100)).toBe(false);
    // The next cut begins anew.
    end.resending.begin({ ...EXCHANGE, stateVersion: 10 }, 1_200);
    expect(end.resending.isHolding(1_200)).toBe(true);
  });

  test('a binding that dies takes the rest with it, and the next claim asks anew', () => {
    const end = much();
    end.resending.proceed(1_100);
    const before = end.counters.datagrams;
    end.resending.stop();
    end.resending.proceed(1_200);
    expect([end.counters.datagrams, end.resending.isHolding(1_200)]).toEqual([before, false]);
    expect(end.resending.nextDeadlineMs()).toBeNull();

    const next = { ...EXCHANGE, stateVersion: 10 };
    end.resending.begin(next, 1_300);
    end.resending.onReceived(end.report(A, [], next, -1), 1_300);
    end.takeAgain();
    end.resending.proceed(1_300);
    expect(end.takeAgain()[0]).toBe('1:0');
  });
});

describe('waiting for the answer', () => {
  test('up to 50 ms, where something young could be missing', () => {
    const end = ten();
    end.resending.begin(EXCHANGE, 1_100);
    end.resending.proceed(1_100);
    expect([1_100, 1_149, 1_150].map((atMs) => end.resending.isHolding(atMs))).toEqual([
      true,
      true,
      false,
    ]);
    expect(end.resending.nextDeadlineMs()).toBe(1_150);
  });

  test('not where nothing is: all too old, or nothing sealed', () => {
    const old = ten();
    old.resending.begin(EXCHANGE, 1_001 + MAX_AGE_MS);
    expect(old.resending.isHolding(1_001 + MAX_AGE_MS)).toBe(false);
    const empty = new End();
    empty.use(A);
    empty.resending.begin(EXCHANGE, 1_100);
    expect(empty.resending.isHolding(1_100)).toBe(false);
  });

  test('not in a planned switch', () => {
    const planned = ten();
    planned.resending.begin({ ...EXCHANGE, drainMs: 40 }, 1_100);
    planned.resending.onReceived(planned.report(A, [3]), 1_100);
    expect(planned.resending.isHolding(1_100)).toBe(false);
  });

  test('also for a peer that was asked in vain before: its answers may have been late', () => {
    const end = ten();
    end.resending.begin(EXCHANGE, 1_100);
    for (let atMs = 1_100; atMs < 4_000; atMs += 10) end.resending.proceed(atMs);
    end.seal(A, 1, 4_000);
    const next = { ...EXCHANGE, stateVersion: 10 };
    end.resending.begin(next, 4_000);
    expect(end.resending.isHolding(4_020)).toBe(true);
    end.resending.onReceived(end.report(A, [10], next), 4_020);
    end.resending.proceed(4_020);
    expect(end.takeAgain()).toEqual(['1:10']);
    expect(end.resending.isHolding(4_020)).toBe(false);
  });

  test('asked again after a timeout, ever more rarely, four times in all', () => {
    const end = ten();
    end.resending.begin(EXCHANGE, 1_000);
    const askedAtMs: number[] = [];
    for (let atMs = 1_000; atMs < 9_000; atMs += 10) {
      end.resending.proceed(atMs);
      if (end.told.splice(0).length > 0) askedAtMs.push(atMs);
    }
    // The first one went with the claim.
    expect(askedAtMs).toEqual([1_100, 1_250, 1_480]);
  });

  test('a planned switch asks when the way before is empty', () => {
    const end = ten();
    end.resending.begin({ ...EXCHANGE, drainMs: 40 }, 1_000);
    end.resending.proceed(1_039);
    expect(end.told).toEqual([]);
    expect(end.resending.nextDeadlineMs()).toBe(1_040);
    end.resending.proceed(1_040);
    expect(end.told.map(({ keypairIndex }) => keypairIndex)).toEqual([A]);
  });
});

describe('what counts', () => {
  test('of an earlier claim, of one that is not answered, of a keypair that nobody knows: nothing', () => {
    const end = ten();
    end.resending.begin(EXCHANGE, 1_100);
    const earlier = { ...EXCHANGE, stateVersion: 8 };
    expect(end.resending.onReceived(end.report(A, [3], earlier), 1_100)).toBe(false);
    expect(end.resending.onReceived({ ...end.report(A, [3]), keypairIndex: 77 }, 1_100)).toBe(
      false,
    );
    end.resending.onReceived(end.report(A, [3], { ...EXCHANGE, stateVersion: 10 }), 1_100);
    end.resending.proceed(1_100);
    expect(end.takeAgain()).toEqual([]);
  });

  test('of a claim that is answered later: from then on', () => {
    const end = ten();
    end.resending.onReceived(end.report(A, [3]), 1_050);
    end.resending.begin(EXCHANGE, 1_100);
    end.resending.proceed(1_100);
    expect(end.takeAgain()).toEqual(['1:3']);
  });

  test('an exchange that has begun does not begin again, and an older one never', () => {
    const end = ten();
    end.resending.begin(EXCHANGE, 1_100);
    end.resending.onReceived(end.report(A, [3]), 1_100);
    end.resending.proceed(1_100);
    for (const stateVersion of [EXCHANGE.stateVersion, 8]) {
      end.resending.begin({ ...EXCHANGE, stateVersion }, 1_200);
      end.resending.onReceived(end.report(A, [3, 4]), 1_200);
      end.resending.proceed(1_200);
      expect(end.takeAgain()).toEqual(stateVersion === 8 ? [] : ['1:3']);
    }
  });

  test('the device follows a rebind that the hub saw, the hub none that a device dreams up', () => {
    const rebind = { ...EXCHANGE, round: 1 };
    const device = ten();
    device.resending.begin(EXCHANGE, 1_100);
    device.resending.onReceived(device.report(A, [3], rebind), 1_200);
    device.resending.proceed(1_200);
    expect(device.takeAgain()).toEqual(['1:3']);
    expect(device.told.map(({ round }) => round)).toEqual([1]);

    const hub = new End(false);
    hub.use(A);
    hub.seal(A, 10, 1_000);
    hub.resending.begin({ ...EXCHANGE, isAsking: false }, 1_100);
    expect(hub.resending.onReceived(hub.report(A, [3], rebind), 1_200)).toBe(false);
    hub.resending.proceed(1_200);
    expect([hub.takeAgain(), hub.told]).toEqual([[], []]);
  });

  test('who is asked answers each, about that keypair, and acts once', () => {
    const hub = new End(false);
    hub.use(A);
    hub.seal(A, 10, 1_000);
    hub.resending.begin({ ...EXCHANGE, isAsking: false }, 1_100);
    for (const atMs of [1_100, 1_200]) {
      hub.resending.onReceived(hub.report(A, [3]), atMs);
      hub.resending.proceed(atMs);
    }
    expect(hub.told.map(({ keypairIndex, stateVersion }) => [keypairIndex, stateVersion])).toEqual([
      [A, 9],
      [A, 9],
    ]);
    expect(hub.takeAgain()).toEqual(['1:3']);
  });
});

test('a copy is explained by what was told, once, and counted', () => {
  const end = ten();
  expect(end.resending.isExpectingRepeats(1_100)).toBe(false);
  end.keypairs.get(A)!.window.accept(0);
  end.resending.describe(EXCHANGE, A, 1_100);
  expect(end.resending.isExpectingRepeats(1_100)).toBe(true);
  expect([0, 5, 5].map((counter) => end.resending.takesRepeat(A, counter, 1_200))).toEqual([
    false,
    true,
    false,
  ]);
  expect(end.counters.duplicates).toBe(1);
});
