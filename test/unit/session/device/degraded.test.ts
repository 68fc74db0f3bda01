/**
 * Goal: degraded is not dead, at the shipped bounds: 15 % loss, a second of delay, jitter. With a better link the session
 * moves there, make before break; with none, or none that is better, it is DEGRADED and stays; ATTACHED when it settles.
 * Method: seeded paths in virtual time, dense traffic.
 */
import { describe, expect, test } from 'bun:test';
import { attachedDevice, type Driver } from './driver.ts';
import { configOf, ETH, HOUR_MS, LIMITS, MINUTE_MS, SECOND_MS, WLAN } from './setup.ts';

const SEEDS = process.env['SLICE'] === '1' ? [1] : [1, 2];
/** 15 % of round trips, half of it each way; 15 % each way are 28 % of round trips. */
const ROUND_TRIP = { name: '15 % of round trips', lossPercent: 100 * (1 - Math.sqrt(0.85)) };
const EACH_WAY = { name: '15 % each way', lossPercent: 15 };

const isSlice = process.env['SLICE'] === '1';
const BETTER_MS = (isSlice ? 5 : 20) * MINUTE_MS;
/** For which nothing more is to happen. */
const STAYS_MS = (isSlice ? 1 : 5) * MINUTE_MS;
const RETURNS_MAX = isSlice ? 6 : 8;

/** Of a silent link at 50 ms of round trip 350 ms and at 200 ms 900 ms are the goals (`verdictTimes.test.ts`); a line between. */
const JUMP_LEFT_MAX_MS = 460;

const config = configOf({ sessionTtlMs: 10 * HOUR_MS });
const deaths = (driver: Driver) => driver.moves.filter((move) => move.endsWith('RECOVERING'));
const purposes = (driver: Driver) =>
  driver.claims.map((frame) => (frame.type === 'reattach' ? frame.purpose : frame.type));

function busy(present: readonly number[], seed: number, everyMs = 20): Driver {
  const driver = attachedDevice(present, { config, seed });
  driver.traffic(everyMs, HOUR_MS);
  driver.run(3 * SECOND_MS);
  driver.forget();
  return driver;
}

/** The same path gets there in three seconds. */
function ramp(driver: Driver, key: 'delayMs' | 'jitterMs', toMs: number): void {
  const path = driver.peer.path(ETH);
  const stepMs = (toMs - path[key]) / 30;
  for (let i = 0; i < 30; i++) {
    path[key] += stepMs;
    driver.run(100);
  }
}

function settle(driver: Driver): void {
  Object.assign(driver.peer.path(ETH), { delayMs: 10, jitterMs: 0, lossPercent: 0 });
  driver.until('ATTACHED', 20 * SECOND_MS);
  driver.run(MINUTE_MS);
  expect(driver.device.state).toBe('ATTACHED');
  expect(driver.moves.at(-1)).toBe('DEGRADED quality_restored ATTACHED');
}

describe('15 % loss', () => {
  test('the shipped bounds are those of the protocol', () => {
    const { quality } = LIMITS;
    expect([quality.lossEnterPercent, quality.lossLeavePercent]).toEqual([20, 10]);
    expect([quality.rttEnterMs, quality.rttLeaveMs]).toEqual([1_000, 500]);
    expect([quality.jitterEnterMs, quality.jitterLeaveMs]).toEqual([300, 150]);
  });

  for (const { name, lossPercent } of [ROUND_TRIP, EACH_WAY]) {
    test(`◆ ${name} on the only link: no dead verdict, DEGRADED and staying, ATTACHED when it settles`, () => {
      for (const seed of SEEDS) {
        const driver = busy([ETH], seed);
        driver.peer.path(ETH).lossPercent = lossPercent;
        // 15 % is under the 20 of the bound, so it takes a window that has more; it is over the 10 to come back.
        driver.run(5 * MINUTE_MS, () => driver.device.state === 'DEGRADED');
        driver.run(MINUTE_MS);
        const { state } = driver.device;
        expect({ seed, state, deaths: deaths(driver) }).toEqual({
          ...{ seed, state: 'DEGRADED', deaths: [] },
        });
        expect(driver.moves[0]).toBe('ATTACHED quality_loss VOLATILE');
        settle(driver);
      }
    }, 60_000);

    test(`◆ ${name} with a better link: the session moves there for quality, ever longer each time that it comes back`, () => {
      for (const seed of SEEDS) {
        const driver = busy([ETH, WLAN], seed, 200);
        driver.peer.path(ETH).lossPercent = lossPercent;
        driver.run(5 * MINUTE_MS, () => driver.device.activeId === WLAN);
        expect(driver.moves).toEqual([
          'ATTACHED quality_loss VOLATILE',
          'VOLATILE quality_loss ATTACHED',
        ]);
        driver.run(BETTER_MS);
        expect({ seed, deaths: deaths(driver) }).toEqual({ seed, deaths: [] });
        const returns = purposes(driver).filter((purpose) => purpose === 'planned').length;
        // Thirty questions may well miss fewer than 10 %. The penalty doubles: 3 × 30 s, 40, 80, 160, 320, 600.
        expect(returns).toBeLessThanOrEqual(RETURNS_MAX);
        if (driver.device.activeId === ETH) driver.until('VOLATILE', 5 * MINUTE_MS);
      }
    }, 60_000);

    test(`◆ ${name} with another link that is as bad: no dead verdict, no more than policy allows`, () => {
      for (const seed of SEEDS) {
        const driver = busy([ETH, WLAN], seed);
        for (const id of [ETH, WLAN]) driver.peer.path(id).lossPercent = lossPercent;
        driver.run(STAYS_MS);
        expect({ seed, deaths: deaths(driver) }).toEqual({ seed, deaths: [] });
        const at = driver.audit.filter(({ event }) => event === 'switch').map(({ atMs }) => atMs);
        for (const [index, atMs] of at.entries()) {
          const before = at.slice(0, index).filter((other) => other > atMs - MINUTE_MS);
          expect(before.length).toBeLessThan(LIMITS.maxSwitchesPerMinute - 2);
          expect(atMs - (before.at(-1) ?? 0)).toBeGreaterThanOrEqual(LIMITS.cooldownMs);
        }
      }
    }, 60_000);
  }
});

describe('delay and jitter', () => {
  test('◆ 800 ms reached in seconds is within policy: nothing happens, with and without another link', () => {
    for (const present of [[ETH], [ETH, WLAN]]) {
      const driver = busy(present, 1);
      ramp(driver, 'delayMs', 400);
      driver.run(STAYS_MS);
      expect({ present, moves: driver.moves }).toEqual({ present, moves: [] });
    }
  });

  test('a known limit: a round trip that jumps from 80 to 800 ms at once beside another link is a silence, and the link is left', () => {
    const driver = attachedDevice([ETH, WLAN], { config, seed: 1, delayMs: 40 });
    driver.traffic(20, HOUR_MS);
    driver.run(3 * SECOND_MS);
    driver.forget();
    const { sessionId } = driver.device;
    const jumpedAtMs = driver.nowMs;
    driver.peer.path(ETH).delayMs = 400;
    driver.run(5 * SECOND_MS, () => driver.device.activeId === WLAN);
    expect(driver.nowMs - jumpedAtMs).toBeLessThanOrEqual(JUMP_LEFT_MAX_MS);
    driver.run(10 * SECOND_MS);
    // No answer can be there before the verdict: that it comes later is not to be told from none.
    expect(driver.moves).toEqual([
      'ATTACHED heartbeat_timeout RECOVERING',
      'RECOVERING reattach_accepted ATTACHED',
    ]);
    expect([driver.device.activeId, driver.device.sessionId]).toEqual([WLAN, sessionId]);
    // The same and more within three seconds is quality, and no death.
    const ramped = busy([ETH, WLAN], 1);
    ramp(ramped, 'delayMs', 550);
    ramped.until('VOLATILE', 10 * SECOND_MS);
    expect(ramped.moves).toEqual(['ATTACHED quality_rtt VOLATILE']);
  });

  test('◆ 1,100 ms: DEGRADED for its delay on the only link, and left for a better one', () => {
    const alone = busy([ETH], 1);
    ramp(alone, 'delayMs', 550);
    alone.run(STAYS_MS);
    expect(alone.moves).toEqual([
      'ATTACHED quality_rtt VOLATILE',
      'VOLATILE volatility_persisted DEGRADED',
    ]);
    settle(alone);
    const other = busy([ETH, WLAN], 1);
    ramp(other, 'delayMs', 550);
    other.run(STAYS_MS);
    expect(other.moves).toEqual(['ATTACHED quality_rtt VOLATILE', 'VOLATILE quality_rtt ATTACHED']);
    expect(other.device.activeId).toBe(WLAN);
  });

  test('◆ jitter of up to 800 ms each way: DEGRADED on the only link, and left for a better one', () => {
    for (const seed of SEEDS) {
      const alone = busy([ETH], seed);
      ramp(alone, 'jitterMs', 800);
      alone.run(MINUTE_MS);
      const found = { seed, state: alone.device.state, deaths: deaths(alone) };
      expect(found).toEqual({ seed, state: 'DEGRADED', deaths: [] });
      settle(alone);
      const other = busy([ETH, WLAN], seed);
      ramp(other, 'jitterMs', 800);
      other.run(MINUTE_MS);
      expect(deaths(other)).toEqual([]);
      expect(other.device.activeId).toBe(WLAN);
    }
  });
});
