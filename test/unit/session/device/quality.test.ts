import { describe, expect, test } from 'bun:test';
import { attachedDevice, type Driver } from './driver.ts';
import { configOf, ETH, MINUTE_MS, SECOND_MS, WLAN } from './setup.ts';

const isSlice = process.env['SLICE'] === '1';
const notices = (driver: Driver, code: string) =>
  driver.audit.filter(({ event, reasonCode }) => event === 'notice' && reasonCode === code);
const purposes = (driver: Driver) =>
  driver.claims.map((frame) => (frame.type === 'reattach' ? frame.purpose : 'attach'));

describe('quality', () => {
  /** Traffic for `forMs`, so that there are figures. */
  function busy(present: readonly number[], limits: Parameters<typeof configOf>[0] = {}): Driver {
    const driver = attachedDevice(present, { config: configOf(limits) });
    driver.traffic(20, 10 * MINUTE_MS);
    driver.run(3 * SECOND_MS);
    driver.forget();
    return driver;
  }

  test('loss, latency and jitter over the policy: VOLATILE, each with its own reason', () => {
    const lossy = busy([ETH]);
    lossy.peer.path(ETH).lossPercent = 25;
    lossy.until('VOLATILE', 20 * SECOND_MS);
    expect(lossy.moves[0]).toBe('ATTACHED quality_loss VOLATILE');

    const slow = busy([ETH], {
      quality: { ...configOf().limits.quality, rttEnterMs: 150, rttLeaveMs: 100 },
    });
    for (let delayMs = 15; delayMs <= 90; delayMs += 15) {
      slow.peer.path(ETH).delayMs = delayMs;
      slow.run(SECOND_MS);
    }
    slow.run(5 * SECOND_MS);
    expect(slow.moves[0]).toBe('ATTACHED quality_rtt VOLATILE');

    const shaky = busy([ETH], {
      quality: { ...configOf().limits.quality, jitterEnterMs: 20, jitterLeaveMs: 15 },
    });
    shaky.peer.path(ETH).jitterMs = 60;
    shaky.run(20 * SECOND_MS, () => shaky.moves.length > 0);
    expect(shaky.moves[0]).toBe('ATTACHED quality_jitter VOLATILE');
  });

  /** RTT of `rttMs` from now on, without a verdict on the way there. */
  function slowTo(driver: Driver, rttMs: number): void {
    const path = driver.peer.path(ETH);
    const stepMs = (rttMs / 2 - path.delayMs) / 10;
    for (let i = 0; i < 10; i++) {
      path.delayMs += stepMs;
      driver.run(300);
    }
  }
  const bounds = { ...configOf().limits.quality, rttEnterMs: 200, rttLeaveMs: 100 };

  test('between leave and enter nothing is restored; below leave, after the settle time', () => {
    const driver = busy([ETH], { quality: bounds });
    slowTo(driver, 260);
    driver.run(3 * SECOND_MS);
    expect(driver.device.state).toBe('VOLATILE');
    slowTo(driver, 150);
    driver.run(20 * SECOND_MS);
    expect(driver.moves).toEqual([
      'ATTACHED quality_rtt VOLATILE',
      'VOLATILE volatility_persisted DEGRADED',
    ]);
    slowTo(driver, 40);
    driver.until('ATTACHED', 10 * SECOND_MS);
    const since = driver.device.attachedSinceMs ?? 0;
    expect(driver.moves.at(-1)).toBe('DEGRADED quality_restored ATTACHED');
    expect(since).toBeGreaterThan(0);
  });

  test('the settle time starts anew when it gets worse in between', () => {
    const driver = busy([ETH], { quality: bounds });
    slowTo(driver, 260);
    driver.run(8 * SECOND_MS);
    for (let i = 0; i < 5; i++) {
      driver.peer.path(ETH).delayMs = 20;
      driver.run(500);
      slowTo(driver, 150);
    }
    expect(driver.device.state).toBe('DEGRADED');
  });

  test('VOLATILE for volatile_to_degraded_ms becomes DEGRADED', () => {
    const driver = busy([ETH], { quality: bounds });
    slowTo(driver, 260);
    driver.run(10 * SECOND_MS);
    const at = driver.audit.filter(({ event }) => event === 'transition').map(({ atMs }) => atMs);
    expect(driver.device.state).toBe('DEGRADED');
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(4_000);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeLessThanOrEqual(4_200);
  });

  test('DEGRADED ends the session only where the policy asks for it', () => {
    const patient = busy([ETH], { quality: bounds });
    slowTo(patient, 260);
    patient.run((isSlice ? 1 : 5) * MINUTE_MS);
    expect(patient.device.state).toBe('DEGRADED');

    const strict = busy([ETH], { quality: bounds, degradedMaxMs: 30_000 });
    slowTo(strict, 260);
    strict.until('TERMINATED', MINUTE_MS);
    expect(strict.moves.at(-1)).toBe('DEGRADED policy_exceeded TERMINATED');
  });

  test('DEGRADED goes on ending it while quality switches are denied', () => {
    const driver = busy([ETH, WLAN], {
      quality: bounds,
      degradedMaxMs: 20_000,
      cooldownMs: 600_000,
    });
    driver.device = { ...driver.device, switchedAtMs: [driver.nowMs] };
    slowTo(driver, 260);
    driver.until('TERMINATED', 40 * SECOND_MS);
    expect(driver.moves.at(-1)).toBe('DEGRADED policy_exceeded TERMINATED');
  });

  test('a better link is claimed while data stays, and its answer is the way back to ATTACHED', () => {
    const driver = busy([ETH, WLAN], { quality: bounds });
    slowTo(driver, 260);
    driver.run(5 * SECOND_MS, () => driver.device.activeId === WLAN);
    expect(driver.moves).toEqual([
      'ATTACHED quality_rtt VOLATILE',
      'VOLATILE quality_rtt ATTACHED',
    ]);
    expect(purposes(driver)).toEqual(['quality']);
  });

  test('a link that is hardly better is not', () => {
    const driver = busy([ETH, WLAN], { quality: bounds, improvementPercent: 50 });
    driver.peer.path(WLAN).delayMs = 100;
    driver.run(30 * SECOND_MS);
    slowTo(driver, 260);
    driver.run(10 * SECOND_MS);
    expect(driver.device.activeId).toBe(ETH);
    expect(driver.device.state).toBe('DEGRADED');
  });

  test('a denied quality switch: DEGRADED at once, and one event', () => {
    const driver = busy([ETH, WLAN], { quality: bounds, cooldownMs: 60_000 });
    driver.device = { ...driver.device, switchedAtMs: [driver.nowMs] };
    slowTo(driver, 260);
    driver.run(20 * SECOND_MS);
    expect(driver.moves).toEqual([
      'ATTACHED quality_rtt VOLATILE',
      'VOLATILE switch_denied DEGRADED',
    ]);
    expect(notices(driver, 'switch_denied')).toHaveLength(1);
  });

  test('quality switches leave two slots as well', () => {
    const driver = busy([ETH, WLAN], { quality: bounds, maxSwitchesPerMinute: 3, cooldownMs: 0 });
    driver.device = { ...driver.device, switchedAtMs: [driver.nowMs] };
    slowTo(driver, 260);
    driver.run(10 * SECOND_MS);
    expect(driver.device.activeId).toBe(ETH);
  });

  test('a session that went idle while it was bad gets well again', () => {
    const driver = attachedDevice([ETH], { config: configOf({ quality: bounds }) });
    driver.traffic(20, 16 * SECOND_MS);
    driver.run(3 * SECOND_MS);
    slowTo(driver, 260);
    driver.run(8 * SECOND_MS);
    expect(driver.device.state).toBe('DEGRADED');
    driver.run(4 * SECOND_MS);
    driver.peer.path(ETH).delayMs = 20;
    driver.until('ATTACHED', 30 * SECOND_MS);
    expect(driver.moves.at(-1)).toBe('DEGRADED quality_restored ATTACHED');
  });
});
