/**
 * An agent and a hub under a shipped profile, every link metered and nothing to say: what the tests of silence and of
 * restarts begin with.
 *
 * @module
 */
import { expect } from 'bun:test';
import { loadPolicyText } from '../../../policies/load.ts';
import { PROFILES, type ProfileName } from '../../../policies/profiles.ts';
import type { Policy } from '../../../policies/schema.ts';
import { fastPrimitives } from './primitives.ts';
import { DEVICE_INNER, HUB_INNER, packet, Rig } from './rig.ts';

export const START_MS = 30_000;

/** The profile, with its cheap links metered as well. */
export function metered(name: ProfileName): Policy {
  const loaded = loadPolicyText(PROFILES[name], Bun.TOML.parse);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const { ethernet, wifi } = loaded.policy.links;
  const costClass = 'metered' as const;
  const links = { ethernet: { ...ethernet!, costClass }, wifi: { ...wifi!, costClass } };
  return { ...loaded.policy, links: { ...loaded.policy.links, ...links } };
}

export const sessionOf = (rig: Rig) => rig.hub.seat(rig.deviceKey)?.record?.sessionId ?? null;
export const ended = (rig: Rig) => rig.audit.filter(({ to }) => to === 'TERMINATED');

/** Over eth0, with nothing to say for a minute; the hub with a policy of its own, or the default. */
export function idle(name: ProfileName, hub: Policy | null, hasStandby: boolean): Rig {
  const rig = new Rig(fastPrimitives);
  rig.devicePolicy = metered(name);
  rig.hubPolicy = hub;
  rig.boot();
  expect(rig.runUntil(() => rig.isAttached, START_MS)).toBe(true);
  rig.setCarrier('wlan0', hasStandby);
  rig.run(60_000);
  expect([rig.isAttached, rig.agent.status()?.binding?.split('→')[0]]).toEqual([true, 'eth0']);
  return rig;
}

/** A packet each way comes out. */
export function expectBothWays(rig: Rig): void {
  for (const tun of [rig.hubTun, rig.agentTun]) tun.takeDelivered();
  rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, 1));
  rig.fromHub(packet(HUB_INNER, DEVICE_INNER, 2));
  rig.run(1_000);
  const marks = [rig.hubTun, rig.agentTun].map((tun) => tun.takeDelivered().map((one) => one[20]));
  expect(marks).toEqual([[1], [2]]);
}
