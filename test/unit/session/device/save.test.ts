import { describe, expect, test } from 'bun:test';
import { BLOCK_VERSIONS, VERSIONS_KEPT } from '../../../../session/device/save.ts';
import { attachedDevice, Driver } from './driver.ts';
import { reject } from './peer.ts';
import { configOf, ETH, HOUR_MS, links, MINUTE_MS, SECOND_MS, WLAN } from './setup.ts';

const SECRET = new Uint8Array(32).fill(3);

describe('what is durable before it is used', () => {
  test('◆ no version is used before a ceiling above it is durable', () => {
    const driver = new Driver();
    driver.flashDelayMs = 500;
    driver.boot();
    driver.links(links([ETH]));
    driver.run(499);
    expect(driver.device.stateVersion).toBe(0);
    expect(driver.log.some(({ kind }) => kind === 'handshake')).toBe(false);
    driver.until('ATTACHED', SECOND_MS * 2);
    expect(driver.flash?.versionCeiling).toBe(BLOCK_VERSIONS);
    expect(driver.device.stateVersion).toBeLessThanOrEqual(BLOCK_VERSIONS);
  });

  test('◆ a restarted device goes on above the ceiling, once a higher one is durable', () => {
    const driver = attachedDevice();
    const ceiling = driver.flash?.versionCeiling ?? 0;
    driver.kill();
    driver.flashDelayMs = 300;
    driver.forget();
    driver.boot(driver.remembered);
    driver.links(links([ETH]));
    driver.run(299);
    expect(driver.claims).toEqual([]);
    driver.until('ATTACHED', 5 * SECOND_MS);
    expect(driver.claims[0]?.claim.stateVersion).toBe(ceiling + 1);
    expect(driver.flash?.versionCeiling).toBe(ceiling + BLOCK_VERSIONS);
  });

  test('◆ the session id is durable before the first ATTACH', () => {
    const driver = new Driver();
    driver.boot();
    driver.links(links([ETH]));
    driver.until('ATTACHED', 2 * SECOND_MS);
    // A session ends and the next one is opened; its id is written slowly this time.
    driver.feed({ kind: 'terminate', atMs: driver.nowMs, reasonCode: 'operator_terminated' });
    driver.run(10);
    driver.forget();
    driver.flashDelayMs = 2 * SECOND_MS;
    driver.until('BIRTH', 5 * SECOND_MS);
    const bornAtMs = driver.nowMs;
    driver.until('ATTACHED', 5 * SECOND_MS);
    expect(driver.claims[0]?.atMs).toBe(bornAtMs + 2 * SECOND_MS);
  });

  test('◆ a new secret is durable before data flows', () => {
    const driver = new Driver();
    driver.boot();
    driver.links(links([ETH]));
    driver.run(10);
    driver.flashDelayMs = 700;
    driver.run(600);
    expect(driver.device.granted).not.toBeNull();
    expect(driver.device.state).toBe('BIRTH');
    expect(driver.log.some(({ kind }) => kind === 'route')).toBe(false);
    driver.until('ATTACHED', SECOND_MS);
    expect(driver.flash?.secret).toEqual(driver.device.secret);
    expect(driver.log.filter(({ kind }) => kind === 'route')).toHaveLength(1);
  });

  test('a write under way does not count for a secret granted meanwhile', () => {
    const driver = new Driver();
    driver.boot();
    driver.links(links([ETH]));
    driver.run(10);
    driver.flashDelayMs = 400;
    // Something is being written when the grant arrives.
    driver.device = { ...driver.device, stateVersion: 600 };
    driver.feed({ kind: 'tick', atMs: driver.nowMs });
    driver.run(300, () => driver.device.granted !== null);
    const grantedAtMs = driver.nowMs;
    driver.until('ATTACHED', 3 * SECOND_MS);
    expect(driver.flash?.secret).toEqual(driver.device.secret);
    expect(driver.nowMs).toBeGreaterThan(grantedAtMs + 400);
  });

  test('a kill while the grant is being written leaves nothing that can be resumed', () => {
    const driver = new Driver();
    driver.boot();
    driver.links(links([ETH]));
    driver.run(10);
    driver.flashDelayMs = 700;
    driver.run(600);
    const wanted = driver.device.sessionId;
    driver.kill();
    driver.flashDelayMs = 1;
    driver.boot(driver.remembered);
    expect(driver.device.state).toBe('BIRTH');
    expect(driver.device.previousSessionId).toBe(wanted);
  });

  test("a session that was never granted is not resumed with its predecessor's secret", () => {
    const driver = attachedDevice();
    driver.feed({ kind: 'terminate', atMs: driver.nowMs, reasonCode: 'operator_terminated' });
    driver.peer.judge = () => null;
    driver.until('BIRTH', 5 * SECOND_MS);
    driver.run(SECOND_MS);
    // The process itself still shows it, to prove that it follows the session before.
    const [claim] = driver.claims.filter(({ type }) => type === 'attach');
    expect(claim?.type === 'attach' && claim.proof).toBeInstanceOf(Uint8Array);
    driver.kill();
    expect(driver.remembered?.secret).toBeNull();
    driver.boot(driver.remembered);
    expect(driver.device.state).toBe('BIRTH');
  });
});

describe('running out of versions', () => {
  test('more are reserved well before the block is used up', () => {
    const driver = attachedDevice();
    driver.device = { ...driver.device, stateVersion: BLOCK_VERSIONS / 2 + 1 };
    driver.feed({ kind: 'tick', atMs: driver.nowMs });
    driver.run(10);
    expect(driver.flash?.versionCeiling).toBe(2 * BLOCK_VERSIONS);
  });

  test('flash that fails for hours stops claims, not data, and heals by itself', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.isFlashBroken = true;
    driver.device = { ...driver.device, stateVersion: BLOCK_VERSIONS - VERSIONS_KEPT };
    driver.run(3 * HOUR_MS);
    expect(driver.device.state).toBe('ATTACHED');
    expect(driver.device.counters['flash_write_failed']).toBeGreaterThan(10_000);
    driver.links(links([ETH, WLAN], { [ETH]: 'carrier' }));
    driver.run(5 * SECOND_MS);
    expect(driver.device.state).toBe('RECOVERING');
    expect(driver.claims).toEqual([]);
    driver.isFlashBroken = false;
    driver.until('ATTACHED', 5 * SECOND_MS);
  });

  test('with the last versions a session still ends, and none is opened without new ones', () => {
    const driver = attachedDevice();
    driver.isFlashBroken = true;
    driver.device = { ...driver.device, stateVersion: BLOCK_VERSIONS - VERSIONS_KEPT };
    driver.links(links([ETH], { [ETH]: 'carrier' }));
    driver.until('TERMINATED', MINUTE_MS);
    driver.links(links([ETH]));
    driver.run(10 * MINUTE_MS);
    expect(driver.device.state).toBe('TERMINATED');
    driver.isFlashBroken = false;
    driver.until('ATTACHED', 10 * SECOND_MS);
  });

  test('a failed write is repeated every second and said', () => {
    const driver = new Driver();
    driver.isFlashBroken = true;
    driver.boot();
    driver.links(links([ETH]));
    driver.run(HOUR_MS);
    expect(driver.device.phase).toBe('reserving');
    expect(driver.log.filter(({ kind }) => kind === 'persist').length).toBe(3_597);
    driver.isFlashBroken = false;
    driver.until('ATTACHED', 10 * SECOND_MS);
  });
});

describe('asked to end before a version is reserved', () => {
  test('◆ SIGTERM during boot waits for a version: it ends the session as soon as it can, and opens none', () => {
    const driver = new Driver();
    driver.flashDelayMs = 200;
    driver.boot();
    driver.links(links([ETH]));
    driver.feed({ kind: 'terminate', atMs: driver.nowMs, reasonCode: 'shutdown' });
    expect(driver.device.state).toBe('BIRTH');
    driver.run(HOUR_MS);
    expect(driver.moves).toEqual(['BIRTH shutdown TERMINATED']);
  });

  test('a forged TERMINATE before the first version is reserved changes nothing', () => {
    const driver = new Driver();
    driver.flashDelayMs = 200;
    const sessionId = 'ab'.repeat(16);
    driver.boot({ versionCeiling: 5, sessionId, secret: SECRET, terminated: null });
    driver.links(links([ETH]));
    driver.frame(
      { type: 'terminate', sessionId, reasonCode: 'operator_terminated', stateVersion: 9 },
      ETH,
      1,
    );
    driver.run(190);
    expect(driver.device.state).toBe('RECOVERING');
    expect(driver.device.counters['answer_ignored']).toBe(1);
  });
});

describe('both flash slots lost', () => {
  test('◆ a new session adopts the version that a stale refusal names', () => {
    const driver = new Driver();
    driver.peer.judge = (frame) =>
      frame.claim.stateVersion <= 50_000
        ? reject(frame, 'stale_state_version', { recordedVersion: 50_000 })
        : undefined;
    driver.boot(null, true);
    driver.links(links([ETH]));
    driver.until('ATTACHED', 5 * SECOND_MS);
    expect(driver.audit.map(({ reasonCode }) => reasonCode)).toContain('flash_lost');
    expect(driver.audit.map(({ reasonCode }) => reasonCode)).toContain('version_adopted');
    expect(driver.claims.at(-1)?.claim.stateVersion).toBe(50_001);
    expect(driver.flash?.versionCeiling).toBe(50_000 + BLOCK_VERSIONS);
  });

  test('◆ a session that is to be resumed never adopts a version: it ends', () => {
    const driver = new Driver();
    driver.peer.judge = (frame) =>
      reject(frame, 'stale_state_version', { recordedVersion: 50_000 });
    const sessionId = 'ab'.repeat(16);
    driver.boot({ versionCeiling: 5, sessionId, secret: SECRET, terminated: null });
    driver.links(links([ETH]));
    driver.until('TERMINATED', 5 * SECOND_MS);
    expect(driver.moves).toEqual(['RECOVERING stale_state_version TERMINATED']);
    expect(driver.device.stateVersion).toBeLessThan(5 + BLOCK_VERSIONS);
  });

  test('◆ whoever holds the memory key claims its session back above a copy, once a block above is durable', () => {
    const driver = attachedDevice();
    const { sessionId } = driver.device;
    driver.peer.judge = (frame) => {
      if (frame.claim.stateVersion > 50_000) return undefined;
      driver.isFlashBroken = true;
      return reject(frame, 'stale_state_version', { recordedVersion: 50_000 });
    };
    driver.feed({ kind: 'sendFailed', atMs: driver.nowMs, transportId: ETH, error: 'x' });
    driver.run(5 * SECOND_MS);
    expect([driver.device.phase, driver.device.state]).toEqual(['reserving', 'RECOVERING']);
    driver.isFlashBroken = false;
    driver.until('ATTACHED', 5 * SECOND_MS);
    expect(driver.device.sessionId).toBe(sessionId);
    const newest = driver.claims.at(-1);
    expect([newest?.type, newest?.claim.stateVersion]).toEqual(['reattach', 50_001]);
    expect(driver.flash?.versionCeiling).toBeGreaterThan(50_001);
    expect(driver.audit.map(({ reasonCode }) => reasonCode)).toContain('version_adopted');
  });

  test('a version near the end of what a claim can carry is not adopted', () => {
    const driver = new Driver();
    driver.peer.judge = (frame) =>
      reject(frame, 'stale_state_version', { recordedVersion: Number.MAX_SAFE_INTEGER });
    driver.boot(null, true);
    driver.links(links([ETH]));
    driver.until('TERMINATED', 5 * SECOND_MS);
    expect(driver.device.stateVersion).toBeLessThan(BLOCK_VERSIONS);
  });

  test('◆ an adopted version is durable before it is used; its write is repeated until it succeeds', () => {
    const driver = new Driver({ config: configOf() });
    driver.peer.judge = (frame) => {
      if (frame.claim.stateVersion > 50_000) return undefined;
      driver.isFlashBroken = true;
      return reject(frame, 'stale_state_version', { recordedVersion: 50_000 });
    };
    driver.boot(null, true);
    driver.links(links([ETH]));
    driver.run(20 * SECOND_MS);
    expect(driver.device.phase).toBe('reserving');
    driver.isFlashBroken = false;
    driver.until('ATTACHED', 5 * SECOND_MS);
  });
});
