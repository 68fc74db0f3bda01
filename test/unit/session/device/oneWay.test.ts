/** Goal: which way was dead is said as far as both ends know it together, and no further. */
import { describe, expect, test } from 'bun:test';
import { attachedDevice, type Driver } from './driver.ts';
import { reattached } from './peer.ts';
import { ETH, SECOND_MS, WLAN, WWAN } from './setup.ts';

/** ETH falls silent for the device; its claim on WLAN waits for an answer. */
function silenced(...more: readonly number[]): Driver {
  const driver = attachedDevice([ETH, WLAN, ...more]);
  driver.traffic(20, 10 * SECOND_MS);
  driver.run(2 * SECOND_MS);
  driver.peer.path(ETH).isInOpen = false;
  driver.peer.judge = () => null;
  driver.until('RECOVERING', SECOND_MS);
  driver.forget();
  driver.run(5);
  return driver;
}

const silentMs = (driver: Driver) => {
  const [eth] = driver.device.transports;
  return (driver.device.claim?.openedAtMs ?? 0) - (eth?.liveness.heardAtMs ?? 0);
};
const notices = (driver: Driver) =>
  driver.audit.filter(({ reasonCode }) => reasonCode === 'one_way_in');

/** REATTACHED as the hub gives it, that heard ETH `heardMs` before the claim. */
function answer(driver: Driver, heardMs: number | null, transportId = WLAN): void {
  const { claim } = driver.device;
  if (claim === null) throw new Error('no claim is open');
  driver.frame(
    { ...reattached({ ...claimFrame(driver), claim: claim.claim }), heardMs },
    transportId,
  );
  expect(driver.device.state).toBe('ATTACHED');
}

function claimFrame(driver: Driver) {
  const open = driver.device.claim;
  if (open === null) throw new Error('no claim is open');
  return {
    type: 'reattach',
    claim: open.claim,
    proof: new Uint8Array(32),
    token: null,
    linkKind: 'wifi',
    linkName: 'wlan0',
    purpose: 'recovery',
    reasonCode: 'heartbeat_timeout',
    mtuBytes: null,
    noticeMs: null,
  } as const;
}

describe('one way in', () => {
  test('the hub heard us all the while: said once, with both silences', () => {
    const driver = silenced();
    const silent = Math.round(silentMs(driver));
    expect(silent).toBeGreaterThan(80);
    answer(driver, 12);
    expect(notices(driver).map(({ event, detail }) => ({ event, detail }))).toEqual([
      { event: 'notice', detail: { transportId: ETH, silentMs: silent, heardMs: 12 } },
    ]);
    driver.run(SECOND_MS);
    expect(notices(driver)).toHaveLength(1);
  });

  test('from half of our silence on it may have been cut both ways', () => {
    const driver = silenced();
    answer(driver, Math.ceil(silentMs(driver) / 2));
    expect(notices(driver)).toEqual([]);
  });

  test('a hub that does not say leaves it open', () => {
    const driver = silenced();
    answer(driver, null);
    expect(notices(driver)).toEqual([]);
  });

  test('a later claim may replace another binding, or come when the way is open again: it explains nothing', () => {
    const driver = silenced();
    const first = driver.device.claim?.claim;
    driver.run(5 * SECOND_MS, () => driver.device.claim?.claim !== first);
    expect(driver.device.claim?.purpose).toBe('recovery');
    expect(silentMs(driver)).toBeGreaterThan(80);
    answer(driver, 0);
    expect(notices(driver)).toEqual([]);
  });

  test('a plan replaces a binding that lives: what is heard of that one explains no earlier death', () => {
    const driver = silenced(WWAN);
    answer(driver, null);
    // No cooldown.
    driver.device = { ...driver.device, switchedAtMs: [] };
    driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName: 'wwan0' });
    expect(driver.device.claim?.purpose).toBe('planned');
    expect(silentMs(driver)).toBeGreaterThan(80);
    answer(driver, 0, WWAN);
    expect(notices(driver)).toEqual([]);
  });

  test('a death of another reason is not explained by it', () => {
    const driver = silenced();
    driver.device = { ...driver.device, lostFor: 'carrier_lost' };
    answer(driver, 0);
    expect(notices(driver)).toEqual([]);
  });
});
