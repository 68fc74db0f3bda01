import { describe, expect, test } from 'bun:test';
import { hexToBytes } from '../../../../session/bytes.ts';
import { isProven } from '../../../../session/proof.ts';
import { attachedDevice, type Driver } from './driver.ts';
import { reattached } from './peer.ts';
import { ETH, HOUR_MS, links, MINUTE_MS, SECOND_MS, WLAN } from './setup.ts';

const isSlice = process.env['SLICE'] === '1';
const due = (driver: Driver) =>
  driver.feed({
    kind: 'channelDue',
    atMs: driver.nowMs,
    channelId: driver.device.channel?.channelId ?? 0,
  });
const gone = (driver: Driver, channelId: number | undefined) =>
  driver.feed({ kind: 'channelGone', atMs: driver.nowMs, channelId: channelId ?? 0 });
const dropped = (driver: Driver) =>
  driver.log.flatMap((effect) => (effect.kind === 'dropChannel' ? [effect.channelId] : []));
const routes = (driver: Driver) =>
  driver.log.flatMap((effect) => (effect.kind === 'route' ? [effect.route?.channelId] : []));

describe('rotation', () => {
  test('data keeps flowing on the old channel until ROTATED', () => {
    const driver = attachedDevice();
    const oldId = driver.device.channel?.channelId;
    driver.peer.rotates = false;
    due(driver);
    driver.run(10 * SECOND_MS);
    expect(routes(driver)).toEqual([]);
    expect(driver.device.channel?.channelId).toBe(oldId ?? 0);
    driver.peer.rotates = true;
    driver.run(10 * SECOND_MS);
    expect(routes(driver)).toEqual([driver.device.channel?.channelId]);
    expect(driver.device.channel?.channelId).not.toBe(oldId);
    expect(driver.moves).toEqual([]);
  });

  test('◆ ROTATE proves, in the new channel, the memory key of the process that attached', () => {
    const driver = attachedDevice();
    due(driver);
    driver.run(SECOND_MS);
    const rotate = driver.frames.find(({ type }) => type === 'rotate');
    const { memoryKey, channel, sessionId } = driver.device;
    if (rotate?.type !== 'rotate' || channel === null) throw new Error('it rotates');
    const what = hexToBytes(sessionId ?? '');
    expect(isProven('rotate', memoryKey, channel.handshakeHash, what, rotate.proof)).toBe(true);
  });

  test('◆ a handshake alone binds nothing: no route, no transition, no version', () => {
    const driver = attachedDevice();
    const version = driver.device.stateVersion;
    driver.peer.rotates = false;
    driver.channelUp(ETH);
    driver.run(MINUTE_MS);
    expect(routes(driver)).toEqual([]);
    expect(driver.device.stateVersion).toBe(version);
    expect(driver.device.nextChannel).not.toBeNull();
  });

  test('◆ a claim that was sent in the keys before is asked in the new ones at once: its answer would not count', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.judge = () => null;
    driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName: 'wlan0' });
    const nextId = driver.channelUp(ETH);
    driver.forget();
    driver.frame({ type: 'rotated', sessionId: driver.device.sessionId ?? '' }, ETH, nextId);
    const asked = driver.log.flatMap((effect) =>
      effect.kind === 'send' && effect.frame.type === 'reattach' ? [effect.channelId] : [],
    );
    expect(asked).toEqual([nextId]);
  });

  test('a ROTATED in another channel, or for another session, is none', () => {
    const driver = attachedDevice();
    driver.peer.rotates = false;
    const nextId = driver.channelUp(ETH);
    driver.run(100);
    const sessionId = driver.device.sessionId ?? '';
    driver.frame({ type: 'rotated', sessionId }, ETH, nextId - 1);
    driver.frame({ type: 'rotated', sessionId: 'ee'.repeat(16) }, ETH, nextId);
    expect(driver.device.channel?.channelId).toBe(nextId - 1);
    driver.frame({ type: 'rotated', sessionId }, ETH, nextId);
    expect(driver.device.channel?.channelId).toBe(nextId);
  });

  test('the keys before stay until the next replacement, for what is still on its way', () => {
    const driver = attachedDevice();
    const firstId = driver.device.channel?.channelId ?? 0;
    due(driver);
    driver.run(SECOND_MS);
    expect(dropped(driver)).toEqual([]);
    due(driver);
    driver.run(SECOND_MS);
    expect(dropped(driver)).toEqual([firstId]);
  });

  test('a handshake that gets no answer is repeated, ever more slowly, until the keys expire', () => {
    const driver = attachedDevice();
    driver.peer.shakesHands = false;
    due(driver);
    driver.run(10 * MINUTE_MS);
    const shakes = driver.log.filter(({ kind }) => kind === 'handshake').length;
    expect(shakes).toBeGreaterThan(100);
    expect(shakes).toBeLessThan(150);
    gone(driver, driver.device.channel?.channelId);
    expect(driver.moves).toEqual(['ATTACHED channel_expired RECOVERING']);
  });

  test('ROTATE without an answer is repeated ever more slowly', () => {
    const driver = attachedDevice();
    driver.peer.rotates = false;
    driver.channelUp(ETH);
    driver.run(10 * MINUTE_MS);
    const rotates = driver.frames.filter(({ type }) => type === 'rotate').length;
    expect(rotates).toBeGreaterThan(100);
    expect(rotates).toBeLessThan(200);
  });

  test('keys that fell due during a recovery are replaced after it', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.links([]);
    due(driver);
    driver.links(links([WLAN]));
    driver.until('ATTACHED', SECOND_MS);
    const oldId = driver.device.channel?.channelId;
    driver.run(SECOND_MS);
    expect(driver.device.channel?.channelId).not.toBe(oldId);
  });

  test('rotating hour by hour costs no version and loses no session', () => {
    const driver = attachedDevice();
    const version = driver.device.stateVersion;
    for (let i = 0; i < (isSlice ? 5 : 20); i++) {
      driver.run(HOUR_MS);
      due(driver);
    }
    expect(driver.device.stateVersion).toBe(version);
    expect(driver.moves).toEqual([]);
  });
});

describe('keys that are gone', () => {
  test('◆ an expired channel means handshake, then REATTACH', () => {
    const driver = attachedDevice();
    gone(driver, driver.device.channel?.channelId);
    expect(driver.moves).toEqual(['ATTACHED channel_expired RECOVERING']);
    driver.until('ATTACHED', SECOND_MS);
    const order = driver.log.flatMap((effect) =>
      effect.kind === 'handshake'
        ? ['handshake']
        : effect.kind === 'send' && effect.frame.type === 'reattach'
          ? ['reattach']
          : [],
    );
    expect(order).toEqual(['handshake', 'reattach']);
    expect(driver.moves.at(-1)).toBe('RECOVERING reattach_same_transport ATTACHED');
  });

  test('an older or foreign channel that is gone means nothing', () => {
    const driver = attachedDevice();
    due(driver);
    driver.run(SECOND_MS);
    gone(driver, (driver.device.channel?.channelId ?? 0) - 1);
    gone(driver, 999);
    expect(driver.moves).toEqual([]);
  });

  test('with a new channel waiting for ROTATED, that one is claimed with at once', () => {
    const driver = attachedDevice();
    driver.peer.rotates = false;
    const nextId = driver.channelUp(ETH);
    driver.run(100);
    driver.forget();
    gone(driver, nextId - 1);
    expect(driver.log.filter(({ kind }) => kind === 'handshake')).toEqual([]);
    driver.until('ATTACHED', SECOND_MS);
    expect(driver.device.channel?.channelId).toBe(nextId);
  });

  test('a binding that dies while a channel waits for ROTATED does not spin', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.rotates = false;
    driver.channelUp(ETH);
    driver.run(5);
    driver.links(links([WLAN]));
    driver.until('ATTACHED', SECOND_MS);
    expect(driver.device.nextChannel).toBeNull();
  });

  test('keys that expire while a grant is being written: dead on arrival, then claimed anew', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.judge = () => null;
    driver.links(links([WLAN]));
    const claim = driver.claims.at(-1);
    if (claim === undefined) throw new Error('it claims');
    driver.flashDelayMs = 300;
    const renewed = { secret: new Uint8Array(32).fill(7), memoryKey: new Uint8Array(32).fill(8) };
    driver.frame({ ...reattached(claim), renewed }, WLAN);
    gone(driver, driver.device.channel?.channelId);
    driver.peer.judge = () => undefined;
    driver.run(SECOND_MS);
    expect(driver.moves).toContain('ATTACHED channel_expired RECOVERING');
    driver.until('ATTACHED', 2 * SECOND_MS);
  });
});
