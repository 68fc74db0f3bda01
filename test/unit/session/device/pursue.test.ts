import { describe, expect, test } from 'bun:test';
import { attachedDevice, Driver } from './driver.ts';
import { reattached, reject } from './peer.ts';
import { configOf, ETH, HOUR_MS, links, MINUTE_MS, SECOND_MS, WLAN, WWAN } from './setup.ts';

const cut = (driver: Driver, ...transportIds: readonly number[]) => {
  for (const id of transportIds)
    driver.peer.paths.set(id, { ...driver.peer.path(id), isInOpen: false, isOutOpen: false });
};
const heal = (driver: Driver, ...transportIds: readonly number[]) => {
  for (const id of transportIds)
    driver.peer.paths.set(id, { ...driver.peer.path(id), isInOpen: true, isOutOpen: true });
};
const claimed = (driver: Driver) => driver.claims.map(({ claim }) => claim.transportId);

describe('getting back', () => {
  test('carrier, address and route lost act at once, each with its own reason', () => {
    for (const fault of ['carrier', 'address', 'route'] as const) {
      const driver = attachedDevice([ETH, WLAN]);
      const effects = driver.links(links([ETH, WLAN], { [ETH]: fault }));
      expect(driver.moves).toEqual([`ATTACHED ${fault}_lost RECOVERING`]);
      const sent = effects.flatMap((effect) => (effect.kind === 'send' ? [effect] : []));
      expect(sent.find(({ frame }) => frame.type === 'reattach')?.transportId).toBe(WLAN);
    }
  });

  test('an interface that is gone altogether has lost its carrier', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.links(links([WLAN]));
    expect(driver.moves).toEqual(['ATTACHED carrier_lost RECOVERING']);
  });

  test('a local send error on the binding is a verdict, on another transport it is counted', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.feed({ kind: 'sendFailed', atMs: driver.nowMs, transportId: WLAN, error: 'x' });
    expect(driver.device.state).toBe('ATTACHED');
    driver.feed({ kind: 'sendFailed', atMs: driver.nowMs, transportId: ETH, error: 'x' });
    expect(driver.moves).toEqual(['ATTACHED local_send_error RECOVERING']);
    expect(driver.device.counters['local_send_error']).toBe(2);
  });

  test('data stops with the death of the binding and goes on with the answer', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.links(links([WLAN]));
    driver.run(SECOND_MS);
    const routes = driver.log.flatMap((effect) => (effect.kind === 'route' ? [effect.route] : []));
    const channelId = driver.device.channel?.channelId ?? 0;
    expect(routes).toEqual([null, { channelId, transportId: WLAN }]);
  });

  test('without an answer from any, each round of handshakes waits longer: a slow link is no dead one', () => {
    const driver = new Driver();
    cut(driver, ETH, WLAN);
    driver.boot();
    driver.links(links([ETH, WLAN]));
    driver.run(20 * SECOND_MS);
    const sent = driver.log.flatMap((effect) => (effect.kind === 'handshake' ? [effect] : []));
    const onEth = sent.filter(({ transportId }) => transportId === ETH).map(({ atMs }) => atMs);
    const lastPauses = sent.flatMap(({ transportId, atMs }, at) =>
      transportId === ETH && sent[at + 1]?.transportId === WLAN ? [sent[at + 1]!.atMs - atMs] : [],
    );
    expect(onEth.length).toBeGreaterThan(9);
    expect(lastPauses.slice(0, 4)).toEqual([675, 1_012.5, 1_518.75, 2_278.125]);
  });

  test('each candidate gets its turn', () => {
    const driver = attachedDevice([ETH, WLAN, WWAN]);
    cut(driver, WLAN, WWAN);
    driver.peer.judge = () => null;
    driver.links(links([WLAN, WWAN]));
    driver.run(10 * SECOND_MS);
    const turns = claimed(driver).filter((id, i, all) => id !== all[i - 1]);
    expect(turns.slice(0, 4)).toEqual([WLAN, WWAN, WLAN, WWAN]);
  });

  test('the only link left is tried for as long as it takes, though it failed', () => {
    const driver = attachedDevice([ETH]);
    cut(driver, ETH);
    driver.until('RECOVERING', 10 * SECOND_MS);
    driver.run(20 * SECOND_MS);
    expect(claimed(driver).length).toBeGreaterThan(10);
    heal(driver, ETH);
    driver.until('ATTACHED', 3 * SECOND_MS);
  });

  test('a hub that lost our keys is asked for a handshake as well', () => {
    const driver = attachedDevice([ETH, WLAN]);
    const answer = driver.peer.answer.bind(driver.peer);
    const lostId = driver.device.channel?.channelId;
    driver.peer.answer = (frame, channelId, transportId) =>
      channelId === lostId ? null : answer(frame, channelId, transportId);
    driver.links(links([WLAN]));
    driver.until('ATTACHED', 3 * SECOND_MS);
    expect(driver.device.channel?.channelId).not.toBe(lostId);
    expect(driver.log.filter(({ kind }) => kind === 'handshake')).toHaveLength(1);
  });

  test('keys that expire while a claim is open are replaced, and the claim goes on', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.judge = () => null;
    driver.links(links([WLAN]));
    driver.run(30);
    const channelId = driver.device.channel?.channelId ?? 0;
    driver.feed({ kind: 'channelGone', atMs: driver.nowMs, channelId });
    driver.peer.judge = () => undefined;
    driver.until('ATTACHED', 3 * SECOND_MS);
    expect(driver.moves.at(-1)).toBe('RECOVERING reattach_accepted ATTACHED');
  });

  test('the recovery window ends it, to the millisecond', () => {
    const driver = attachedDevice([ETH]);
    const atMs = driver.nowMs;
    driver.links([]);
    driver.until('TERMINATED', HOUR_MS);
    expect(driver.nowMs - atMs).toBe(30_000);
    expect(driver.moves.at(-1)).toBe('RECOVERING recovery_window_exceeded TERMINATED');
  });

  test('a recoverable refusal does not prolong the window', () => {
    const driver = attachedDevice([ETH]);
    driver.peer.judge = (frame) => reject(frame, 'store_unavailable', { retryAfterMs: 9_000 });
    const atMs = driver.nowMs;
    driver.feed({ kind: 'sendFailed', atMs, transportId: ETH, error: 'x' });
    driver.until('TERMINATED', HOUR_MS);
    expect(driver.nowMs - atMs).toBe(30_000);
  });

  test('while nothing answers, candidates are probed ever more rarely', () => {
    const driver = attachedDevice([ETH, WLAN], {
      config: configOf({ recoveryWindowMs: 300_000, transportTtlMs: 600_000 }),
    });
    cut(driver, ETH, WLAN);
    driver.links(links([WLAN]));
    driver.run(4 * MINUTE_MS);
    const probes = driver.frames.filter(({ type }) => type === 'probe').length;
    expect(probes).toBeGreaterThan(100);
    expect(probes).toBeLessThan(200);
  });
});

describe('bounds over several recoveries', () => {
  /** Out for `outMs`, then back for `backMs`. */
  function outage(driver: Driver, outMs: number, backMs: number): void {
    driver.links([]);
    driver.run(outMs);
    driver.links(links([ETH]));
    if (driver.device.state === 'RECOVERING') driver.until('ATTACHED', 2 * SECOND_MS);
    driver.run(backMs);
  }

  test('the transport TTL counts all time without a binding', () => {
    const driver = attachedDevice([ETH]);
    for (let i = 0; i < 3; i++) outage(driver, 15 * SECOND_MS, 5 * SECOND_MS);
    expect(driver.device.state).toBe('ATTACHED');
    driver.links([]);
    const atMs = driver.nowMs;
    driver.until('TERMINATED', MINUTE_MS);
    expect(driver.moves.at(-1)).toBe('RECOVERING transport_ttl_expired TERMINATED');
    expect(driver.nowMs - atMs).toBeGreaterThan(13_000);
    expect(driver.nowMs - atMs).toBeLessThanOrEqual(15_000);
  });

  test('ten seconds in ATTACHED start it anew, 9.9 do not', () => {
    const proven = attachedDevice([ETH]);
    outage(proven, 25 * SECOND_MS, 10 * SECOND_MS);
    outage(proven, 25 * SECOND_MS, 10 * SECOND_MS);
    outage(proven, 25 * SECOND_MS, 10 * SECOND_MS);
    expect(proven.moves.filter((move) => move.endsWith('TERMINATED'))).toEqual([]);

    const unproven = attachedDevice([ETH]);
    outage(unproven, 25 * SECOND_MS, 9_900);
    outage(unproven, 25 * SECOND_MS, 9_900);
    unproven.links([]);
    unproven.run(11 * SECOND_MS);
    expect(unproven.moves.at(-1)).toBe('RECOVERING transport_ttl_expired TERMINATED');
  });
});

describe('a device that slept past a bound', () => {
  test('hears nothing before it has met it: a late answer does not save the session', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.judge = () => null;
    driver.links(links([WLAN]));
    const claim = driver.claims.at(-1)!;
    driver.nowMs += 31 * SECOND_MS;
    driver.frame(reattached(claim), WLAN);
    expect(driver.moves.at(-1)).toBe('RECOVERING recovery_window_exceeded TERMINATED');
  });

  test('a binding that dies with no time left without a transport ends the session at once', () => {
    const driver = attachedDevice([ETH]);
    driver.links([]);
    driver.run(25 * SECOND_MS);
    driver.links(links([ETH]));
    driver.until('ATTACHED', 2 * SECOND_MS);
    driver.config = configOf({ transportTtlMs: 20 * SECOND_MS });
    cut(driver, ETH);
    driver.run(9 * SECOND_MS);
    expect(driver.moves.slice(-2)).toEqual([
      'ATTACHED heartbeat_timeout RECOVERING',
      'RECOVERING transport_ttl_expired TERMINATED',
    ]);
  });
});

describe('the switch cap', () => {
  const config = configOf({ maxSwitchesPerMinute: 3, cooldownMs: 0 });

  /** Back and forth until the cap is reached; ends on WLAN. */
  function atCap(): Driver {
    const driver = attachedDevice([ETH, WLAN], { config });
    for (const present of [[WLAN], [ETH], [WLAN]]) {
      driver.links(links(present));
      driver.until('ATTACHED', SECOND_MS);
      driver.run(200);
    }
    expect(driver.device.switchedAtMs).toHaveLength(3);
    expect(driver.device.activeId).toBe(WLAN);
    return driver;
  }

  test('a recovery at the cap waits for the next free slot, to the millisecond', () => {
    const driver = atCap();
    driver.config = configOf({ maxSwitchesPerMinute: 3, recoveryWindowMs: 60_000 });
    const firstMs = driver.device.switchedAtMs[0] ?? 0;
    driver.links(links([ETH]));
    driver.forget();
    driver.until('ATTACHED', MINUTE_MS);
    expect(driver.claims[0]?.atMs).toBe(firstMs + MINUTE_MS);
    // Its wait is said once.
    expect(driver.device.counters['switch_rate_limited']).toBe(1);
  });

  test('a reattach on the same transport does not wait', () => {
    const driver = atCap();
    driver.links(links([ETH, WLAN]));
    driver.forget();
    driver.feed({ kind: 'sendFailed', atMs: driver.nowMs, transportId: WLAN, error: 'x' });
    expect(claimed(driver)).toEqual([WLAN]);
    driver.until('ATTACHED', SECOND_MS);
    expect(driver.device.activeId).toBe(WLAN);
  });

  test('the old link back while another waits for a slot is claimed at once', () => {
    const driver = atCap();
    driver.links(links([ETH]));
    driver.run(5 * SECOND_MS);
    expect(driver.device.state).toBe('RECOVERING');
    driver.links(links([ETH, WLAN]));
    driver.until('ATTACHED', SECOND_MS);
    expect(driver.device.activeId).toBe(WLAN);
  });

  test('a policy that lowers the cap while a claim is open breaks nothing', () => {
    const driver = attachedDevice([ETH, WLAN], { config: configOf({ maxSwitchesPerMinute: 8 }) });
    for (const present of [[WLAN], [ETH], [WLAN], [ETH], [WLAN]]) {
      driver.links(links(present));
      driver.until('ATTACHED', SECOND_MS);
    }
    driver.links(links([ETH]));
    driver.config = config;
    driver.until('ATTACHED', SECOND_MS);
    driver.links(links([WLAN]));
    driver.run(5 * SECOND_MS);
    expect(driver.device.state).toBe('RECOVERING');
  });
});

describe('penalties', () => {
  test('each death of a link doubles its penalty, up to the limit', () => {
    const driver = attachedDevice([ETH], {
      config: configOf({ penaltyMaxMs: 30_000, transportTtlMs: 86_400_000 }),
    });
    const penalties: number[] = [];
    for (let i = 0; i < 5; i++) {
      driver.feed({ kind: 'sendFailed', atMs: driver.nowMs, transportId: ETH, error: 'x' });
      penalties.push((driver.device.transports[0]?.penaltyUntilMs ?? 0) - driver.nowMs);
      driver.until('ATTACHED', SECOND_MS);
    }
    expect(penalties).toEqual([5_000, 10_000, 20_000, 30_000, 30_000]);
  });

  test('a link that held for ten minutes after its penalty is forgiven', () => {
    const driver = attachedDevice([ETH]);
    const penalty = () => (driver.device.transports[0]?.penaltyUntilMs ?? 0) - driver.nowMs;
    const fail = () =>
      driver.feed({ kind: 'sendFailed', atMs: driver.nowMs, transportId: ETH, error: 'x' });
    fail();
    driver.run(SECOND_MS);
    fail();
    expect(penalty()).toBe(10_000);
    driver.run(10 * MINUTE_MS + 10_000);
    fail();
    expect(penalty()).toBe(20_000);
    driver.run(10 * MINUTE_MS + 20_001);
    fail();
    expect(penalty()).toBe(5_000);
  });

  test('in recovery a penalised link ranks last', () => {
    const driver = attachedDevice([ETH, WLAN, WWAN]);
    driver.feed({ kind: 'sendFailed', atMs: driver.nowMs, transportId: ETH, error: 'x' });
    driver.until('ATTACHED', SECOND_MS);
    expect(driver.device.activeId).toBe(WLAN);
    driver.forget();
    driver.links(links([ETH, WWAN]));
    expect(claimed(driver)).toEqual([WWAN]);
  });

  test('it never excludes: the only link left is claimed at once', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.feed({ kind: 'sendFailed', atMs: driver.nowMs, transportId: ETH, error: 'x' });
    driver.until('ATTACHED', SECOND_MS);
    driver.forget();
    driver.links(links([ETH]));
    expect(claimed(driver)).toEqual([ETH]);
  });
});

describe('ranking', () => {
  test('preference, then cost, then name; a link that policy forbids is none', () => {
    const of = (
      policies: Record<string, { preference: number; cost: 'free' | 'metered' | 'never' }>,
    ) => {
      const driver = new Driver({ config: configOf({}, policies) });
      driver.boot();
      driver.links(links([WWAN, WLAN, ETH]));
      driver.run(5);
      return driver.log.find(({ kind }) => kind === 'handshake');
    };
    const free = { preference: 1, cost: 'free' } as const;
    const metered = { preference: 1, cost: 'metered' } as const;
    const never = { preference: 0, cost: 'never' } as const;
    const far = { preference: 2, cost: 'free' } as const;
    expect(of({ eth0: far, wlan0: free, wwan0: far })).toMatchObject({ transportId: WLAN });
    expect(of({ eth0: metered, wlan0: metered, wwan0: free })).toMatchObject({ transportId: WWAN });
    expect(of({ eth0: free, wlan0: free, wwan0: free })).toMatchObject({ transportId: ETH });
    expect(of({ eth0: never, wlan0: free, wwan0: free })).toMatchObject({ transportId: WLAN });
    expect(of({ eth0: never, wlan0: never, wwan0: never })).toBeUndefined();
  });
});
