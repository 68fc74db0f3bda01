import { expect, test } from 'bun:test';
import {
  overdue,
  RecoveryWatch,
  unbounded,
} from '../../../../session/invariants/boundedRecovery.ts';
import { event, move, restarted } from './events.ts';

const BOUNDS = { ttlMs: 1_000_000, transportTtlMs: 60_000, recoveryWindowMs: 30_000 };
const watchOf = (slackMs = 0) => new RecoveryWatch(BOUNDS, slackMs);

test('a deadline that is due is not left over', () => {
  expect(overdue(10, { aMs: null, bMs: 11 })).toBeNull();
  expect(overdue(10, { aMs: null, bMs: 10 })).toBe('I3: bMs was due 0 ms ago');
  expect(overdue(10, { aMs: 3, bMs: 11 })).toBe('I3: aMs was due 7 ms ago');
});

test('a bounded state has its deadlines', () => {
  expect(unbounded('RECOVERING', { aMs: 1, bMs: 0 })).toBeNull();
  expect(unbounded('RECOVERING', { aMs: 1, bMs: null })).toBe('I3: RECOVERING without bMs');
});

test('a recovery takes its window and no more, watched or told afterwards', () => {
  const watch = watchOf();
  watch.see(move('ATTACHED', 'RECOVERING', 1_000));
  expect(watch.at(31_000)).toBeNull();
  expect(watch.at(31_001)).toContain('RECOVERING for 30001 ms');
  expect(watch.see(move('RECOVERING', 'ATTACHED', 31_001))).toContain('RECOVERING');
  const late = watchOf(1_000);
  late.see(move('ATTACHED', 'RECOVERING', 0));
  expect(late.see(move('RECOVERING', 'ATTACHED', 31_000))).toBeNull();
  const ended = watchOf();
  ended.see(move('ATTACHED', 'RECOVERING', 0));
  expect(ended.see(move('RECOVERING', 'TERMINATED', 30_001))).toContain('I3');
});

test('time without a transport adds up unless ten seconds of ATTACHED prove a binding', () => {
  const flap = (pauseMs: number) => {
    const watch = watchOf();
    let atMs = 0;
    const faults: (string | null)[] = [];
    for (let round = 0; round < 3; round++) {
      faults.push(watch.see(move('ATTACHED', 'RECOVERING', atMs)));
      atMs += 25_000;
      faults.push(watch.see(move('RECOVERING', 'ATTACHED', atMs)));
      atMs += pauseMs;
    }
    return faults.filter((fault) => fault !== null);
  };
  expect(flap(10_000)).toEqual([]);
  expect(flap(9_999)).toEqual(['I3: 75000 ms without a transport, its TTL is 60000']);
});

test('a session has an age, a restarted device one window more, an ended one none', () => {
  const watch = watchOf();
  watch.see(event({ atMs: 0 }));
  expect(watch.at(1_000_000)).toBeNull();
  expect(watch.at(1_000_001)).toContain('its TTL is 1000000');
  watch.see(restarted(990_000));
  expect(watch.at(1_000_001)).toBeNull();
  watch.see(move('RECOVERING', 'ATTACHED', 990_001));
  expect(watch.at(1_030_001)).toContain('TTL');
  watch.see(move('ATTACHED', 'TERMINATED', 1_000_000));
  expect(watch.at(9_000_000)).toBeNull();
});
