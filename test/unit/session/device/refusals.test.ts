import { describe, expect, test } from 'bun:test';
import { claiming, newest } from './claiming.ts';
import { attachedDevice, Driver } from './driver.ts';
import { reattached, reject } from './peer.ts';
import { configOf, ETH, links, MINUTE_MS, SECOND_MS, WLAN, WWAN } from './setup.ts';

describe('refusals', () => {
  test('◆ after a recoverable one the next claim is new and above the recorded version', () => {
    const driver = claiming();
    const refused = newest(driver);
    driver.frame(
      reject(refused, 'stale_state_version', { recordedVersion: refused.claim.stateVersion + 40 }),
      WLAN,
    );
    driver.forget();
    driver.run(SECOND_MS, () => driver.claims.length > 0);
    expect(newest(driver).claim.stateVersion).toBe(refused.claim.stateVersion + 41);
  });

  test('whatever the recoverable reason, the next claim is above the recorded version', () => {
    const driver = claiming();
    const refused = newest(driver);
    const recordedVersion = refused.claim.stateVersion + 7;
    driver.frame(reject(refused, 'rate_limited', { recordedVersion, retryAfterMs: 300 }), WLAN);
    driver.forget();
    driver.run(SECOND_MS, () => driver.claims.length > 0);
    expect(newest(driver).claim.stateVersion).toBe(recordedVersion + 1);
  });

  test('retry_after is kept to the millisecond', () => {
    const driver = claiming();
    const atMs = driver.nowMs;
    driver.frame(reject(newest(driver), 'store_unavailable', { retryAfterMs: 4_321 }), WLAN);
    driver.forget();
    driver.run(10 * SECOND_MS, () => driver.claims.length > 0);
    expect(driver.nowMs - atMs).toBe(4_321);
  });

  const OF_A_TRANSPORT = ['policy_denied', 'switch_rate_limited', 'invalid_transport'] as const;
  for (const reasonCode of OF_A_TRANSPORT) {
    test(`◆ ${reasonCode} of one link holds up no other, nor the one before when it is back`, () => {
      for (const others of [[WLAN, WWAN], [WLAN]]) {
        const driver = attachedDevice([ETH, ...others]);
        driver.peer.judge = (frame) =>
          frame.claim.transportId === WLAN
            ? reject(frame, reasonCode, { retryAfterMs: MINUTE_MS })
            : undefined;
        const atMs = driver.nowMs;
        driver.links(links([ETH, ...others], { [ETH]: 'carrier' }));
        driver.run(SECOND_MS);
        const isAway = driver.device.state === 'RECOVERING';
        expect([others.length, isAway]).toEqual([others.length, others.length === 1]);
        if (isAway) driver.links(links([ETH, ...others]));
        driver.run(SECOND_MS, () => driver.device.state === 'ATTACHED');
        expect(driver.moves).toEqual([
          'ATTACHED carrier_lost RECOVERING',
          `RECOVERING ${isAway ? 'reattach_same_transport' : 'reattach_accepted'} ATTACHED`,
        ]);
        expect(driver.nowMs - atMs).toBeLessThan(1_500);
      }
    });
  }

  test('… and where there is no other, the wait is kept to the millisecond', () => {
    const driver = attachedDevice([ETH, WLAN], {
      config: configOf({ recoveryWindowMs: MINUTE_MS }),
    });
    let refusedAtMs = 0;
    driver.peer.judge = (frame) => {
      if (refusedAtMs > 0) return undefined;
      refusedAtMs = driver.nowMs;
      return reject(frame, 'policy_denied', { retryAfterMs: 4_321 });
    };
    driver.links(links([WLAN]));
    driver.run(SECOND_MS, () => driver.claims.length > 0);
    driver.forget();
    driver.run(10 * SECOND_MS, () => driver.claims.length > 0);
    // The refusal was under way for half a round trip.
    const waitedMs = driver.nowMs - refusedAtMs;
    expect([waitedMs >= 4_321, waitedMs < 4_400]).toEqual([true, true]);
  });

  test('refused without a wait, again and again, the device slows down', () => {
    const driver = attachedDevice();
    driver.peer.judge = (frame) => reject(frame, 'invalid_transport');
    driver.feed({ kind: 'sendFailed', atMs: driver.nowMs, transportId: ETH, error: 'x' });
    driver.run(29 * SECOND_MS);
    expect(driver.claims.length).toBeLessThan(30);
  });

  test('◆ a granted slot pauses the birth deadline', () => {
    const driver = new Driver();
    driver.peer.judge = (frame) => reject(frame, 'store_unavailable', { retryAfterMs: 20_000 });
    driver.boot();
    driver.links(links([ETH]));
    driver.run(10 * MINUTE_MS);
    expect(driver.device.state).toBe('BIRTH');
    driver.peer.judge = () => null;
    driver.until('TERMINATED', 2 * MINUTE_MS);
    expect(driver.moves).toEqual(['BIRTH birth_deadline_exceeded TERMINATED']);
  });

  test('a refusal that grants no slot does not pause it', () => {
    const driver = new Driver();
    driver.peer.judge = (frame) => reject(frame, 'invalid_transport');
    const atMs = driver.nowMs;
    driver.boot();
    driver.links(links([ETH]));
    driver.until('TERMINATED', 2 * MINUTE_MS);
    expect(driver.nowMs - atMs).toBe(60_000);
  });

  test('no granted slot is longer than ten minutes', () => {
    const driver = new Driver();
    driver.peer.judge = (frame) => reject(frame, 'rate_limited', { retryAfterMs: 2 ** 40 });
    driver.boot();
    driver.links(links([ETH]));
    driver.run(SECOND_MS);
    expect(driver.device.claimNotBeforeMs).toBeLessThanOrEqual(driver.nowMs + 600_000);
  });

  test('a fatal one ends the session, in BIRTH and later, each with its own trigger', () => {
    const born = new Driver();
    born.peer.judge = (frame) => reject(frame, 'revoked', { isFatal: true });
    born.boot();
    born.links(links([ETH]));
    born.until('TERMINATED', SECOND_MS);
    expect(born.moves).toEqual(['BIRTH revoked TERMINATED']);

    const driver = claiming();
    driver.frame(reject(newest(driver), 'unknown_session', { isFatal: true }), WLAN);
    expect(driver.moves.at(-1)).toBe('RECOVERING unknown_session TERMINATED');
  });

  test('◆ identity_conflict ends only our side: the hub is not told, the alarm is raised', () => {
    const driver = claiming();
    driver.frame(reject(newest(driver), 'identity_conflict', { isFatal: true }), WLAN);
    expect(driver.moves.at(-1)).toBe('RECOVERING identity_conflict TERMINATED');
    expect(driver.frames.some(({ type }) => type === 'terminate')).toBe(false);
    expect(driver.audit.some(({ event }) => event === 'alarm')).toBe(true);
    expect(driver.device.channel).toBeNull();
  });

  test('◆ after identity_conflict the device keeps quiet for ten minutes, whatever happens', () => {
    const driver = claiming();
    driver.frame(reject(newest(driver), 'identity_conflict', { isFatal: true }), WLAN);
    driver.forget();
    for (let i = 0; i < 9; i++) {
      driver.run(MINUTE_MS);
      driver.links(links(i % 2 === 0 ? [ETH, WLAN, WWAN] : [WLAN]));
      driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName: 'eth0' });
      driver.feed({ kind: 'traffic', atMs: driver.nowMs, sentPackets: 1, heardOn: [] });
      driver.frame({ type: 'challenge', token: new Uint8Array(8), claim: null }, WLAN, 1);
    }
    driver.run(59 * SECOND_MS);
    expect(driver.frames).toEqual([]);
    expect(driver.log.filter(({ kind }) => kind === 'handshake' || kind === 'keepalive')).toEqual(
      [],
    );
    driver.peer.judge = () => undefined;
    driver.until('ATTACHED', 10 * SECOND_MS);
  });

  test('◆ a restart does not shorten the ten minutes', () => {
    const driver = claiming();
    driver.frame(reject(newest(driver), 'identity_conflict', { isFatal: true }), WLAN);
    driver.run(SECOND_MS);
    driver.kill();
    driver.forget();
    driver.boot(driver.remembered);
    driver.links(links([ETH, WLAN]));
    driver.run(10 * MINUTE_MS - 1);
    expect(driver.log.filter(({ kind }) => kind === 'handshake' || kind === 'send')).toEqual([]);
    driver.peer.judge = () => undefined;
    driver.until('ATTACHED', 10 * SECOND_MS);
  });
});

describe('TERMINATE and CHALLENGE', () => {
  test('◆ TERMINATE counts for our own session alone', () => {
    const driver = attachedDevice();
    const ours = driver.device.sessionId ?? '';
    const frame = {
      type: 'terminate',
      reasonCode: 'session_ttl_expired',
      stateVersion: 9,
    } as const;
    driver.frame({ ...frame, sessionId: 'cd'.repeat(16) }, ETH);
    expect(driver.device.state).toBe('ATTACHED');
    driver.frame({ ...frame, sessionId: ours }, ETH);
    expect(driver.moves).toEqual(['ATTACHED session_ttl_expired TERMINATED']);
    // The hub said it; it is not told back.
    expect(driver.frames.some(({ type }) => type === 'terminate')).toBe(false);
  });

  test("◆ a challenge about our own claim is answered 'mine', also after its answer arrived", () => {
    const driver = claiming();
    const claim = newest(driver).claim;
    const token = new Uint8Array(8).fill(5);
    const responses = () => driver.frames.filter(({ type }) => type === 'response');
    driver.frame({ type: 'challenge', token, claim }, WLAN);
    expect(responses().at(-1)).toMatchObject({ isMine: true, token, transportId: WLAN });
    driver.frame(reattached(newest(driver)), WLAN);
    driver.frame({ type: 'challenge', token, claim }, ETH);
    expect(responses().at(-1)).toMatchObject({ isMine: true, transportId: ETH });
  });

  test("◆ a challenge about somebody else's claim, or about none, is not answered 'mine'", () => {
    const driver = claiming();
    const claim = { ...newest(driver).claim, nonce: '11'.repeat(8) };
    driver.frame({ type: 'challenge', token: new Uint8Array(8), claim }, WLAN);
    driver.frame({ type: 'challenge', token: new Uint8Array(8), claim: null }, WLAN);
    expect(driver.frames.filter(({ type }) => type === 'response')).toMatchObject([
      { isMine: false },
      { isMine: false },
    ]);
  });

  test('frames that no hub sends to a device are counted and change nothing', () => {
    const driver = attachedDevice([ETH], { config: configOf() });
    const before = driver.device;
    driver.frame({ type: 'probe', probeId: 1 }, ETH);
    driver.frame({ type: 'rotate', sessionId: 'x', proof: new Uint8Array(32) }, ETH);
    expect(driver.device.counters['unknown_frame']).toBe(2);
    expect(driver.device.state).toBe(before.state);
    expect(driver.device.stateVersion).toBe(before.stateVersion);
  });
});
