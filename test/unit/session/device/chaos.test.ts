import { describe, expect, test } from 'bun:test';
import { Chaos } from './chaos.ts';

/**
 * Goal: whatever the world does, the device breaks no promise, never spins, never uses a version
 * twice, and once the world is calm it is attached again.
 *
 * Replay one life with `SEED=123 bun test test/unit/session/device/chaos.test.ts`; draw more of them
 * with `LIVES=20000`.
 */
const EVENTS = 60;
const LIVES = Number(process.env['LIVES'] ?? (process.env['SLICE'] === '1' ? 20 : 200));
const seeds =
  process.env['SEED'] === undefined
    ? Array.from({ length: LIVES }, (_, seed) => seed)
    : [Number(process.env['SEED'])];

function live(seed: number): void {
  const chaos = new Chaos(seed);
  try {
    chaos.run(EVENTS);
    chaos.calm();
  } catch (error) {
    const { device } = chaos.driver;
    console.error(`SEED=${seed}`, chaos.mischief, device.state, `${device.nowMs} ms`);
    throw error;
  }
}

/** Lives that once ended badly. */
const REGRESSIONS: readonly (readonly [number, string])[] = [
  [3, 'a version above the ceiling, for an end that came before one was reserved'],
  [7, 'a handshake due for its repeat before the claim that began it'],
];

describe('chaos', () => {
  for (const [seed, what] of REGRESSIONS) test(`seed ${seed}: ${what}`, () => live(seed));

  test(`${seeds.length} lives, seeds ${seeds[0]} … ${seeds.at(-1)}`, () => {
    for (const seed of seeds) live(seed);
    expect(seeds.length).toBeGreaterThan(0);
  }, 600_000);
});
