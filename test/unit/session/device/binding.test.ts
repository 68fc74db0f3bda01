import { describe, expect, test } from 'bun:test';
import type { ProbeAck } from '../../../../session/wire/frames.ts';
import { attachedDevice, type Driver } from './driver.ts';
import { configOf, ETH, LINK_POLICIES, links, MINUTE_MS, SECOND_MS, WLAN } from './setup.ts';

/** An answer to the newest probe on `transportId`, saying what the test wants. */
function ack(driver: Driver, transportId: number, says: Partial<ProbeAck>): void {
  const probe = driver.frames.filter(
    (frame) => frame.type === 'probe' && frame.transportId === transportId,
  );
  const newest = probe.at(-1);
  expect(newest?.type).toBe('probe');
  if (newest?.type !== 'probe') return;
  driver.frame(
    {
      type: 'probeAck',
      probeId: newest.probeId,
      view: 'carrying',
      transportId,
      stateVersion: driver.device.answeredVersion,
      token: new Uint8Array(8),
      ...says,
    },
    transportId,
  );
}

/** Attached, with a fresh unanswered probe on each transport. */
function asking(present: readonly number[] = [ETH, WLAN]): Driver {
  const driver = attachedDevice(present);
  for (const transportId of present) driver.peer.path(transportId).isInOpen = false;
  driver.run(10 * SECOND_MS, () =>
    present.every((id) =>
      driver.frames.some((frame) => frame.type === 'probe' && frame.transportId === id),
    ),
  );
  return driver;
}

const asked = (driver: Driver, transportId: number) =>
  driver.frames.filter((frame) => frame.type === 'probe' && frame.transportId === transportId)
    .length;

describe('◆ what PROBE_ACK says of the binding', () => {
  test('◆ naming another transport: binding_lost, and a claim in the same step', () => {
    const driver = asking();
    ack(driver, ETH, { transportId: WLAN });
    expect(driver.moves).toEqual(['ATTACHED binding_lost RECOVERING']);
    expect(driver.claims).toHaveLength(1);
    expect(driver.claims[0]?.claim.transportId).toBe(ETH);
  });

  test('◆ naming ours, but recovering: binding_lost', () => {
    const driver = asking();
    ack(driver, ETH, { view: 'recovering' });
    expect(driver.moves).toEqual(['ATTACHED binding_lost RECOVERING']);
  });

  /** Idle, and told over the standby that the hub hears nothing over the binding. */
  function doubtedByHub(isSilent: boolean): Driver {
    const driver = attachedDevice([ETH, WLAN]);
    driver.run(2 * SECOND_MS);
    driver.forget();
    driver.run(20 * SECOND_MS, () => asked(driver, WLAN) > 0);
    driver.peer.path(ETH).isOutOpen = !isSilent;
    driver.forget();
    driver.peer.view = 'recovering';
    driver.run(SECOND_MS, () => driver.frames.length > 0 || driver.moves.length > 0);
    driver.peer.view = 'carrying';
    return driver;
  }

  test('◆ naming ours, but recovering, over another link: the binding is asked, and its answer settles it', () => {
    const driver = doubtedByHub(false);
    expect([driver.moves, asked(driver, ETH)]).toEqual([[], 1]);
    driver.run(MINUTE_MS);
    expect([driver.moves, driver.device.state]).toEqual([[], 'ATTACHED']);
  });

  test('◆ … and its silence ends it, within two seconds', () => {
    const driver = doubtedByHub(true);
    const fromMs = driver.nowMs;
    driver.run(MINUTE_MS, () => driver.device.activeId !== ETH);
    expect(driver.moves).toEqual(['ATTACHED heartbeat_timeout RECOVERING']);
    expect(driver.nowMs - fromMs).toBeLessThanOrEqual(2 * SECOND_MS);
  });

  test('◆ … and it is not asked twice for it within a round-trip timeout', () => {
    const driver = asking();
    const before = asked(driver, ETH);
    const { askedAtMs } = driver.device.transports[0]!.liveness;
    expect(driver.nowMs - (askedAtMs ?? 0)).toBeLessThan(SECOND_MS / 4);
    ack(driver, WLAN, { view: 'recovering', transportId: ETH });
    expect([driver.moves, asked(driver, ETH)]).toEqual([[], before]);
  });

  test('◆ … on a metered binding not more often than a keepalive is sent', () => {
    const eth0 = { preference: 10, cost: 'metered' } as const;
    const config = configOf({ meteredKeepaliveMs: MINUTE_MS }, { ...LINK_POLICIES, eth0 });
    const driver = attachedDevice([ETH, WLAN], { config });
    driver.run(MINUTE_MS);
    driver.peer.path(WLAN).isInOpen = false;
    driver.forget();
    const untilMs = driver.nowMs + 10 * MINUTE_MS;
    let told = 0;
    while (driver.nowMs < untilMs) {
      const before = asked(driver, WLAN);
      driver.run(MINUTE_MS, () => asked(driver, WLAN) > before);
      ack(driver, WLAN, { view: 'recovering', transportId: ETH });
      told += 1;
    }
    expect(told).toBeGreaterThan(20);
    expect(asked(driver, ETH)).toBeGreaterThan(5);
    expect(asked(driver, ETH)).toBeLessThanOrEqual(11);
    expect(driver.moves).toEqual([]);
  });

  test('◆ terminated, unattached or standby: binding_lost', () => {
    for (const view of ['terminated', 'unattached', 'standby'] as const) {
      const driver = asking();
      ack(driver, ETH, { view, transportId: 0, stateVersion: driver.device.answeredVersion });
      expect(driver.moves).toEqual(['ATTACHED binding_lost RECOVERING']);
    }
  });

  test('◆ it counts on whichever transport it came', () => {
    const driver = asking();
    ack(driver, WLAN, { transportId: WLAN });
    expect(driver.moves).toEqual(['ATTACHED binding_lost RECOVERING']);
  });

  test('◆ older than the last answered claim it says nothing', () => {
    const driver = asking();
    const stateVersion = driver.device.answeredVersion - 1;
    ack(driver, ETH, { transportId: WLAN, stateVersion });
    expect(driver.device.state).toBe('ATTACHED');
  });

  test('◆ asked before the last answer, an unattached view says nothing', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.path(WLAN).delayMs = 400;
    driver.links(links([WLAN]));
    // In a channel that the hub does not know yet.
    const channelId = driver.channelUp(ETH);
    driver.run(SECOND_MS, () => driver.device.state === 'ATTACHED');
    expect(driver.device.state).toBe('ATTACHED');
    // Under way since before the answer, because the path is that slow.
    const probe = driver.frames.findLast(
      (frame) => frame.type === 'probe' && frame.transportId === WLAN && frame.atMs < driver.nowMs,
    );
    if (probe?.type !== 'probe') throw new Error('it asks on WLAN');
    const { probeId } = probe;
    driver.frame(
      {
        type: 'probeAck',
        probeId,
        view: 'unattached',
        transportId: 0,
        stateVersion: 0,
        token: new Uint8Array(8),
      },
      WLAN,
      channelId,
    );
    expect(driver.device.state).toBe('ATTACHED');
    expect(driver.device.counters['probe_ack_ignored']).toBeUndefined();
  });

  test('◆ the commit of our own open claim is no loss', () => {
    const driver = asking();
    driver.peer.judge = () => null;
    const config = configOf({}, { eth0: { preference: 10, cost: 'free' } });
    driver.config = config;
    driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName: 'wlan0' });
    const claim = driver.claims.at(-1)?.claim;
    expect(claim?.transportId).toBe(WLAN);
    ack(driver, ETH, { transportId: WLAN, stateVersion: claim?.stateVersion ?? 0 });
    expect(driver.device.state).toBe('VOLATILE');
  });

  test('◆ the commit of a claim that staying has superseded is one', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.judge = () => null;
    driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName: 'wlan0' });
    const plan = driver.claims.at(-1)?.claim;
    driver.run(3 * SECOND_MS, () => driver.device.claim?.purpose === 'stay');
    driver.peer.path(ETH).isInOpen = false;
    driver.traffic(20, 100);
    driver.forget();
    driver.run(SECOND_MS, () => driver.frames.at(-1)?.type === 'probe');
    ack(driver, ETH, { transportId: WLAN, stateVersion: plan?.stateVersion ?? 0 });
    expect(driver.moves.at(-1)).toBe('VOLATILE binding_lost RECOVERING');
    expect(driver.claims.at(-1)?.claim.stateVersion).toBeGreaterThan(plan?.stateVersion ?? 0);
  });

  test('an answer that was not asked for is counted and says nothing', () => {
    const driver = asking();
    ack(driver, ETH, { probeId: 4_000_000, transportId: WLAN });
    expect(driver.device.state).toBe('ATTACHED');
    expect(driver.device.counters['probe_ack_ignored']).toBe(1);
  });

  test('a hub that lost us alone gets us back on the same transport, without a switch', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.view = 'recovering';
    driver.until('RECOVERING', 10 * SECOND_MS);
    driver.until('ATTACHED', SECOND_MS);
    expect(driver.device.activeId).toBe(ETH);
    expect(driver.moves).toEqual([
      'ATTACHED binding_lost RECOVERING',
      'RECOVERING reattach_same_transport ATTACHED',
    ]);
    expect(driver.device.switchedAtMs).toEqual([]);
  });

  test('a lost binding whose link was fine is claimed there first, whatever is preferred', () => {
    const driver = attachedDevice([WLAN]);
    driver.links(links([ETH, WLAN]));
    driver.run(SECOND_MS);
    driver.peer.view = 'recovering';
    driver.until('RECOVERING', 10 * SECOND_MS);
    expect(driver.claims.at(-1)?.claim.transportId).toBe(WLAN);
  });
});
