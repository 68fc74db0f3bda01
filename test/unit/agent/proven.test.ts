/**
 * Goal: what confirms a policy on trial is a session that holds under it, over a link that it allows, and an answer of the hub behind
 * that; no packet on its way, no session that had to be born again.
 *
 * Method: the core in virtual time with a scripted hub; the shell's part is to watch each step and to ask when the trial says so.
 */
import { expect, test } from 'bun:test';
import { Trial } from '../../../agent/proven.ts';
import { trialHoldMs } from '../../../agent/rules.ts';
import { loadPolicy } from '../../../policies/load.ts';
import type { DeviceLimits } from '../../../session/device/limits.ts';
import { attachedDevice, Driver } from '../session/device/driver.ts';
import {
  configOf,
  ETH,
  LIMITS,
  LINK_POLICIES,
  links,
  SECOND_MS,
  WLAN,
  WWAN,
} from '../session/device/setup.ts';

const HOLD_MS = 5 * SECOND_MS;
const WINDOW_MS = 2 * HOLD_MS;

function onTrial(
  driver: Driver,
  policies = LINK_POLICIES,
  limits: Partial<DeviceLimits> = {},
): Trial {
  driver.config = configOf(limits, policies);
  const trial = new Trial(2, HOLD_MS, driver.device);
  driver.feed({ kind: 'policy', atMs: driver.nowMs, version: 2, name: 'new', isOnTrial: true });
  trial.see(driver.device, driver.config);
  return trial;
}

/** How long it took within `forMs`; null: it was not proven. */
function provenAfterMs(driver: Driver, trial: Trial, forMs = WINDOW_MS): number | null {
  const fromMs = driver.nowMs;
  const untilMs = fromMs + forMs;
  const isProven = () => trial.see(driver.device, driver.config);
  while (driver.nowMs < untilMs) {
    const dueAtMs = trial.nextDeadlineMs() ?? untilMs;
    if (driver.run(Math.min(dueAtMs, untilMs) - driver.nowMs, isProven))
      return driver.nowMs - fromMs;
    if (!trial.takeDue(driver.nowMs)) continue;
    driver.feed({ kind: 'ask', atMs: driver.nowMs });
    if (isProven()) return driver.nowMs - fromMs;
  }
  return null;
}

const settled = (present: readonly number[]) => {
  const driver = attachedDevice(present);
  driver.run(10 * SECOND_MS);
  return driver;
};
const never = (...names: string[]) => ({
  ...LINK_POLICIES,
  ...Object.fromEntries(names.map((name) => [name, { preference: 40, cost: 'never' as const }])),
});

test('half of the window, and a question behind it that is answered: idle on a metered link too', () => {
  const loaded = loadPolicy({ push: { confirm_window_ms: 10_000 } });
  expect(loaded.ok && trialHoldMs(loaded.policy)).toBe(HOLD_MS);
  for (const present of [[ETH], [WWAN]]) {
    const driver = settled(present);
    expect(provenAfterMs(driver, onTrial(driver))).toBe(HOLD_MS + 20);
  }
});

test('told once', () => {
  const driver = settled([ETH]);
  const trial = onTrial(driver);
  expect(provenAfterMs(driver, trial)).not.toBeNull();
  expect([provenAfterMs(driver, trial), trial.nextDeadlineMs()]).toEqual([null, null]);
});

test('◆ a policy that forbids the only link is never proven: it would end the session for good when the link goes once', () => {
  for (const isBusy of [false, true]) {
    const driver = settled([WWAN]);
    if (isBusy) driver.traffic(20, 60 * SECOND_MS);
    expect(provenAfterMs(driver, onTrial(driver, never('wwan0')))).toBeNull();
    expect(driver.device.state).toBe('ATTACHED');
  }
});

test('one that forbids the link in use is proven over another, once the session holds there', () => {
  const driver = settled([ETH, WLAN]);
  const tookMs = provenAfterMs(driver, onTrial(driver, never('eth0')), 60 * SECOND_MS) ?? 0;
  expect(tookMs).toBeGreaterThan(HOLD_MS + 20);
  expect(driver.device.activeId).toBe(WLAN);
});

test('◆ what is heard while the hub answers nothing proves nothing', () => {
  const driver = settled([ETH]);
  driver.traffic(20, 60 * SECOND_MS, 'in');
  driver.peer.path(ETH).isOutOpen = false;
  expect(provenAfterMs(driver, onTrial(driver))).toBeNull();
});

test('a break begins the count anew', () => {
  const driver = settled([ETH]);
  const trial = onTrial(driver);
  expect(provenAfterMs(driver, trial, HOLD_MS - SECOND_MS)).toBeNull();
  driver.links(links([ETH], { [ETH]: 'carrier' }));
  expect(provenAfterMs(driver, trial, SECOND_MS)).toBeNull();
  driver.links(links([ETH]));
  expect(provenAfterMs(driver, trial, HOLD_MS - SECOND_MS)).toBeNull();
  expect(provenAfterMs(driver, trial, 3 * SECOND_MS)).not.toBeNull();
});

test('◆ a session that was born anew under it proves nothing; where none lived the next one does', () => {
  const ended = () => {
    const driver = settled([ETH]);
    driver.feed({ kind: 'terminate', atMs: driver.nowMs, reasonCode: 'operator_terminated' });
    return driver;
  };
  const driver = settled([ETH]);
  const trial = onTrial(driver);
  driver.feed({ kind: 'terminate', atMs: driver.nowMs, reasonCode: 'operator_terminated' });
  expect(provenAfterMs(driver, trial, 60 * SECOND_MS)).toBeNull();
  expect(driver.device.state).toBe('ATTACHED');
  const later = ended();
  expect(later.device.state).toBe('TERMINATED');
  expect(provenAfterMs(later, onTrial(later), 60 * SECOND_MS)).not.toBeNull();
});

test('◆ one that came while a session was in BIRTH is proven by the first that is ATTACHED, however many births end before that', () => {
  const driver = new Driver();
  driver.boot();
  driver.links(links([ETH]));
  driver.peer.path(ETH).isOutOpen = false;
  driver.run(SECOND_MS);
  expect(driver.device.state).toBe('BIRTH');
  const trial = onTrial(driver);
  const born = new Set<string | null>();
  const watch = () => {
    trial.see(driver.device, driver.config);
    born.add(driver.device.sessionId);
    return false;
  };
  driver.run(2 * LIMITS.birthDeadlineMs, watch);
  expect(born.size).toBeGreaterThan(1);
  driver.peer.path(ETH).isOutOpen = true;
  expect(provenAfterMs(driver, trial, 120 * SECOND_MS)).not.toBeNull();
});
