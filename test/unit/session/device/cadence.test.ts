/** Goal: questions beside data find a cut and nothing else, and cost what they may. */
import { describe, expect, test } from 'bun:test';
import { tellEveryMs } from '../../../../session/device/pace.ts';
import { attachedDevice, type Driver } from './driver.ts';
import {
  configOf,
  ETH,
  HOUR_MS,
  LINK_POLICIES,
  MINUTE_MS,
  SECOND_MS,
  WLAN,
  WWAN,
} from './setup.ts';

const METERED = configOf({}, { ...LINK_POLICIES, eth0: { preference: 10, cost: 'metered' } });
const isSlice = process.env['SLICE'] === '1';
/** Minutes on a lossy link with dense traffic; set for more. */
const LOSSY_MINUTES = Number(process.env['LIVES'] ?? 1) * (isSlice ? 2 : 4);

const asked = (driver: Driver, transportId: number) =>
  driver.frames.filter((frame) => frame.type === 'probe' && frame.transportId === transportId);
const deaths = (driver: Driver) => driver.moves.filter((move) => move.endsWith('RECOVERING'));
const doubts = (driver: Driver) => driver.device.counters['doubt'] ?? 0;

/** Everything on the way during `forMs` is lost. */
function gap(driver: Driver, transportId: number, forMs: number): void {
  const path = driver.peer.path(transportId);
  path.isInOpen = false;
  path.isOutOpen = false;
  driver.run(forMs);
  path.isInOpen = true;
  path.isOutOpen = true;
}

/** The same of what leaves. */
function gapOut(driver: Driver, transportId: number, forMs: number): void {
  driver.run(2);
  driver.peer.path(transportId).isOutOpen = false;
  driver.run(forMs);
  driver.peer.path(transportId).isOutOpen = true;
}

function busy(present: readonly number[], rttMs: number, everyMs: number, config = configOf()) {
  const driver = attachedDevice(present, { config, delayMs: rttMs / 2 });
  driver.traffic(everyMs, HOUR_MS);
  driver.run(1_500);
  driver.forget();
  return driver;
}

describe('no cut, no death', () => {
  test('◆ a radio that is away for 45 ms, in every phase, with somewhere to go', () => {
    for (const rttMs of [1, 10, 30, 50, 60, 200]) {
      for (let phaseMs = 0; phaseMs < 16; phaseMs += 4) {
        const driver = busy([ETH, WLAN], rttMs, 10);
        driver.run(phaseMs);
        gap(driver, ETH, 45);
        driver.run(SECOND_MS);
        expect({ rttMs, phaseMs, deaths: deaths(driver) }).toEqual({ rttMs, phaseMs, deaths: [] });
      }
    }
  });

  test('◆ the same where packets come each 25 ms and what leaves goes on, or comes on and leaves no more', () => {
    for (const rttMs of [1, 10, 30, 50, 200]) {
      for (let phaseMs = 0; phaseMs < 26; phaseMs += isSlice ? 10 : 5) {
        for (const cut of [gap, gapOut]) {
          const driver = busy([ETH, WLAN], rttMs, 25);
          driver.run(phaseMs);
          cut(driver, ETH, 45);
          driver.run(SECOND_MS);
          const found = { rttMs, phaseMs, cut: cut.name, deaths: deaths(driver) };
          expect(found).toEqual({ rttMs, phaseMs, cut: cut.name, deaths: [] });
        }
      }
    }
  });

  test('◆ the same of what leaves a jittery link, whose answers are waited for longer', () => {
    for (const jitterMs of [4, 6, 8, 10]) {
      for (let phaseMs = 0; phaseMs < 40; phaseMs += isSlice ? 16 : 2) {
        const driver = attachedDevice([ETH, WLAN], { seed: phaseMs + 1, delayMs: 1 });
        driver.traffic(2, HOUR_MS);
        driver.peer.path(ETH).jitterMs = jitterMs;
        driver.run(1_500 + phaseMs);
        gapOut(driver, ETH, 45);
        driver.run(SECOND_MS);
        const found = { jitterMs, phaseMs, deaths: deaths(driver) };
        expect(found).toEqual({ jitterMs, phaseMs, deaths: [] });
      }
    }
  });

  test('◆ a delay that jumps by 60 ms, in every phase, with somewhere to go', () => {
    for (const rttMs of [1, 10, 20, 50, 200]) {
      for (let phaseMs = 0; phaseMs < 16; phaseMs += 4) {
        const driver = busy([ETH, WLAN], rttMs, 10);
        driver.run(phaseMs);
        driver.peer.path(ETH).delayMs += 30;
        driver.run(SECOND_MS);
        expect({ rttMs, phaseMs, deaths: deaths(driver) }).toEqual({ rttMs, phaseMs, deaths: [] });
      }
    }
  });

  test('◆ a machine that stood still reads what waited before it takes it for missing', () => {
    for (const rttMs of [10, 50, 200, 400]) {
      for (const stillMs of [40, 100, 300, 900]) {
        for (let phaseMs = 0; phaseMs < 25; phaseMs += isSlice ? 18 : 6) {
          const driver = busy([ETH, WLAN], rttMs, 10);
          driver.run(phaseMs);
          // What comes meanwhile waits in the sockets.
          driver.nowMs += stillMs;
          driver.run(SECOND_MS);
          const found = { rttMs, stillMs, phaseMs, deaths: deaths(driver) };
          expect(found).toEqual({ rttMs, stillMs, phaseMs, deaths: [] });
        }
      }
    }
  });

  test('◆ no verdict for 50 ms after an answer, however late that came', () => {
    for (const rttMs of [1, 10, 20, 50, 200]) {
      for (const lateMs of [0, 10, 20, 24, 60]) {
        for (let phaseMs = 0; phaseMs < 12; phaseMs += isSlice ? 6 : 2) {
          const driver = busy([ETH, WLAN], rttMs, 5);
          driver.run(phaseMs);
          const path = driver.peer.path(ETH);
          path.isOutOpen = false;
          path.delayMs += lateMs;
          driver.run(2 * SECOND_MS, () => driver.device.state === 'RECOVERING');
          const eth = driver.device.transports.find(({ transportId }) => transportId === ETH)!;
          const calmMs = driver.nowMs - eth.liveness.answeredAtMs!;
          expect({ rttMs, lateMs, phaseMs, state: driver.device.state }).toEqual({
            ...{ rttMs, lateMs, phaseMs, state: 'RECOVERING' },
          });
          expect(calmMs).toBeGreaterThanOrEqual(50);
        }
      }
    }
  });

  test('◆ how long answers waited to be read is not how long they took', () => {
    for (const stillMs of [900, 2_000, 5_000]) {
      const driver = busy([ETH, WLAN], 20, 10);
      driver.nowMs += stillMs;
      driver.run(10 * SECOND_MS);
      expect({ stillMs, moves: driver.moves }).toEqual({ stillMs, moves: [] });
      const { rtt } = driver.device.transports.find(
        ({ transportId }) => transportId === ETH,
      )!.liveness;
      expect(rtt!.srttMs).toBeLessThan(30);
    }
  });

  test('one that is always late finds a cut all the same', () => {
    const driver = busy([ETH, WLAN], 50, 10);
    driver.peer.path(ETH).isInOpen = false;
    driver.peer.path(ETH).isOutOpen = false;
    const atMs = driver.nowMs;
    while (driver.device.state !== 'RECOVERING' && driver.nowMs - atMs < 3 * SECOND_MS) {
      driver.nowMs += 60;
      driver.run(1);
    }
    expect(driver.nowMs - atMs).toBeLessThan(SECOND_MS);
  });

  test('with nowhere to go a verdict gains nothing: 200 ms of silence are no death', () => {
    for (let phaseMs = 0; phaseMs < 16; phaseMs += 4) {
      const driver = busy([ETH], 20, 5);
      driver.run(phaseMs);
      gap(driver, ETH, 200);
      driver.run(SECOND_MS);
      expect(deaths(driver)).toEqual([]);
    }
    const driver = busy([ETH], 20, 5);
    const atMs = driver.nowMs;
    gap(driver, ETH, 2_100);
    expect(driver.device.state).toBe('RECOVERING');
    expect(atMs).toBeLessThan(driver.nowMs);
  });

  test('dense traffic, 5 % loss and 50 ms jitter, with somewhere to go: no death', () => {
    for (let seed = 1; seed <= (isSlice ? 1 : 2); seed++) {
      const driver = attachedDevice([ETH, WLAN], { seed, delayMs: 20 });
      driver.traffic(15, LOSSY_MINUTES * MINUTE_MS);
      driver.peer.path(ETH).jitterMs = 50;
      driver.run(5 * SECOND_MS);
      driver.peer.path(ETH).lossPercent = 3;
      driver.run((LOSSY_MINUTES - 1) * MINUTE_MS);
      expect({ seed, deaths: deaths(driver) }).toEqual({ seed, deaths: [] });
    }
  }, 120_000);
});

describe('doubt', () => {
  test('one lost question among those on their way begins none', () => {
    const driver = busy([ETH, WLAN], 200, 5);
    for (let i = 0; i < 20; i++) {
      driver.run(SECOND_MS);
      // One question alone is lost: they leave each 25 ms.
      const { length } = asked(driver, ETH);
      driver.run(SECOND_MS, () => asked(driver, ETH).length > length);
      gapOut(driver, ETH, 24);
    }
    expect(doubts(driver)).toBe(0);
  });

  test('a metered candidate is asked because of doubt at most once in ten seconds', () => {
    const minutes = isSlice ? 1 : 5;
    const driver = busy([ETH, WWAN], 10, 20);
    driver.peer.path(ETH).lossPercent = 5;
    driver.run(minutes * MINUTE_MS);
    expect(doubts(driver)).toBeGreaterThan(minutes * 20);
    expect(asked(driver, WWAN).length).toBeLessThanOrEqual(minutes * 6 + 2);
  });

  test('◆ metered: sent and nothing heard is asked about within the round-trip timer', () => {
    for (let phaseMs = 0; phaseMs < 250; phaseMs += 11) {
      const driver = busy([ETH, WLAN], 20, 10, METERED);
      driver.run(phaseMs);
      driver.peer.path(ETH).isInOpen = false;
      const atMs = driver.nowMs;
      driver.forget();
      driver.run(SECOND_MS, () => asked(driver, ETH).length > 0);
      // Data each 10 ms, the timer of 30 ms behind it, and 20 ms for what was under way.
      expect(driver.nowMs - atMs).toBeLessThanOrEqual(60);
    }
  });

  test('a flow that goes one way is not met by a question for each silence', () => {
    const driver = attachedDevice([ETH], { config: METERED });
    driver.traffic(10, MINUTE_MS, 'out');
    driver.run(5 * SECOND_MS);
    driver.forget();
    driver.run(10 * SECOND_MS);
    expect(asked(driver, ETH).length).toBeLessThanOrEqual(41);
  });

  test('pauses in a conversation cost one question each on a metered link', () => {
    const driver = attachedDevice([ETH], { config: METERED });
    for (let i = 0; i < 20; i++) {
      driver.after(i * 500, () => driver.traffic(10, 50));
      // Ours is the last word.
      driver.after(i * 500 + 85, () => driver.traffic(10, 0, 'out'));
    }
    driver.run(10 * SECOND_MS);
    const { doubt_quiet: quiet = 0 } = driver.device.counters;
    expect(quiet).toBeGreaterThan(0);
    expect(quiet).toBeLessThanOrEqual(20);
    expect(asked(driver, ETH).length).toBeLessThanOrEqual(20 * 4);
  });
});

describe('cost', () => {
  /** Questions in ten seconds. */
  const asksOf = (everyMs: number, ways: 'both' | 'out', config = configOf()) => {
    const driver = attachedDevice([ETH], { config });
    driver.traffic(everyMs, MINUTE_MS, ways);
    driver.run(5 * SECOND_MS);
    driver.forget();
    driver.run(10 * SECOND_MS);
    return asked(driver, ETH).length;
  };

  test('at most 84 a second however much moves, one a packet at 50 packets a second', () => {
    expect(asksOf(1, 'both')).toBeLessThanOrEqual(840);
    expect(asksOf(20, 'out')).toBeLessThanOrEqual(501);
    expect(asksOf(100, 'out')).toBeLessThanOrEqual(310);
  });

  test('metered: four a second or one in 32 packets, two a packet that comes alone', () => {
    expect(asksOf(1, 'out', METERED)).toBeLessThanOrEqual(320);
    expect(asksOf(10, 'both', METERED)).toBeLessThanOrEqual(41);
    expect(asksOf(20, 'out', METERED)).toBeLessThanOrEqual(41);
    expect(asksOf(2_000, 'both', METERED)).toBeLessThanOrEqual(2 * 5 + 1);
  });

  test('the core is told of traffic as often as it may ask, and never less than before', () => {
    const driver = busy([ETH], 20, 20);
    expect(tellEveryMs(driver.device, driver.config)).toBe(12);
    expect(tellEveryMs(busy([ETH], 400, 20).device, driver.config)).toBe(20);
    expect(tellEveryMs(busy([ETH], 20, 20, METERED).device, METERED)).toBe(20);
  });
});
