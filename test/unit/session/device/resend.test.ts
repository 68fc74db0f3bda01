/** Goal: RECEIVED goes with each claim of a recovery and counts for that claim only; nobody but the peer's data is taken. */
import { describe, expect, test } from 'bun:test';
import type { DeviceEffect } from '../../../../session/device/event.ts';
import type { Received } from '../../../../session/wire/frames.ts';
import { claiming, newest } from './claiming.ts';
import { attachedDevice, Driver } from './driver.ts';
import { reattached } from './peer.ts';
import { ETH, links, SECOND_MS, WLAN, WWAN } from './setup.ts';

const told = (stateVersion: number, round = 0): Received => ({
  type: 'received',
  keypairIndex: 7,
  counterMax: 3,
  bitmap: new Uint8Array(512),
  stateVersion,
  round,
  bytesPerSecond: 0,
});

const ofKind = <Kind extends DeviceEffect['kind']>(
  effects: readonly DeviceEffect[],
  kind: Kind,
): Extract<DeviceEffect, { kind: Kind }>[] =>
  effects.filter((effect): effect is Extract<DeviceEffect, { kind: Kind }> => effect.kind === kind);

const acceptedNow = (driver: Driver) =>
  ofKind(driver.log, 'accept')
    .at(-1)!
    .from.filter(({ untilMs }) => untilMs === null || untilMs > driver.nowMs)
    .map(({ transportId }) => transportId)
    .sort();

describe('what is said', () => {
  test('directly behind each REATTACH of a recovery, its repeats included', () => {
    const driver = claiming();
    driver.run(SECOND_MS);
    const sent = driver.log.filter(
      (effect) =>
        effect.kind === 'tellReceived' ||
        (effect.kind === 'send' && effect.frame.type === 'reattach'),
    );
    expect(sent.length).toBeGreaterThanOrEqual(4);
    for (let at = 0; at < sent.length; at += 2) {
      const [claim, tell] = [sent[at]!, sent[at + 1]!];
      if (claim.kind !== 'send' || claim.frame.type !== 'reattach') throw new Error('a claim');
      if (tell.kind !== 'tellReceived') throw new Error('what arrived');
      const { channelId, transportId } = claim;
      const { stateVersion } = claim.frame.claim;
      expect(tell).toMatchObject({ channelId, transportId, stateVersion });
    }
  });

  test('not with a plan: its exchange asks when the way before is empty', () => {
    const driver = attachedDevice([WLAN]);
    driver.links(links([WLAN, ETH]));
    driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName: 'eth0' });
    driver.until('ATTACHED', SECOND_MS);
    expect(ofKind(driver.log, 'tellReceived')).toEqual([]);
    const [exchange] = ofKind(driver.log, 'exchange').slice(-1);
    expect(exchange?.exchange).toMatchObject({ transportId: ETH, round: 0, isAsking: true });
    expect(exchange?.exchange.drainMs).toBeGreaterThan(0);
  });

  test('nor with ATTACH: a new process has sealed nothing', () => {
    const driver = new Driver();
    driver.boot();
    driver.links(links([ETH]));
    driver.until('ATTACHED', 5 * SECOND_MS);
    expect(ofKind(driver.log, 'tellReceived')).toEqual([]);
    expect(ofKind(driver.log, 'exchange').map(({ exchange }) => exchange.isAsking)).toEqual([
      false,
    ]);
  });
});

describe('the exchange', () => {
  test('begins with the answer, for its claim, and before the route', () => {
    const driver = claiming();
    const effects = driver.frame(reattached(newest(driver)), WLAN);
    const kinds = effects.map(({ kind }) => kind);
    expect(kinds.indexOf('exchange')).toBeGreaterThanOrEqual(0);
    expect(kinds.indexOf('exchange')).toBeLessThan(kinds.indexOf('route'));
    expect(ofKind(effects, 'exchange')[0]?.exchange).toMatchObject({
      stateVersion: newest(driver).claim.stateVersion,
      round: 0,
      isAsking: true,
      drainMs: null,
      transportId: WLAN,
      linkKind: 'wifi',
    });
  });
});

describe('what the hub says counts', () => {
  test('for the claim that was answered last, on its transport and in the channel that there is', () => {
    const driver = claiming();
    const { stateVersion } = newest(driver).claim;
    driver.frame(reattached(newest(driver)), WLAN);
    expect(ofKind(driver.frame(told(stateVersion), WLAN), 'received').length).toBe(1);
    expect(ofKind(driver.frame(told(stateVersion, 1), WLAN), 'received').length).toBe(1);
    for (const [frame, transportId, channelId] of [
      [told(stateVersion - 1), WLAN, undefined],
      [told(stateVersion + 1), WLAN, undefined],
      [told(stateVersion), ETH, undefined],
      [told(stateVersion), WLAN, 99],
    ] as const) {
      const before = driver.device.counters['received_ignored'] ?? 0;
      expect(ofKind(driver.frame(frame, transportId, channelId), 'received')).toEqual([]);
      expect(driver.device.counters['received_ignored']).toBe(before + 1);
    }
  });

  test('for the open claim, where it overtook its answer', () => {
    const driver = claiming();
    const { stateVersion } = newest(driver).claim;
    expect(ofKind(driver.frame(told(stateVersion), WLAN), 'received').length).toBe(1);
    expect(ofKind(driver.frame(told(stateVersion), ETH), 'received')).toEqual([]);
  });

  test('for no claim that another one replaced', () => {
    const driver = claiming([ETH, WLAN, WWAN]);
    const first = newest(driver);
    driver.run(5 * SECOND_MS, () => newest(driver).claim.transportId === WWAN);
    expect(ofKind(driver.frame(told(first.claim.stateVersion), WLAN), 'received')).toEqual([]);
  });

  test('and changes nothing of the session', () => {
    const driver = claiming();
    driver.frame(reattached(newest(driver)), WLAN);
    const { counters: _, transports: __, ...before } = driver.device;
    driver.frame(told(before.answeredVersion), WLAN);
    driver.frame(told(1), WLAN);
    const { counters: ___, transports: ____, ...after } = driver.device;
    expect(after).toEqual(before);
  });
});

describe('whose data is taken', () => {
  test('of the binding before, for resend.max_age_ms from the answer on, however long that took', () => {
    const driver = claiming();
    driver.run(10 * SECOND_MS);
    driver.frame(reattached(newest(driver)), newest(driver).claim.transportId);
    expect(driver.device.activeId).toBe(WLAN);
    expect(acceptedNow(driver)).toEqual([ETH, WLAN].sort());
    driver.run(driver.config.limits.resendMaxAgeMs);
    expect(acceptedNow(driver)).toEqual([WLAN]);
  });

  test('of a claim in between that the hub may have committed', () => {
    const driver = claiming([ETH, WLAN, WWAN]);
    driver.run(5 * SECOND_MS, () => newest(driver).claim.transportId === WWAN);
    driver.frame(reattached(newest(driver)), WWAN);
    expect(driver.device.activeId).toBe(WWAN);
    expect(acceptedNow(driver)).toEqual([ETH, WLAN, WWAN].sort());
  });

  test('on the transport that is claimed: the answer may be what gets lost', () => {
    const driver = claiming();
    expect(acceptedNow(driver)).toEqual([ETH, WLAN].sort());
    const plan = attachedDevice([WLAN]);
    plan.peer.judge = () => null;
    plan.links(links([WLAN, ETH]));
    plan.feed({ kind: 'rebind', atMs: plan.nowMs, linkName: 'eth0' });
    expect(acceptedNow(plan)).toEqual([ETH, WLAN].sort());
  });
});
