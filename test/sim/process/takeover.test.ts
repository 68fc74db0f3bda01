/**
 * Goal: with two hubs on one store a device whose hub has lost its lease goes on at the other one, with
 * the same session, and the first one serves nothing from the end of its lease on.
 */
import { expect, test } from 'bun:test';
import { fastPrimitives } from './primitives.ts';
import { DEVICE_INNER, HUB_INNER, packet, Rig } from './rig.ts';

test('a hub that cannot renew its lease stops serving when it ends', () => {
  const rig = new Rig(fastPrimitives, 2);
  rig.boot();
  expect(rig.runUntil(() => rig.isAttached, 20_000)).toBe(true);
  const [owner] = rig.hubs.filter((hub) => hub.seat(rig.deviceKey)?.route !== null);
  expect(owner?.seat(rig.deviceKey)?.isLeaseValid).toBe(true);
  rig.cutFromStore(owner!);
  expect(rig.runUntil(() => owner!.seat(rig.deviceKey)!.isLeaseValid === false, 6_000)).toBe(true);
  expect(owner?.seat(rig.deviceKey)).toMatchObject({ route: null, accept: [], isOwner: false });
  expect(rig.violations).toEqual([]);
});

test('a crashed hub is taken over from by the other one, with the same session', () => {
  const rig = new Rig(fastPrimitives, 2);
  rig.boot();
  expect(rig.runUntil(() => rig.isAttached, 20_000)).toBe(true);
  const sessionId = rig.agent.device?.sessionId;
  const owner = rig.hubs.find((hub) => hub.name === rig.records.read(rig.deviceKey)?.owner)!;
  const epoch = rig.records.read(rig.deviceKey)!.ownerEpoch;
  owner.crash();
  const isMoved = () => rig.isAttached && rig.records.read(rig.deviceKey)?.owner !== owner.name;
  expect(rig.runUntil(isMoved, 60_000)).toBe(true);
  expect(rig.agent.device?.sessionId).toBe(sessionId!);
  expect(rig.records.read(rig.deviceKey)!.ownerEpoch).toBeGreaterThan(epoch);
  expect(rig.violations).toEqual([]);
});

test('a hub that slept past its lease forwards nothing of what waited for it', () => {
  const rig = new Rig(fastPrimitives, 2);
  rig.boot();
  expect(rig.runUntil(() => rig.isAttached, 20_000)).toBe(true);
  const at = rig.hubs.findIndex((hub) => hub.seat(rig.deviceKey)?.route !== null);
  const [owner, tun] = [rig.hubs[at]!, rig.hubTuns[at]!];
  rig.hubs[1 - at]!.crash(); // nobody asks for a release meanwhile
  // Awake it delivers; asleep for less than its lease it delivers late.
  for (const [sleptMs, delivered] of [
    [0, 1],
    [2_000, 1],
    [6_000, 0],
  ] as const) {
    expect(rig.runUntil(() => rig.isAttached, 20_000)).toBe(true);
    rig.suspend(owner);
    rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, 1));
    rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, 2));
    rig.run(Math.max(50, sleptMs));
    expect(tun.takeDelivered()).toEqual([]);
    rig.resume(owner);
    const marks = tun.takeDelivered().map((bytes) => bytes[20]);
    expect([sleptMs, marks]).toEqual([sleptMs, delivered === 1 ? [1, 2] : []]);
    rig.run(200);
    expect(rig.violations).toEqual([]);
  }
});
