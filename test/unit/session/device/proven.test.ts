import { describe, expect, test } from 'bun:test';
import { transportOf } from '../../../../session/device/state.ts';
import type { Liveness } from '../../../../session/liveness/liveness.ts';
import type { Reattached } from '../../../../session/wire/frames.ts';
import { claiming, newest } from './claiming.ts';
import type { Driver } from './driver.ts';
import { ETH, SECOND_MS, WLAN, WWAN } from './setup.ts';

/** More misses in a row than chance explains on a good link. */
const MISSES = 5;

function livenessOf(driver: Driver, transportId: number): Liveness {
  const transport = transportOf(driver.device, transportId);
  if (transport === null) throw new Error('the transport is there');
  return transport.liveness;
}

/** From now on the hub answers no probe, like one that was restarted and has lost our keys. */
function mute(driver: Driver): () => void {
  const answer = driver.peer.answer.bind(driver.peer);
  driver.peer.answer = (frame, ...where) =>
    frame.type === 'probe' ? null : answer(frame, ...where);
  return () => {
    driver.peer.answer = answer;
  };
}

/** Getting back over WLAN, whose probes were missed until enough of them were for a verdict. */
function missing(present: readonly number[] = [ETH, WLAN]): [Driver, () => void] {
  const driver = claiming(present);
  const speak = mute(driver);
  driver.run(20 * SECOND_MS, () => livenessOf(driver, WLAN).missedInRow >= MISSES);
  expect(livenessOf(driver, WLAN).missedInRow).toBe(MISSES);
  const isReady = () =>
    livenessOf(driver, WLAN).outstanding.length > 0 &&
    driver.device.claim?.claim.transportId === WLAN;
  expect(driver.run(20 * SECOND_MS, isReady)).toBe(true);
  return [driver, speak];
}

/** The hub says yes to the newest claim, and the answer comes in over `transportId`. */
function answered(driver: Driver, transportId: number, renewed: Reattached['renewed'] = null) {
  const answer = driver.peer.commit(newest(driver), driver.device.channel?.channelId ?? 0);
  if (answer.type !== 'reattached') throw new Error(`the claim was answered by ${answer.type}`);
  driver.forget();
  driver.frame({ ...answer, renewed }, transportId);
}

describe('an answer over the claimed transport proves it both ways', () => {
  test('◆ what was missed before is no evidence against the new binding', () => {
    const [driver, speak] = missing();
    speak();
    answered(driver, WLAN);
    expect(driver.moves).toEqual(['RECOVERING reattach_accepted ATTACHED']);
    driver.run(10 * SECOND_MS);
    expect(driver.moves).toHaveLength(1);
  });

  test('nor is what was asked before and times out after it', () => {
    const [driver] = missing();
    answered(driver, WLAN);
    const { outstanding, missedInRow } = livenessOf(driver, WLAN);
    expect(missedInRow).toBe(0);
    expect(outstanding.map(({ sentAtMs }) => sentAtMs)).toEqual([driver.nowMs]);
  });

  test('what is missed from then on is: nothing is heard, or only the hub', () => {
    for (const reason of ['heartbeat_timeout', 'one_way_out'] as const) {
      const [driver] = missing();
      answered(driver, WLAN);
      driver.peer.shakesHands = false;
      const atMs = driver.nowMs;
      const heard = () =>
        driver.feed({
          kind: 'traffic',
          atMs: driver.nowMs,
          sentPackets: 0,
          heardOn: [{ transportId: WLAN, atMs: driver.nowMs }],
        });
      if (reason === 'one_way_out') for (let i = 1; i < 100; i++) driver.after(20 * i, heard);
      driver.until('RECOVERING', 5 * SECOND_MS);
      expect(driver.nowMs - atMs).toBeGreaterThan(0);
      // The only link is given up after two seconds, and where data travels its loss is told before that.
      const from = reason === 'one_way_out' ? 'VOLATILE' : 'ATTACHED';
      expect(driver.moves.at(-1)).toBe(`${from} ${reason} RECOVERING`);
    }
  });

  test('an answer that came another way proves neither', () => {
    const [driver] = missing([ETH, WLAN, WWAN]);
    const { missedInRow } = livenessOf(driver, WWAN);
    expect(missedInRow).toBeGreaterThan(0);
    answered(driver, WWAN);
    expect(livenessOf(driver, WWAN).missedInRow).toBe(missedInRow);
    expect(driver.moves[0]).toBe('RECOVERING reattach_accepted ATTACHED');
    expect(driver.moves[1]).toBe('ATTACHED heartbeat_timeout RECOVERING');
  });

  test('keys that are not durable yet prove the moment of the answer, not the wait for flash', () => {
    for (const isMute of [true, false]) {
      const [driver, speak] = missing();
      driver.flashDelayMs = 20 * SECOND_MS;
      const renewed = {
        secret: new Uint8Array(32).fill(77),
        memoryKey: new Uint8Array(32).fill(78),
      };
      if (!isMute) speak();
      answered(driver, WLAN, renewed);
      expect(livenessOf(driver, WLAN).missedInRow).toBe(0);
      driver.run(21 * SECOND_MS);
      expect(driver.moves.slice(0, 2)).toEqual([
        'RECOVERING reattach_accepted ATTACHED',
        ...(isMute ? ['ATTACHED heartbeat_timeout RECOVERING'] : []),
      ]);
    }
  });
});
