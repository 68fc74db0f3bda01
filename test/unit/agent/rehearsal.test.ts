/**
 * Goal: rehearsed when a handover would be felt, and not while nobody waits.
 */
import { expect, test } from 'bun:test';
import { Rehearsals } from '../../../agent/rehearsal.ts';
import { FLOW_BEATS } from '../../../session/device/pace.ts';
import { attachedDevice } from '../session/device/driver.ts';
import { ETH, WLAN } from '../session/device/setup.ts';

/** How often the device's transports were read: what a rehearsal cannot do without. */
function watched(trafficBeats: number) {
  const { device, config } = attachedDevice([ETH, WLAN]);
  let reads = 0;
  const seen = new Proxy(
    { ...device, trafficBeats },
    {
      get(target, name, receiver) {
        if (name === 'activeId') reads += 1;
        return Reflect.get(target, name, receiver);
      },
    },
  );
  const rehearsals = new Rehearsals();
  const takes = (hasMoved: boolean, atMs: number) => {
    reads = 0;
    rehearsals.onTime(seen, config, hasMoved, atMs);
    return reads > 0;
  };
  return { rehearsals, takes };
}

test('the first time is a quarter of a second after the binding, whether data flows or not', () => {
  const { rehearsals, takes } = watched(0);
  expect(rehearsals.nextDeadlineMs()).toBeNull();
  expect(takes(true, 0)).toBeFalse();
  rehearsals.onRoute(1_000);
  rehearsals.onRoute(1_100);
  expect(rehearsals.nextDeadlineMs()).toBe(1_250);
  expect(takes(true, 1_249)).toBeFalse();
  expect(takes(false, 1_250)).toBeTrue();
  expect(rehearsals.nextDeadlineMs()).toBeNull();
  rehearsals.onRoute(9_000);
  expect(rehearsals.nextDeadlineMs()).toBeNull();
  expect(takes(true, 20_000)).toBeFalse();
});

test('then four times a second while data flows, and not behind it', () => {
  const { rehearsals, takes } = watched(FLOW_BEATS);
  rehearsals.onRoute(0);
  const times: number[] = [];
  for (let atMs = 0; atMs < 2_000; atMs += 10) if (takes(atMs < 1_000, atMs)) times.push(atMs);
  expect(times).toEqual([250, 500, 750]);
});
