import { describe, expect, test } from 'bun:test';
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

const DAY_MS = 24 * HOUR_MS;
const isSlice = process.env['SLICE'] === '1';
/** Lives on a lossy link, set for more, and how long each is. */
const LOSSY_LIVES = Number(process.env['LIVES'] ?? (isSlice ? 1 : 3));
const LOSSY_MS = isSlice ? 8 * MINUTE_MS : HOUR_MS;
/** Between two phases of a cut: no multiple of what the questions keep to. */
const PHASE_MS = isSlice ? 21 : 7;
/** No end within the day. */
const LONG = configOf({ sessionTtlMs: 2 * DAY_MS });

const cut = (driver: Driver, transportId: number) => {
  driver.peer.path(transportId).isInOpen = false;
  driver.peer.path(transportId).isOutOpen = false;
};
const probes = (driver: Driver, transportId: number) =>
  driver.frames.filter((frame) => frame.type === 'probe' && frame.transportId === transportId);

/** With traffic for a while, at `delayMs` each way. */
function busy(present: readonly number[], delayMs: number): Driver {
  const driver = attachedDevice(present, { delayMs });
  driver.traffic(20, 10 * MINUTE_MS);
  driver.run(5 * SECOND_MS);
  driver.forget();
  return driver;
}

describe('a silent link', () => {
  test('with traffic, the verdict and the claim come within 350 ms at 20 ms RTT, 500 at 50', () => {
    for (const [rttMs, withinMs] of [
      [10, 200],
      [20, 350],
      [50, 500],
      [200, 1_500],
    ] as const) {
      for (let offsetMs = 0; offsetMs < 100; offsetMs += PHASE_MS) {
        const driver = busy([ETH, WLAN], rttMs / 2);
        driver.run(offsetMs);
        cut(driver, ETH);
        const atMs = driver.nowMs;
        driver.until('RECOVERING', 5 * SECOND_MS);
        expect(driver.nowMs - atMs).toBeLessThanOrEqual(withinMs);
        expect(driver.moves).toEqual(['ATTACHED heartbeat_timeout RECOVERING']);
        expect(driver.claims[0]).toMatchObject({ atMs: driver.nowMs, type: 'reattach' });
        expect(driver.claims[0]?.claim.transportId).toBe(WLAN);
      }
    }
  });

  test('idle, it is found out within a heartbeat and the silence limit', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.run(MINUTE_MS);
    cut(driver, ETH);
    const atMs = driver.nowMs;
    driver.until('RECOVERING', MINUTE_MS);
    expect(driver.nowMs - atMs).toBeLessThanOrEqual(7_000);
  });

  test('◆ when doubt begins, the candidates are asked at once', () => {
    const driver = busy([ETH, WLAN, WWAN], 10);
    driver.run(MINUTE_MS);
    driver.forget();
    cut(driver, ETH);
    driver.run(SECOND_MS, () => driver.device.counters['doubt'] !== undefined);
    const doubtAtMs = driver.nowMs;
    for (const transportId of [WLAN, WWAN])
      expect(probes(driver, transportId).at(-1)?.atMs).toBe(doubtAtMs);
    driver.until('RECOVERING', SECOND_MS);
    for (const transport of driver.device.transports.slice(1))
      expect(transport.liveness.answeredAtMs ?? 0).toBeGreaterThan(doubtAtMs);
  });

  test('doubt that an answer ends has no consequence', () => {
    const driver = busy([ETH, WLAN], 10);
    driver.peer.path(ETH).isInOpen = false;
    driver.run(SECOND_MS, () => driver.device.counters['doubt'] !== undefined);
    driver.peer.path(ETH).isInOpen = true;
    driver.run(10 * SECOND_MS);
    expect(driver.moves).toEqual([]);
  });

  test('◆ a flow that keeps arriving does not hide that nothing of ours gets out', () => {
    const driver = busy([ETH, WLAN], 10);
    driver.peer.path(ETH).isOutOpen = false;
    const atMs = driver.nowMs;
    driver.until('RECOVERING', SECOND_MS);
    expect(driver.nowMs - atMs).toBeLessThanOrEqual(350);
    expect(driver.moves).toEqual(['ATTACHED one_way_out RECOVERING']);
  });

  test('nothing arrives any more: dead as well, as a timeout', () => {
    const driver = busy([ETH, WLAN], 10);
    driver.peer.path(ETH).isInOpen = false;
    driver.until('RECOVERING', SECOND_MS);
    expect(driver.moves).toEqual(['ATTACHED heartbeat_timeout RECOVERING']);
  });

  test('dead both ways is no one-way loss, whenever it begins, and though what was heard is told later', () => {
    const reasons = new Set<string | undefined>();
    // Between two probes, 100 ms; the last packet is told as late as the shell ever does.
    for (let waitMs = 0; waitMs < 100; waitMs += isSlice ? 7 : 1) {
      const driver = busy([ETH, WLAN], 5);
      driver.run(waitMs);
      cut(driver, ETH);
      const heardOn = [{ transportId: ETH, atMs: driver.nowMs }];
      driver.after(20, () =>
        driver.feed({ kind: 'traffic', atMs: driver.nowMs, sentPackets: 0, heardOn }),
      );
      driver.until('RECOVERING', SECOND_MS);
      reasons.add(driver.moves[0]);
    }
    expect([...reasons]).toEqual(['ATTACHED heartbeat_timeout RECOVERING']);
  });

  test('with many answers outstanding none is forgotten: the verdict still comes', () => {
    // The answers' times vary by seconds, so the timeout is long, and a burst overfills the list.
    const driver = attachedDevice([ETH]);
    driver.traffic(20, MINUTE_MS);
    driver.run(5 * SECOND_MS);
    const [eth] = driver.device.transports;
    if (eth === undefined) throw new Error('it has one transport');
    const liveness = { ...eth.liveness, rtt: { srttMs: 20, varMs: 490 } };
    driver.device = { ...driver.device, transports: [{ ...eth, liveness }] };
    cut(driver, ETH);
    driver.until('RECOVERING', 5 * SECOND_MS);
  });
});

describe('a bad link is not a dead one', () => {
  /** 40 ms RTT and the jitter, loss each way; settled. */
  function shaky(seed: number, jitterMs: number, lossPercent: number): Driver {
    const driver = attachedDevice([ETH], { seed, delayMs: 20 });
    driver.traffic(20, 5 * SECOND_MS);
    driver.peer.path(ETH).jitterMs = jitterMs;
    driver.run(5 * SECOND_MS);
    driver.forget();
    driver.peer.path(ETH).lossPercent = lossPercent;
    return driver;
  }
  const deaths = (driver: Driver) => driver.moves.filter((move) => move.endsWith('RECOVERING'));

  test('an hour of 5 % loss and 50 ms jitter on the only link: no dead verdict', () => {
    for (let seed = 1; seed <= LOSSY_LIVES; seed++) {
      const driver = shaky(seed, 50, 3);
      driver.traffic(500, LOSSY_MS);
      driver.run(LOSSY_MS);
      expect({ seed, deaths: deaths(driver) }).toEqual({ seed, deaths: [] });
    }
  }, 600_000);

  test('10 % loss each way: bad quality, not death', () => {
    for (let seed = 1; seed <= (isSlice ? 1 : 2); seed++) {
      const driver = shaky(seed, 5, 10);
      driver.traffic(500, LOSSY_MS / 3);
      driver.run(LOSSY_MS / 3);
      expect({ seed, deaths: deaths(driver) }).toEqual({ seed, deaths: [] });
    }
  });

  test('a delay that grows within seconds is no death', () => {
    const driver = busy([ETH], 10);
    for (let i = 0; i < 60; i++) {
      driver.peer.path(ETH).delayMs += 4;
      driver.run(100);
    }
    expect(deaths(driver)).toEqual([]);
  });

  test('a delay that jumps by 50 ms is no death', () => {
    for (let offsetMs = 0; offsetMs < 100; offsetMs += PHASE_MS) {
      const driver = busy([ETH], 10);
      driver.run(offsetMs);
      driver.peer.path(ETH).delayMs = 35;
      driver.run(10 * SECOND_MS);
      expect(deaths(driver)).toEqual([]);
    }
  });

  test('a radio that sleeps between sparse probes is not taken for dead when it wakes slowly', () => {
    const driver = attachedDevice([WWAN], { delayMs: 30 });
    driver.traffic(20, 10 * SECOND_MS);
    driver.run(HOUR_MS);
    const answer = driver.peer.answer.bind(driver.peer);
    let newestAtMs = 0;
    driver.peer.answer = (...args) => {
      // The first packet after a pause takes 400 ms more, each way.
      driver.peer.path(WWAN).delayMs = driver.nowMs - newestAtMs > 5_000 ? 430 : 30;
      newestAtMs = driver.nowMs;
      return answer(...args);
    };
    driver.run(12 * HOUR_MS);
    expect(driver.moves).toEqual([]);
    expect(driver.device.counters['doubt'] ?? 0).toBe(0);
  });
});

describe('cadence', () => {
  test('traffic wakes the busy cadence at once, and a second without it ends that', () => {
    const driver = attachedDevice([ETH]);
    driver.run(MINUTE_MS);
    driver.forget();
    driver.traffic(20, 2 * SECOND_MS);
    driver.run(2 * SECOND_MS);
    expect(probes(driver, ETH)[0]?.atMs).toBe(driver.nowMs - 2_000);
    expect(probes(driver, ETH).length).toBeGreaterThanOrEqual(18);
    driver.run(1_200);
    driver.forget();
    driver.run(50 * SECOND_MS);
    expect(probes(driver, ETH)).toHaveLength(10);
  });

  test('a standby link is asked rarely, a preferred one once a second to prove itself', () => {
    const driver = attachedDevice([WLAN, WWAN], {
      config: configOf({ failback: 'on_failure' }),
    });
    driver.run(10 * MINUTE_MS);
    expect(probes(driver, WWAN)).toHaveLength(1);
    const other = attachedDevice([ETH, WLAN]);
    other.run(10 * MINUTE_MS);
    expect(probes(other, WLAN).length).toBe(60);
  });

  test('metered and idle: a keepalive each 25 s and a sparse probe, 24 hours of it counted', () => {
    const driver = attachedDevice([WWAN], { config: LONG });
    driver.run(DAY_MS);
    const keepalives = driver.log.filter(({ kind }) => kind === 'keepalive').length;
    const asked = probes(driver, WWAN).length;
    expect(asked).toBe(240);
    // A probe keeps the mapping too: it takes the place of a keepalive.
    expect(keepalives).toBeGreaterThanOrEqual(239 * 14);
    expect(keepalives).toBeLessThanOrEqual(240 * 14);
    expect(driver.frames.length).toBe(asked);
    expect(driver.moves).toEqual([]);
    // Outer IPv4 and UDP 28, header 16 and tag 16; a probe adds its frame, its answer some 30 bytes.
    const bytes = keepalives * 60 + asked * (66 + 90);
    expect(bytes).toBeLessThan(260_000);
  });

  test('an unmetered binding needs no keepalive, and a busy metered one neither', () => {
    const forMs = isSlice ? 4 * MINUTE_MS : HOUR_MS;
    const driver = attachedDevice([ETH]);
    driver.run(forMs);
    expect(driver.log.some(({ kind }) => kind === 'keepalive')).toBe(false);
    const metered = attachedDevice([WWAN]);
    metered.traffic(500, forMs);
    metered.run(forMs);
    expect(metered.log.some(({ kind }) => kind === 'keepalive')).toBe(false);
  });

  test('a standby metered link is cold until doubt about the binding begins', () => {
    const hours = isSlice ? 4 : 24;
    const driver = attachedDevice([ETH, WWAN], { config: LONG });
    driver.run(hours * HOUR_MS);
    expect(probes(driver, WWAN)).toHaveLength(10 * hours);
    expect(driver.log.some(({ kind }) => kind === 'keepalive')).toBe(false);
    driver.forget();
    cut(driver, ETH);
    driver.run(10 * SECOND_MS, () => driver.device.activeId === WWAN);
    expect(driver.device.activeId).toBe(WWAN);
    expect(probes(driver, WWAN).length).toBeGreaterThan(0);
  });

  test('a probe and a keepalive that fall due together, late, are both used up', () => {
    const driver = attachedDevice([WWAN]);
    driver.run(MINUTE_MS);
    // The machine slept for an hour.
    driver.nowMs += HOUR_MS;
    driver.feed({ kind: 'tick', atMs: driver.nowMs });
    driver.run(10 * SECOND_MS);
    expect(driver.device.state).toBe('ATTACHED');
  });

  test('an idle free binding costs one probe in five seconds', () => {
    const driver = attachedDevice([ETH], { config: configOf({}, LINK_POLICIES) });
    driver.run(HOUR_MS);
    expect(probes(driver, ETH).length).toBe(720);
  });
});
