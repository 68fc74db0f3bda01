import { describe, expect, test } from 'bun:test';
import { newest } from './claiming.ts';
import { attachedDevice, type Driver } from './driver.ts';
import { reattached } from './peer.ts';
import { ETH, SECOND_MS, WLAN } from './setup.ts';

/** On ETH, with renewed keys for a planned switch to WLAN that flash takes `flashMs` to keep. */
function granted(flashMs: number): Driver {
  const driver = attachedDevice([ETH, WLAN]);
  driver.flashDelayMs = flashMs;
  driver.peer.judge = () => null;
  driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName: 'wlan0' });
  const renewed = { secret: new Uint8Array(32).fill(77), memoryKey: new Uint8Array(32).fill(78) };
  driver.peer.commit(newest(driver), driver.device.channel?.channelId ?? 0);
  driver.frame({ ...reattached(newest(driver)), renewed }, WLAN);
  expect(driver.device.granted).not.toBeNull();
  expect(driver.device.activeId).toBe(ETH);
  return driver;
}

describe('a plan that was granted with new keys, while flash is slow', () => {
  test('is not undone by a claim to stay: the keys are kept, then data moves', () => {
    for (const flashMs of [400, 2 * SECOND_MS]) {
      const driver = granted(flashMs);
      driver.run(flashMs + SECOND_MS);
      expect(driver.claims).toHaveLength(1);
      expect(driver.moves).toEqual([
        'ATTACHED operator_rebind VOLATILE',
        'VOLATILE operator_rebind ATTACHED',
      ]);
      expect(driver.device.activeId).toBe(WLAN);
    }
  });

  test('does not hide that the session is unsteady for too long', () => {
    const driver = granted(120 * SECOND_MS);
    driver.until('DEGRADED', 60 * SECOND_MS);
    expect(driver.moves.at(-1)).toBe('VOLATILE volatility_persisted DEGRADED');
    driver.until('ATTACHED', 120 * SECOND_MS);
    expect(driver.claims).toHaveLength(1);
  });
});

describe('a binding that dies between the grant and flash', () => {
  test('◆ the channel of the grant stays: data never goes over one that the hub has no proof in', () => {
    const driver = granted(400);
    const channelId = driver.device.channel?.channelId ?? 0;
    driver.peer.rotates = false;
    const nextId = driver.channelUp(ETH);
    driver.feed({ kind: 'sendFailed', atMs: driver.nowMs, transportId: ETH, error: 'x' });
    expect(driver.device.state).toBe('RECOVERING');
    driver.until('ATTACHED', 500);
    expect(driver.device.activeId).toBe(WLAN);
    expect(driver.device.channel).toMatchObject({ channelId, isBound: true });
    // The rotation that was under way goes on over the new binding.
    driver.peer.rotates = true;
    driver.run(6 * SECOND_MS);
    expect(driver.device.channel).toMatchObject({ channelId: nextId, isBound: true });
    expect(driver.device.state).toBe('ATTACHED');
  });

  test('a channel of the grant that is gone gives way to the next one', () => {
    const driver = granted(400);
    const channelId = driver.device.channel?.channelId ?? 0;
    driver.peer.rotates = false;
    const nextId = driver.channelUp(ETH);
    driver.feed({ kind: 'channelGone', atMs: driver.nowMs, channelId });
    expect(driver.device.state).toBe('RECOVERING');
    driver.peer.judge = () => undefined;
    driver.run(2 * SECOND_MS);
    expect(driver.device.state).toBe('ATTACHED');
    expect(driver.device.channel).toMatchObject({ channelId: nextId, isBound: true });
    expect(driver.claims.at(-1)?.claim.stateVersion).toBe(driver.peer.recorded?.stateVersion ?? 0);
  });
});
