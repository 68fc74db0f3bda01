import { describe, expect, test } from 'bun:test';
import { claimBytes, isProven } from '../../../../session/proof.ts';
import { claiming, newest } from './claiming.ts';
import { attachedDevice, Driver } from './driver.ts';
import { reattached, reject } from './peer.ts';
import { ETH, links, SECOND_MS, WLAN, WWAN } from './setup.ts';

describe('answers', () => {
  test('◆ an answer counts once', () => {
    const driver = claiming();
    const answer = reattached(newest(driver));
    driver.frame(answer, WLAN);
    expect(driver.device.state).toBe('ATTACHED');
    const version = driver.device.stateVersion;
    driver.frame(answer, WLAN);
    expect(driver.device.stateVersion).toBe(version);
    expect(driver.device.counters['answer_ignored']).toBe(1);
  });

  test('◆ the death of the binding closes every claim: a late answer does not bring it back', () => {
    const driver = claiming([ETH, WLAN, WWAN]);
    const old = newest(driver);
    driver.frame(reattached(old), WLAN);
    driver.links(links([WWAN]));
    expect(driver.device.state).toBe('RECOVERING');
    driver.frame(reattached(old), WLAN);
    expect(driver.device.state).toBe('RECOVERING');
    expect(driver.device.activeId).toBeNull();
  });

  test('◆ the death of the binding closes the claim of a plan as well', () => {
    const driver = attachedDevice([WLAN]);
    driver.peer.judge = () => null;
    driver.links(links([WLAN, ETH]));
    driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName: 'eth0' });
    const plan = newest(driver);
    expect(plan.claim.transportId).toBe(ETH);
    driver.feed({ kind: 'sendFailed', atMs: driver.nowMs, transportId: WLAN, error: 'x' });
    driver.frame(reattached(plan), ETH);
    expect(driver.device.state).toBe('RECOVERING');
    expect(newest(driver).claim.stateVersion).toBeGreaterThan(plan.claim.stateVersion);
  });

  test('an answer to a superseded claim counts for nothing', () => {
    const driver = claiming([ETH, WLAN, WWAN]);
    const first = newest(driver);
    driver.run(5 * SECOND_MS, () => newest(driver).claim.transportId === WWAN);
    driver.frame(reattached(first), WLAN);
    expect(driver.device.state).toBe('RECOVERING');
  });

  test('◆ a late refusal of an old claim changes nothing', () => {
    const driver = claiming([ETH, WLAN, WWAN]);
    const first = newest(driver);
    driver.run(5 * SECOND_MS, () => newest(driver).claim.transportId === WWAN);
    const before = driver.device;
    driver.frame(reject(first, 'bad_proof', { isFatal: true }), WLAN);
    expect(driver.device.state).toBe('RECOVERING');
    expect(driver.device.claim).toEqual(before.claim);
    expect(driver.device.stateVersion).toBe(before.stateVersion);
  });

  test('a refusal that differs in the nonce alone is of another process', () => {
    const driver = claiming();
    const frame = newest(driver);
    const claim = { ...frame.claim, nonce: '00'.repeat(8) };
    driver.frame(reject({ ...frame, claim }, 'bad_proof', { isFatal: true }), WLAN);
    expect(driver.device.state).toBe('RECOVERING');
  });

  test('a repeat is the very same claim; another transport gets a new one above it', () => {
    const driver = claiming([ETH, WLAN, WWAN]);
    driver.run(5 * SECOND_MS, () => newest(driver).claim.transportId === WWAN);
    const tuples = new Set(driver.claims.map(({ claim }) => JSON.stringify(claim)));
    expect(driver.claims.length).toBeGreaterThan(3);
    expect(tuples.size).toBe(2);
    expect(newest(driver).claim.stateVersion).toBeGreaterThan(
      driver.claims[0]?.claim.stateVersion ?? 0,
    );
  });

  test('an answer in a channel that was replaced waits for its repeat in the new one', () => {
    const driver = claiming();
    const oldChannelId = driver.device.channel?.channelId ?? 0;
    driver.channelUp(WLAN);
    driver.frame(reattached(newest(driver)), WLAN, oldChannelId);
    expect(driver.device.state).toBe('RECOVERING');
    driver.frame(reattached(newest(driver)), WLAN);
    expect(driver.device.state).toBe('ATTACHED');
  });

  test('renewed keys in REATTACHED are durable before data flows', () => {
    const driver = claiming();
    driver.flashDelayMs = 300;
    const renewed = {
      secret: new Uint8Array(32).fill(77),
      memoryKey: new Uint8Array(32).fill(78),
    };
    driver.frame({ ...reattached(newest(driver)), renewed }, WLAN);
    expect(driver.device.state).toBe('RECOVERING');
    driver.run(299);
    expect(driver.device.state).toBe('RECOVERING');
    driver.until('ATTACHED', 10);
    expect(driver.flash?.secret).toEqual(renewed.secret);
    expect(driver.device.memoryKey).toEqual(renewed.memoryKey);
  });

  test('granted while its link vanished, the binding is dead on arrival', () => {
    const driver = new Driver();
    driver.boot();
    driver.links(links([ETH]));
    driver.run(10);
    driver.flashDelayMs = 500;
    driver.run(200, () => driver.device.granted !== null);
    driver.links([]);
    driver.run(600);
    expect(driver.moves).toEqual([
      'BIRTH attach_accepted ATTACHED',
      'ATTACHED carrier_lost RECOVERING',
    ]);
  });
});

describe('proofs', () => {
  test('◆ REATTACH proves the memory key, in the channel it is sent in', () => {
    const driver = claiming();
    const frame = newest(driver);
    const { memoryKey, channel } = driver.device;
    const hash = channel?.handshakeHash ?? new Uint8Array(0);
    const what = claimBytes(frame.claim);
    expect(frame.type).toBe('reattach');
    expect(isProven('reattach', memoryKey, hash, what, frame.proof)).toBe(true);
  });

  test('◆ a restarted process has no memory key: its ATTACH proves the secret on flash', () => {
    const driver = attachedDevice();
    const secret = driver.flash?.secret ?? null;
    driver.kill();
    driver.forget();
    driver.peer.judge = () => null;
    driver.boot(driver.remembered);
    driver.links(links([ETH]));
    driver.run(100);
    const frame = newest(driver);
    const hash = driver.device.channel?.handshakeHash ?? new Uint8Array(0);
    expect(frame.type).toBe('attach');
    expect(driver.device.memoryKey).toBeNull();
    expect(isProven('attach', secret, hash, claimBytes(frame.claim), frame.proof)).toBe(true);
  });

  test('◆ each ATTACH rotates the secret', () => {
    const driver = attachedDevice();
    const { secret, memoryKey } = driver.device;
    driver.kill();
    driver.boot(driver.remembered);
    driver.links(links([ETH]));
    driver.until('ATTACHED', SECOND_MS);
    expect(driver.device.secret).not.toEqual(secret);
    expect(driver.device.memoryKey).not.toEqual(memoryKey);
    expect(driver.flash?.secret).toEqual(driver.device.secret);
  });
});
