/**
 * Goal: whatever a peer says, one exchange and two keypairs are all that is kept, and the ring all that is sent (I11).
 * Method: thousands of RECEIVED of every kind, from a seed; what comes of them is counted.
 */
import { expect, test } from 'bun:test';
import { SLOT_BYTES } from '../../../../session/sealed/slot.ts';
import { Random } from '../../../sim/random.ts';
import { End, EXCHANGE } from './world.ts';

const SLOTS = 4;
const SEEDS = process.env['SLICE'] === '1' ? 5 : 20;
const FRAMES = 400;

test('however often it is said, each datagram goes once and each is answered at most once a turn', () => {
  const hub = new End(false, SLOTS);
  for (const channelId of [1, 2]) {
    hub.use(channelId);
    hub.seal(channelId, 50, 1_000);
  }
  hub.resending.begin({ ...EXCHANGE, isAsking: false }, 1_100);
  for (let times = 0; times < 1_000; times++) {
    hub.resending.onReceived(hub.report(1 + (times % 2), [], EXCHANGE, -1), 1_100);
  }
  for (let atMs = 1_100; atMs < 1_120; atMs += 2) hub.resending.proceed(atMs);
  expect([hub.told.length, hub.again.length, new Set(hub.again).size]).toEqual([2, 100, 100]);
});

test('of claims that are not answered yet, only the newest said is kept', () => {
  const end = new End();
  end.use(1);
  end.seal(1, 10, 1_000);
  for (let stateVersion = 100; stateVersion < 1_100; stateVersion++) {
    end.resending.onReceived(end.report(1, [3], { stateVersion, round: 0 }), 1_050);
  }
  for (const stateVersion of [100, 500, 1_098]) {
    end.resending.begin({ ...EXCHANGE, stateVersion }, 1_100);
    end.resending.proceed(1_100);
  }
  expect(end.again).toEqual([]);
  end.resending.begin({ ...EXCHANGE, stateVersion: 1_099 }, 1_100);
  end.resending.proceed(1_100);
  expect(end.again).toEqual(['1:3']);
});

test('… and of two keypairs, whatever they are called', () => {
  const end = new End();
  end.use(1);
  end.seal(1, 10, 1_000);
  const told = end.report(1, [3]);
  end.resending.onReceived(told, 1_050);
  for (let keypairIndex = 5_000; keypairIndex < 6_000; keypairIndex++) {
    end.resending.onReceived({ ...told, keypairIndex }, 1_050);
  }
  end.resending.begin(EXCHANGE, 1_100);
  end.resending.proceed(1_100);
  expect(end.again).toEqual([]);
});

test('nothing that is said makes anything go twice in an exchange, or more be kept than the ring, or throws', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new Random(seed);
    const hub = new End(false, SLOTS);
    let atMs = 1_000;
    let begun = { stateVersion: 5, round: 0 };
    hub.use(1);
    for (let step = 0; step < FRAMES; step++) {
      atMs += random.below(40);
      if (random.chance(10)) hub.use(random.pick([1, 2, 3]));
      const current = random.pick([...hub.keypairs.keys()]);
      if (random.chance(30)) hub.seal(current, random.below(200), atMs, 32 + random.below(1_400));
      if (random.chance(5)) hub.resending.forget(current);
      const other = { stateVersion: 5 + random.below(60), round: random.below(3) };
      if (random.chance(15)) {
        hub.again = [];
        begun = { stateVersion: begun.stateVersion + random.below(2), round: random.below(3) };
        hub.resending.begin({ ...EXCHANGE, ...begun, isAsking: random.chance(50) }, atMs);
      }
      const named = random.chance(60) ? begun : other;
      const frame = hub.report(current, [], named, random.below(500) - 1);
      hub.resending.onReceived({ ...frame, bytesPerSecond: random.below(2 ** 31) }, atMs);
      hub.resending.proceed(atMs);
      expect(new Set(hub.again).size).toBe(hub.again.length);
      expect(hub.ring.count * 32).toBeLessThanOrEqual(SLOTS * SLOT_BYTES);
    }
    expect(hub.counters.datagrams).toBeGreaterThan(0);
  }
});
