/**
 * Goal: what the peer lacks and cannot be sent again is counted, once, also where nothing of it is kept any more.
 * Method: rings too small for what was sealed; and any cuts, losses and rekeys from a seed, against a list of what is missing.
 */
import { describe, expect, test } from 'bun:test';
import { ReplayWindow, receivedState } from '../../../../session/replay.ts';
import type { Exchange } from '../../../../session/resend/exchange.ts';
import { RESEND_DATAGRAMS_MAX } from '../../../../session/sealed/ring.ts';
import type { Received } from '../../../../session/wire/frames.ts';
import { Random } from '../../../sim/random.ts';
import { End, EXCHANGE, MAX_AGE_MS } from './world.ts';

const A = 1;
const B = 2;
/** So many datagrams of 1,400 bytes lie in a slot. */
const BYTES = 1_400;
const IN_SLOT = 46;
const NEXT = { ...EXCHANGE, stateVersion: 10 };

/** `count` datagrams under A in a ring of two slots, the exchange begun. */
function cut(count: number): End {
  const end = new End(true, 2);
  end.use(A);
  end.seal(A, count, 1_000, BYTES);
  end.resending.begin(EXCHANGE, 1_100);
  return end;
}

function proceed(end: End, fromMs: number, forMs: number): void {
  for (let atMs = fromMs; atMs < fromMs + forMs; atMs += 2) end.resending.proceed(atMs);
}

describe('gone', () => {
  test('the buffer had no room: what it holds is sent again, the rest is counted', () => {
    const end = cut(3 * IN_SLOT);
    end.resending.onReceived(end.report(A, [], EXCHANGE, -1), 1_100);
    proceed(end, 1_100, 100);
    expect(end.takeAgain()[0]).toBe(`1:${IN_SLOT}`);
    expect(end.counters).toMatchObject({ datagrams: 2 * IN_SLOT, gone: IN_SLOT, tooOld: 0 });
  });

  test('what arrived is not counted, nor what was sealed after the cut', () => {
    const end = cut(3 * IN_SLOT);
    const told = end.report(A, [3, 44, 50]);
    end.seal(A, 3 * IN_SLOT, 1_110, BYTES);
    end.resending.onReceived(told, 1_120);
    proceed(end, 1_120, 20);
    expect([end.takeAgain(), end.counters.gone]).toEqual([[], 3]);
  });

  test('beyond the newest 4096', () => {
    const end = new End();
    end.use(A);
    end.seal(A, RESEND_DATAGRAMS_MAX + 10, 1_000, 40);
    end.resending.begin(EXCHANGE, 1_100);
    end.resending.onReceived(end.report(A, [8, 9, 10, 11], EXCHANGE, 4_090), 1_100);
    proceed(end, 1_100, 20);
    expect([end.takeAgain().length, end.counters.gone]).toEqual([2 + 15, 2]);
  });

  test('once: the next cut misses it again; what was sent again meanwhile, in vain, counts then', () => {
    const end = cut(2 * IN_SLOT + 10);
    end.resending.onReceived(end.report(A, [3, 50, 91]), 1_100);
    proceed(end, 1_100, 20);
    expect([end.takeAgain(), end.counters.gone]).toEqual([['1:50', '1:91'], 1]);
    end.seal(A, 2 * IN_SLOT, 1_200, BYTES);
    end.resending.begin(NEXT, 1_300);
    end.resending.onReceived(end.report(A, [3, 50, 92], NEXT), 1_300);
    proceed(end, 1_300, 20);
    expect([end.takeAgain(), end.counters.gone]).toEqual([[], 3]);
  });

  test('overwritten while it waited for its turn', () => {
    const end = cut(2 * IN_SLOT);
    end.resending.onReceived(end.report(A, [], EXCHANGE, -1), 1_100);
    end.resending.proceed(1_100);
    const sent = end.counters.datagrams;
    expect(sent).toBeLessThan(2 * IN_SLOT);
    end.seal(A, 2 * IN_SLOT, 1_101, BYTES);
    end.resending.proceed(1_102);
    expect(end.counters).toMatchObject({ datagrams: sent, gone: 2 * IN_SLOT - sent });
  });

  test('nothing at all is kept of a keypair', () => {
    const end = cut(10);
    end.use(B);
    end.seal(B, 2 * IN_SLOT, 1_050, BYTES);
    end.resending.begin(NEXT, 1_100);
    end.resending.onReceived(end.report(A, [8], NEXT), 1_100);
    end.resending.proceed(1_100);
    expect([end.takeAgain(), end.counters.gone]).toEqual([[], 1]);
  });

  for (const how of ['forgotten', 'replaced twice'] as const) {
    test(`its keys are ${how} before its turn came`, () => {
      const end = cut(10);
      end.use(B);
      end.resending.onReceived(end.report(A, [3, 8]), 1_100);
      if (how === 'forgotten') end.resending.forget(A);
      else end.use(3);
      end.resending.proceed(1_100);
      expect([end.takeAgain(), end.counters.gone]).toEqual([[], 2]);
    });
  }

  test('too old, where even what is kept is', () => {
    const end = cut(3 * IN_SLOT);
    const atMs = 1_001 + MAX_AGE_MS;
    end.resending.onReceived(end.report(A, [3, 50]), atMs);
    end.resending.proceed(atMs);
    expect(end.counters).toMatchObject({ datagrams: 0, tooOld: 2, gone: 0 });
  });

  test('however many, at no more cost; of those the newest 8192 are told apart', () => {
    const end = cut(0);
    end.keypairs.get(A)!.sentCounter = 2 ** 40;
    for (const exchange of [NEXT, { ...EXCHANGE, stateVersion: 11 }]) {
      end.resending.begin(exchange, 1_100);
      end.resending.onReceived(end.report(A, [], exchange, -1), 1_100);
      end.resending.proceed(1_100);
      expect(end.counters.gone).toBe(2 ** 40 + 1);
    }
  });
});

const SEEDS = process.env['SLICE'] === '1' ? 15 : 60;
const CUTS = 12;

/** One end, and what of it arrived at the other, by keypair. */
class Lossy {
  readonly random: Random;
  readonly end: End;
  readonly arrived = new Map<number, Set<number>>();
  /** Names of what was missing in some exchange and not sent again in it. */
  readonly dropped = new Set<string>();
  #current = 0;
  #atMs = 1_000;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.end = new End(true, 1 + this.random.below(8));
  }

  /** Some data, some of it lost, then a cut and what comes of it. */
  cut(stateVersion: number): void {
    const { random, end } = this;
    if (this.#current === 0 || random.chance(20)) this.#rekey();
    for (let burst = random.below(6); burst > 0; burst--) {
      this.#seal(random.below(200), random.chance(50) ? 0 : 90);
      this.#atMs += random.below(700);
    }
    const linkKind = random.pick(['lte', 'ethernet'] as const);
    const exchange = { ...EXCHANGE, stateVersion, linkKind };
    end.resending.begin(exchange, this.#atMs);
    const told = [this.#current - 1, this.#current].flatMap((id) => this.#told(id, exchange));
    for (const frame of told) end.resending.onReceived(frame, this.#atMs);
    const cutAt = new Map([...end.keypairs].map(([id, { sentCounter }]) => [id, sentCounter]));
    end.resending.proceed(this.#atMs);
    // Something newer may take the place of what waits.
    if (random.chance(30)) this.#seal(random.below(200), 100);
    proceed(end, this.#atMs, 260);
    const again = new Set(end.takeAgain());
    for (const frame of told) {
      const id = frame.keypairIndex - 1_000;
      for (let counter = 0; counter <= cutAt.get(id)!; counter++) {
        const name = `${id}:${counter}`;
        if (receivedState(frame, counter) !== 'missing') continue;
        if (!again.has(name)) this.dropped.add(name);
        else if (random.chance(70)) this.arrived.get(id)!.add(counter);
      }
    }
    this.#atMs += 300;
  }

  #rekey(): void {
    this.#current += 1;
    this.end.use(this.#current);
    this.arrived.set(this.#current, new Set());
  }

  #seal(count: number, percent: number): void {
    const keypair = this.end.keypairs.get(this.#current)!;
    const first = keypair.sentCounter + 1;
    this.end.seal(this.#current, count, this.#atMs, this.random.pick([60, BYTES]));
    for (let counter = first; counter <= keypair.sentCounter; counter++) {
      if (this.random.chance(percent)) this.arrived.get(this.#current)!.add(counter);
    }
  }

  #told(id: number, exchange: Exchange): Received[] {
    const arrived = this.arrived.get(id);
    if (arrived === undefined) return [];
    const window = new ReplayWindow();
    for (const counter of arrived) window.accept(counter);
    return [{ ...this.end.report(id, [], exchange, -1), ...window.received() }];
  }
}

test('whatever is lost, cut and rekeyed: what is missing is sent again or counted, and that once', () => {
  const seen = { tooOld: 0, gone: 0, overPace: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const lossy = new Lossy(seed);
    for (let stateVersion = 10; stateVersion < 10 + CUTS; stateVersion++) lossy.cut(stateVersion);
    const { tooOld, gone, overPace } = lossy.end.counters;
    expect([seed, tooOld + gone + overPace]).toEqual([seed, lossy.dropped.size]);
    seen.tooOld += tooOld;
    seen.gone += gone;
    seen.overPace += overPace;
  }
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(100);
});
