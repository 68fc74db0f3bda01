import { describe, expect, test } from 'bun:test';
import { attachedDevice, Driver } from './driver.ts';
import { reject } from './peer.ts';
import { configOf, ETH, HOUR_MS, links, MINUTE_MS, SECOND_MS, WLAN } from './setup.ts';

const end = (driver: Driver, reasonCode: 'operator_terminated' | 'shutdown') =>
  driver.feed({ kind: 'terminate', atMs: driver.nowMs, reasonCode });
const told = (driver: Driver) => driver.frames.filter(({ type }) => type === 'terminate');

describe('the end', () => {
  test('the hub is told once, with the reason, and data stops', () => {
    const driver = attachedDevice();
    const { sessionId } = driver.device;
    end(driver, 'operator_terminated');
    expect(driver.moves).toEqual(['ATTACHED operator_terminated TERMINATED']);
    expect(told(driver)).toMatchObject([{ sessionId, reasonCode: 'operator_terminated' }]);
    expect(driver.log.findLast(({ kind }) => kind === 'route')).toMatchObject({ route: null });
    expect(driver.log.findLast(({ kind }) => kind === 'accept')).toMatchObject({ from: [] });
  });

  test('the reason is on flash', () => {
    const driver = attachedDevice();
    end(driver, 'shutdown');
    driver.run(10);
    expect(driver.flash?.terminated).toBe('shutdown');
  });

  test('SIGTERM opens no new session, however long it waits', () => {
    const driver = attachedDevice();
    end(driver, 'shutdown');
    driver.links(links([ETH, WLAN]));
    driver.run(HOUR_MS);
    expect(driver.moves).toEqual(['ATTACHED shutdown TERMINATED']);
    expect(driver.device.state).toBe('TERMINATED');
  });

  test('SIGTERM between two sessions keeps the next one from being opened', () => {
    const driver = attachedDevice();
    end(driver, 'operator_terminated');
    end(driver, 'shutdown');
    driver.run(HOUR_MS);
    expect(driver.device.state).toBe('TERMINATED');
  });

  test('the operator ends only what lives: asked twice, the second changes nothing', () => {
    const driver = attachedDevice();
    end(driver, 'operator_terminated');
    const { reopenAtMs, stateVersion } = driver.device;
    end(driver, 'operator_terminated');
    expect(driver.device.reopenAtMs).toBe(reopenAtMs);
    expect(driver.device.stateVersion).toBe(stateVersion);
    expect(driver.device.counters['transition_refused']).toBe(1);
  });
});

describe('the next session', () => {
  test('has an id of its own and names its predecessor, with the reason of its end', () => {
    const driver = attachedDevice();
    const first = driver.device.sessionId;
    end(driver, 'operator_terminated');
    driver.until('ATTACHED', 5 * SECOND_MS);
    expect(driver.device.sessionId).not.toBe(first);
    expect(driver.claims[0]).toMatchObject({ isNew: true, previousSessionId: first });
    const created = driver.audit.find(({ reasonCode }) => reasonCode === 'session_created');
    expect(created?.detail).toMatchObject({
      previousSessionId: first,
      previousReason: 'operator_terminated',
    });
  });

  test('also after a restart', () => {
    const driver = attachedDevice();
    const first = driver.device.sessionId;
    end(driver, 'shutdown');
    driver.run(10);
    driver.kill();
    driver.forget();
    driver.boot(driver.remembered);
    driver.links(links([ETH]));
    driver.until('ATTACHED', 5 * SECOND_MS);
    const created = driver.audit.find(({ reasonCode }) => reasonCode === 'session_created');
    expect(created?.detail).toMatchObject({ previousSessionId: first, previousReason: 'shutdown' });
  });

  test('a restart without an end resumes: same id, RECOVERING first, a window to keep', () => {
    const driver = attachedDevice();
    const { sessionId } = driver.device;
    driver.kill();
    driver.forget();
    driver.boot(driver.remembered);
    expect(driver.device.state).toBe('RECOVERING');
    driver.links(links([ETH]));
    driver.until('ATTACHED', SECOND_MS);
    expect(driver.device.sessionId).toBe(sessionId);
    expect(driver.claims[0]).toMatchObject({ type: 'attach', isNew: false });
    expect(driver.moves).toEqual(['RECOVERING session_resumed ATTACHED']);

    driver.kill();
    driver.forget();
    driver.boot(driver.remembered);
    driver.run(MINUTE_MS);
    expect(driver.moves).toEqual(['RECOVERING recovery_window_exceeded TERMINATED']);
  });

  test('waits longer after each that never attached, up to a minute, never the same time', () => {
    const driver = new Driver({ config: configOf({ birthDeadlineMs: 1_000 }) });
    driver.peer.judge = () => null;
    driver.boot();
    driver.links(links([ETH]));
    const pausesMs: number[] = [];
    for (let i = 0; i < 10; i++) {
      driver.until('TERMINATED', MINUTE_MS);
      const endedAtMs = driver.nowMs;
      driver.until('BIRTH', 2 * MINUTE_MS);
      pausesMs.push(driver.nowMs - endedAtMs);
    }
    for (const [i, pauseMs] of pausesMs.entries()) {
      const mostMs = Math.min(60_000, 1_000 * 2 ** i);
      expect(pauseMs).toBeLessThanOrEqual(mostMs);
      expect(pauseMs).toBeGreaterThanOrEqual(mostMs / 2);
    }
    expect(new Set(pausesMs).size).toBe(10);
  });

  test('is not opened while there is no link: offline for a week costs no flash', () => {
    const driver = attachedDevice();
    driver.links([]);
    driver.until('TERMINATED', MINUTE_MS);
    driver.run(SECOND_MS);
    driver.forget();
    driver.run(7 * 24 * HOUR_MS);
    expect(driver.log).toEqual([]);
    driver.links(links([ETH]));
    driver.until('ATTACHED', SECOND_MS);
  });

  test('◆ that was refused while the old one lives waits as the hub says, with the same id', () => {
    const driver = attachedDevice();
    end(driver, 'operator_terminated');
    driver.peer.judge = (frame) => reject(frame, 'session_live', { retryAfterMs: 10_000 });
    driver.until('BIRTH', 5 * SECOND_MS);
    const { sessionId } = driver.device;
    driver.run(2 * MINUTE_MS);
    driver.peer.judge = () => undefined;
    driver.until('ATTACHED', 11 * SECOND_MS);
    expect(driver.device.sessionId).toBe(sessionId);
  });
});

describe('the session TTL', () => {
  test('is up to 10 % shorter than the policy says, never longer, and not the same for all', () => {
    const endsMs: number[] = [];
    for (let i = 0; i < 40; i++) {
      const driver = new Driver();
      const seed = new Uint8Array(32).fill(i);
      driver.feed({ kind: 'boot', atMs: 1_000, seed, remembered: null, wasLost: false });
      endsMs.push((driver.device.sessionEndsAtMs ?? 0) - 1_000);
    }
    expect(Math.max(...endsMs)).toBeLessThanOrEqual(86_400_000);
    expect(Math.min(...endsMs)).toBeGreaterThanOrEqual(0.9 * 86_400_000);
    expect(new Set(endsMs).size).toBe(40);
    expect(Math.max(...endsMs) - Math.min(...endsMs)).toBeGreaterThan(0.05 * 86_400_000);
  });

  test('ends the session in whatever state it is, and the next one is opened', () => {
    const config = configOf({ sessionTtlMs: 100_000 });
    const driver = attachedDevice([ETH], { config });
    driver.until('TERMINATED', 101_000);
    expect(driver.moves).toEqual(['ATTACHED session_ttl_expired TERMINATED']);
    driver.until('ATTACHED', 5 * SECOND_MS);

    const recovering = attachedDevice([ETH], { config });
    recovering.run(80_000);
    recovering.links([]);
    recovering.until('TERMINATED', 25_000);
    expect(recovering.moves.at(-1)).toBe('RECOVERING session_ttl_expired TERMINATED');
  });
});
