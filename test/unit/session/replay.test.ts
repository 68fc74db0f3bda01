import { describe, expect, test } from 'bun:test';
import {
  RECEIVED_WINDOW,
  REPLAY_WINDOW,
  ReplayWindow,
  receivedState,
} from '../../../session/replay.ts';
import { Seeded } from './channel/seeded.ts';

/** The slow truth: every counter ever accepted. */
class Model {
  readonly accepted = new Set<number>();
  counterMax = -1;

  classify(counter: number): 'fresh' | 'duplicate' | 'tooOld' {
    if (counter > this.counterMax) return 'fresh';
    if (this.counterMax - counter >= REPLAY_WINDOW) return 'tooOld';
    return this.accepted.has(counter) ? 'duplicate' : 'fresh';
  }

  accept(counter: number): void {
    this.accepted.add(counter);
    this.counterMax = Math.max(this.counterMax, counter);
  }
}

/**
 * Goal: the window says what a set of all counters says, whatever the order of arrival.
 * Method: seeded walks with reordering, repeats, jumps within and beyond the window.
 */
describe('against a set', () => {
  for (let seed = 1; seed <= 12; seed++) {
    test(`seed ${seed}`, () => {
      const random = new Seeded(seed);
      const jumpMax = [3, 40, 8300, 100_000][seed % 4] ?? 3;
      const base = seed % 3 === 0 ? 2 ** 32 - 5000 : 0;
      const window = new ReplayWindow();
      const model = new Model();
      for (let i = 0; i < 4000; i++) {
        const top = Math.max(base, model.counterMax);
        const counter =
          random.below(2) === 0
            ? top + random.below(jumpMax)
            : Math.max(0, top - random.below(REPLAY_WINDOW + 100));
        const expected = model.classify(counter);
        expect([counter, window.classify(counter)]).toEqual([counter, expected]);
        expect(window.isFresh(counter)).toBe(expected === 'fresh');
        expect(window.counterMax).toBe(model.counterMax);
        expect(window.accept(counter)).toBe(expected === 'fresh');
        if (expected === 'fresh') model.accept(counter);
      }
      const received = window.received();
      for (let distance = 0; distance <= RECEIVED_WINDOW; distance++) {
        const counter = model.counterMax - distance;
        const state =
          distance === RECEIVED_WINDOW
            ? 'unknown'
            : model.accepted.has(counter)
              ? 'arrived'
              : 'missing';
        expect([distance, receivedState(received, counter)]).toEqual([distance, state]);
      }
    });
  }
});

test('both sides of the window: 8191 behind passes once, 8192 behind is too old', () => {
  const window = new ReplayWindow();
  expect(window.accept(10_000)).toBe(true);
  expect(window.classify(10_000 - 8191)).toBe('fresh');
  expect(window.classify(10_000 - 8192)).toBe('tooOld');
  expect(window.accept(10_000 - 8192)).toBe(false);
  expect(window.accept(10_000 - 8191)).toBe(true);
  expect(window.classify(10_000 - 8191)).toBe('duplicate');
  expect(window.accept(10_000 - 8191)).toBe(false);
});

test('the first counter may be anything, 0 and 2^53−1 included', () => {
  for (const counter of [0, 31, 32, 8191, 8192, 8224, 2 ** 53 - 1]) {
    const window = new ReplayWindow();
    expect(window.accept(counter)).toBe(true);
    expect(window.classify(counter)).toBe('duplicate');
    expect(window.counterMax).toBe(counter);
  }
});

test('asking changes nothing', () => {
  const window = new ReplayWindow();
  window.accept(5);
  for (let i = 0; i < 3; i++) {
    expect(window.classify(1_000_000)).toBe('fresh');
    expect(window.isFresh(4)).toBe(true);
  }
  expect(window.counterMax).toBe(5);
  expect(window.accept(4)).toBe(true);
});

test('a jump over the whole ring leaves no old bit behind', () => {
  const window = new ReplayWindow();
  for (let counter = 0; counter < 9000; counter++) window.accept(counter);
  const jumped = 9000 + 3 * (REPLAY_WINDOW + 32);
  window.accept(jumped);
  for (let distance = 1; distance < REPLAY_WINDOW; distance++) {
    expect(window.classify(jumped - distance)).toBe('fresh');
  }
});

test('a RECEIVED frame: 4096 counters, least significant bit first, empty before the first', () => {
  const window = new ReplayWindow();
  expect(window.received()).toEqual({ counterMax: -1, bitmap: new Uint8Array(512) });
  for (const counter of [0, 1, 4094, 4095, 4096]) window.accept(counter);
  const { counterMax, bitmap } = window.received();
  expect(counterMax).toBe(4096);
  expect(bitmap[0]).toBe(0b111);
  expect(bitmap[511]).toBe(0b1000_0000); // counter 1 is 4095 below; counter 0 is out of sight
  expect(receivedState({ counterMax, bitmap }, 1)).toBe('arrived');
  expect(receivedState({ counterMax, bitmap }, 0)).toBe('unknown');
  expect(receivedState({ counterMax, bitmap }, 5000)).toBe('missing');
});

/**
 * Goal: what lay in the ring before a long jump is not taken for what lies in the window after it.
 * Method: fill the whole ring, jump past it to every place within a word, look at the whole window.
 */
test('after a jump past the ring, the whole window is fresh, its oldest counters too', () => {
  for (let offset = 0; offset < 32; offset++) {
    const window = new ReplayWindow();
    for (let counter = 0; counter < 4 * REPLAY_WINDOW; counter++) window.accept(counter);
    const top = 2 ** 32 + 8 * REPLAY_WINDOW + offset;
    expect(window.accept(top)).toBe(true);
    let fresh = 0;
    for (let distance = 1; distance < REPLAY_WINDOW; distance++) {
      if (window.isFresh(top - distance)) fresh += 1;
    }
    expect([offset, fresh]).toEqual([offset, REPLAY_WINDOW - 1]);
    expect(window.classify(top - REPLAY_WINDOW)).toBe('tooOld');
  }
});
