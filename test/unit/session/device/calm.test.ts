/**
 * Goal: where no data travels an answer may be late and a question may be lost, and neither costs anything; a link that
 * died is found all the same, as early as the docs promise, and data is in a hurry as ever.
 * Method: exact paths in virtual time; what goes out on each link is counted.
 */
import { describe, expect, test } from 'bun:test';
import { tunnelRules } from '../../../../agent/rules.ts';
import { BUDGETS, idleCost } from '../../../../policies/budget.ts';
import { loadPolicyText } from '../../../../policies/load.ts';
import { PROFILE_NAMES, PROFILES, type ProfileName } from '../../../../policies/profiles.ts';
import { FLOW_BEATS } from '../../../../session/device/pace.ts';
import { CALM_TIMEOUT_MIN_MS } from '../../../../session/liveness/liveness.ts';
import { PROBE_ACK_BYTES, PROBE_BYTES } from '../../../../session/wire/layout.ts';
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
/** Of a busy day; set for more. */
const HOURS = process.env['SLICE'] === '1' ? 2 : Number(process.env['LIVES'] ?? 1) * 6;
/** IPv6, UDP, header and tag around a frame. */
const OUTER_BYTES = 48 + 32;

function policyOf(name: ProfileName) {
  const loaded = loadPolicyText(PROFILES[name], Bun.TOML.parse);
  if (!loaded.ok) throw new Error(`the profile ${name} does not load`);
  return loaded.policy;
}
const limitsOf = (name: ProfileName) => tunnelRules(policyOf(name), []).limits;
const LONG = configOf({ sessionTtlMs: 2 * DAY_MS });

const asked = (driver: Driver, transportId: number) =>
  driver.frames.filter((frame) => frame.type === 'probe' && frame.transportId === transportId);
const count = ({ device }: Driver, code: string) => device.counters[code] ?? 0;

function cut(driver: Driver, transportId: number): number {
  driver.peer.path(transportId).isInOpen = false;
  driver.peer.path(transportId).isOutOpen = false;
  return driver.nowMs;
}

/** The answers of ETH come `lateMs` after a round trip of 1 ms, each of them with that chance. */
function delay(driver: Driver, lateMs: number, percent: number): void {
  const travelMs = driver.peer.travelMs.bind(driver.peer);
  driver.peer.travelMs = (transportId, way) => {
    const usualMs = travelMs(transportId, way);
    const isLate = transportId === ETH && way === 'in' && driver.peer.random.chance(percent);
    return usualMs === null || !isLate ? usualMs : usualMs + lateMs;
  };
}

/** A health report: a few packets in 60 ms, the last word is ours. */
function talk(driver: Driver): void {
  driver.traffic(20, 40);
  driver.after(60, () => driver.traffic(10, 0, 'out'));
}

describe('late answers of an idle binding', () => {
  test('◆ up to 240 ms late is no miss: nobody is asked, nothing is doubted', () => {
    for (const lateMs of [20, 100, 240]) {
      const driver = attachedDevice([ETH, WWAN], { delayMs: 0.5 });
      driver.run(MINUTE_MS);
      delay(driver, lateMs, 20);
      driver.forget();
      driver.run(HOUR_MS / 2);
      const found = { lateMs, doubts: count(driver, 'doubt'), again: count(driver, 'asked_again') };
      expect(found).toEqual({ lateMs, doubts: 0, again: 0 });
      expect(asked(driver, WWAN)).toHaveLength(5);
      expect(driver.moves).toEqual([]);
    }
  });

  test('◆ nor during small talk, a report a minute', () => {
    for (const lateMs of [20, 100, 240]) {
      const driver = attachedDevice([ETH, WWAN], { delayMs: 0.5 });
      delay(driver, lateMs, 20);
      driver.forget();
      for (let minute = 0; minute < 30; minute++) {
        talk(driver);
        driver.run(MINUTE_MS);
      }
      expect({ lateMs, doubts: count(driver, 'doubt') }).toEqual({ lateMs, doubts: 0 });
      expect(asked(driver, WWAN)).toHaveLength(5);
      expect(driver.moves).toEqual([]);
    }
  });
});

describe('lost questions of an idle binding', () => {
  /** Idle, right behind a question that gets lost. */
  function lostOne(): Driver {
    const driver = attachedDevice([ETH, WLAN, WWAN], { delayMs: 0.5 });
    driver.run(10 * MINUTE_MS);
    driver.peer.path(ETH).isOutOpen = false;
    driver.forget();
    driver.run(MINUTE_MS, () => asked(driver, ETH).length === 1);
    return driver;
  }

  test('◆ one: the binding alone is asked again, once', () => {
    const driver = lostOne();
    driver.peer.path(ETH).isOutOpen = true;
    driver.run(2 * SECOND_MS);
    expect(asked(driver, ETH)).toHaveLength(2);
    const [first, second] = asked(driver, ETH);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBe(CALM_TIMEOUT_MIN_MS);
    expect([asked(driver, WLAN).length, asked(driver, WWAN).length]).toEqual([0, 0]);
    expect([count(driver, 'asked_again'), count(driver, 'doubt')]).toEqual([1, 0]);
  });

  test('◆ two in a row: doubt, a burst on the binding and every candidate at once', () => {
    const driver = lostOne();
    driver.run(SECOND_MS, () => count(driver, 'doubt') === 1);
    expect(asked(driver, ETH)).toHaveLength(3);
    for (const other of [WLAN, WWAN]) expect(asked(driver, other).at(-1)?.atMs).toBe(driver.nowMs);
    driver.run(50);
    expect(asked(driver, ETH).length).toBeGreaterThanOrEqual(5);
  });

  test('as long as the doubt lasts the candidates are asked again', () => {
    const driver = attachedDevice([ETH, WLAN], { delayMs: 100 });
    driver.run(10 * MINUTE_MS);
    cut(driver, ETH);
    driver.run(MINUTE_MS, () => count(driver, 'doubt') === 1);
    driver.forget();
    driver.run(220);
    expect(driver.device.state).toBe('ATTACHED');
    expect(asked(driver, WLAN).length).toBe(2);
  });

  test('◆ data that begins meanwhile does not wait: it is a doubt as soon as it is a flow', () => {
    const driver = lostOne();
    driver.run(SECOND_MS, () => count(driver, 'asked_again') === 1);
    driver.traffic(10, SECOND_MS);
    const atMs = driver.nowMs;
    driver.until('RECOVERING', SECOND_MS);
    expect(driver.nowMs - atMs).toBeLessThanOrEqual(FLOW_BEATS * 10 + 100);
  });
});

describe('a cut', () => {
  /** The longest time from a cut to the verdict, over phases of the idle cadence. */
  function verdictMaxMs(name: ProfileName, present: readonly number[]): number {
    const limits = { ...limitsOf(name), sessionTtlMs: 2 * DAY_MS };
    const policies = { ...LINK_POLICIES };
    const isMetered = present[0] === WWAN;
    const everyMs = isMetered ? limits.meteredStandbyProbeMs : limits.heartbeatIdleMs;
    let maxMs = 0;
    for (let phase = 0; phase < 10; phase++) {
      const driver = attachedDevice(present, { config: configOf(limits, policies) });
      driver.run(2 * everyMs);
      driver.forget();
      driver.run(2 * everyMs, () => asked(driver, present[0] ?? 0).length > 0);
      // Not before its answer.
      driver.run(21 + phase ** 2 * (everyMs / 100));
      const atMs = cut(driver, present[0] ?? 0);
      driver.until('RECOVERING', 2 * everyMs);
      maxMs = Math.max(maxMs, driver.nowMs - atMs);
    }
    return maxMs;
  }

  for (const name of PROFILE_NAMES) {
    test(`◆ ${name}, idle: the verdict comes within what jvpn policy budget says`, () => {
      const { idleSilenceMs, meteredIdleSilenceMs } = idleCost(policyOf(name), 4);
      expect(verdictMaxMs(name, [ETH, WWAN])).toBeLessThanOrEqual(idleSilenceMs);
      expect(verdictMaxMs(name, [ETH])).toBeLessThanOrEqual(idleSilenceMs);
      expect(verdictMaxMs(name, [WWAN])).toBeLessThanOrEqual(meteredIdleSilenceMs);
    });
  }

  test('under small talk it is found within 360 ms of the first packet', () => {
    for (const rttMs of [1, 10, 50, 200]) {
      for (let offsetMs = 0; offsetMs < 5_000; offsetMs += 410) {
        const driver = attachedDevice([ETH, WLAN], { delayMs: rttMs / 2 });
        driver.run(MINUTE_MS + offsetMs);
        const atMs = cut(driver, ETH);
        talk(driver);
        driver.until('RECOVERING', 10 * SECOND_MS);
        expect(driver.nowMs - atMs).toBeLessThanOrEqual(360);
      }
    }
  });

  test('behind small talk that was answered it is found within two seconds', () => {
    for (const rttMs of [1, 10, 50, 200]) {
      for (const behindMs of [60, 150, 300, 600]) {
        const driver = attachedDevice([ETH, WLAN], { delayMs: rttMs / 2 });
        driver.run(MINUTE_MS);
        driver.traffic(20, 0, 'out');
        driver.run(rttMs + behindMs);
        const atMs = cut(driver, ETH);
        driver.until('RECOVERING', 10 * SECOND_MS);
        expect(driver.nowMs - atMs).toBeLessThanOrEqual(2_000);
      }
    }
  });

  test('◆ under a flow that begins on a dead link, ten packets later than under one that was there', () => {
    // Where its first question was asked in haste.
    for (const [rttMs, hastyMs] of [
      [1, 62],
      [10, 80],
      [50, 155],
      [200, 350],
    ] as const) {
      for (let offsetMs = 0; offsetMs < 5_000; offsetMs += 410) {
        const driver = attachedDevice([ETH, WLAN], { delayMs: rttMs / 2 });
        driver.run(MINUTE_MS + offsetMs);
        const atMs = cut(driver, ETH);
        driver.traffic(15, 10 * SECOND_MS);
        driver.until('RECOVERING', 10 * SECOND_MS);
        expect(driver.nowMs - atMs).toBeLessThanOrEqual(hastyMs + FLOW_BEATS * 10);
      }
    }
  });

  test('a radio that takes 1.9 s to wake is not dead', () => {
    const driver = attachedDevice([WWAN], { delayMs: 30, config: LONG });
    driver.run(HOUR_MS);
    driver.forget();
    const travelMs = driver.peer.travelMs.bind(driver.peer);
    let wokenAtMs: number | null = null;
    // Everything that was sent meanwhile leaves as soon as it is awake.
    driver.peer.travelMs = (transportId, way) => {
      const usualMs = travelMs(transportId, way);
      wokenAtMs ??= driver.nowMs + 1_900;
      const waitsMs = way === 'out' ? Math.max(0, wokenAtMs - driver.nowMs) : 0;
      return usualMs === null ? null : usualMs + waitsMs;
    };
    driver.run(10 * MINUTE_MS);
    expect(driver.moves).toEqual([]);
    expect(count(driver, 'doubt')).toBe(1);
    expect(asked(driver, WWAN).length).toBeLessThanOrEqual(60);
  });
});

test('an idle session is looked at when its binding is asked, and at no other time', () => {
  const driver = attachedDevice([ETH, WWAN], { config: LONG });
  driver.run(MINUTE_MS);
  const { steps } = driver;
  driver.run(HOUR_MS);
  // 720 questions and 10 on the standby link, as many answers.
  expect(driver.steps - steps).toBeLessThanOrEqual(2 * (720 + 10) + 2);
});

describe('a new channel whose ROTATED is not there after 240 ms', () => {
  /** How often the device has said ROTATE by then, while the rest of it does `meanwhile`. */
  function rotates(meanwhile: (driver: Driver) => void): number {
    const driver = attachedDevice([ETH, WWAN], { delayMs: 0.5 });
    driver.run(MINUTE_MS);
    meanwhile(driver);
    driver.run(FLOW_BEATS * 20);
    driver.forget();
    driver.peer.rotates = false;
    const channelId = driver.device.channel?.channelId ?? 0;
    driver.feed({ kind: 'channelDue', atMs: driver.nowMs, channelId });
    driver.run(240);
    const times = driver.frames.filter(({ type }) => type === 'rotate').length;
    driver.peer.rotates = true;
    driver.run(MINUTE_MS);
    expect(driver.device.channel?.channelId).toBe(channelId + 1);
    expect(driver.moves).toEqual([]);
    return times;
  }

  test('◆ is told of once where nobody is in a hurry', () => expect(rotates(() => {})).toBe(1));

  test('is told of again and again beside a flow', () => {
    expect(rotates((driver) => driver.traffic(10, 2 * SECOND_MS))).toBeGreaterThan(2);
  });
});

test('beside small talk the binding is asked until it has answered and once more, behind a flow at least eleven times', () => {
  for (const [rttMs, forMs, least, most] of [
    [1, 0, 2, 2],
    [50, 0, 3, 4],
    [200, 0, 5, 6],
    [50, FLOW_BEATS * 20, 11, 20],
  ] as const) {
    const driver = attachedDevice([ETH], { delayMs: rttMs / 2 });
    driver.run(MINUTE_MS);
    driver.traffic(20, forMs, 'out');
    driver.forget();
    driver.run(forMs - 1);
    if (forMs > 0) driver.forget();
    driver.run(1_300);
    expect(asked(driver, ETH).length).toBeGreaterThanOrEqual(least);
    expect(asked(driver, ETH).length).toBeLessThanOrEqual(most);
  }
});

test('◆ a busy day of 1 % loss, late answers and a report a minute: the standby LTE keeps to its bytes', () => {
  const driver = attachedDevice([ETH, WWAN], { delayMs: 0.5, config: LONG });
  delay(driver, 200, 5);
  driver.peer.path(ETH).lossPercent = 0.5;
  let bytes = 0;
  for (let minute = 0; minute < HOURS * 60; minute++) {
    driver.forget();
    talk(driver);
    driver.run(MINUTE_MS);
    bytes += asked(driver, WWAN).length * (PROBE_BYTES + PROBE_ACK_BYTES + 2 * OUTER_BYTES);
  }
  const max = BUDGETS.find(({ figure }) => figure === 'standbyLteBytesPerDay')?.max ?? 0;
  expect(count(driver, 'asked_again')).toBeGreaterThan(HOURS);
  expect(bytes).toBeLessThanOrEqual((max * HOURS) / 24);
  expect(driver.device.activeId).toBe(ETH);
}, 60_000);
