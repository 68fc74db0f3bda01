/**
 * What a crash may leave, and what it has left: what was said before it holds, what was on its way does or does not, nothing else.
 *
 * @module
 */
import type { Random } from '../../sim/random.ts';
import type { Act } from './act.ts';
import type { Device } from './device.ts';
import { trustOf } from './probe.ts';
import type { Trust } from './trust.ts';
import { emergencyOn, recordOn, wrongEmergency } from './verdict.ts';
import type { Emergency, World } from './world.ts';

export interface MayBe {
  /** Versions of the confirmed policy. */
  readonly confirmed: readonly number[];
  readonly emergencies: readonly (Emergency | null)[];
  readonly trusts: readonly Trust[];
  readonly learnedS: readonly number[];
}

/**
 * @param world what was true before `act`, and what was said to be confirmed since.
 * @param device that was cut, null: in its start.
 */
export function mayBe(world: World, act: Act, device: Device | null): MayBe {
  const { confirmed, emergency, trust, learnedS } = world;
  const none = {
    ...{ confirmed: [confirmed], emergencies: [emergency] },
    ...{ trusts: [trust], learnedS: [learnedS] },
  };
  if (device === null) return none;
  const isAsked = act.emergency !== undefined;
  const isSaid = isTaken(device, act);
  return {
    confirmed: [confirmed, ...device.proven].filter((version) => version >= confirmed),
    emergencies: [emergency, ...(isAsked ? [act.emergency ?? null] : [])],
    trusts: isSaid ? [act.trust] : [trust, act.trust],
    learnedS: isSaid ? [act.learnedS] : [learnedS, act.learnedS],
  };
}

/** The device has said that the first document of this is on flash. */
export function isTaken({ saidSince }: Device, { emergency }: Act): boolean {
  const codes = ['policy_on_trial', 'emergency_began', 'command_taken', 'signer_rotated'];
  // One that was there before may end by itself.
  return [...codes, ...(emergency === null ? ['emergency_ended'] : [])].some((code) =>
    saidSince.includes(code),
  );
}

/** What is wrong with what `next` holds behind its start; `world` is then as it is. */
export function heldBehind(world: World, next: Device, may: MayBe): readonly string[] {
  const { version } = next.push.confirmed;
  const inForce = next.push.policy.version;
  const record = recordOn(world);
  const sinceS = record?.sinceS ?? 0;
  // Of one that is over nobody says whether the flash still has it.
  const kept = emergencyOn(record);
  const isSent = may.emergencies.some((one) => (one?.version ?? null) === kept);
  world.confirmed = version;
  world.rememberedVersion = Math.max(world.rememberedVersion, version);
  world.learnedS = sinceS;
  world.emergency = may.emergencies.find((one) => one?.version === kept) ?? null;
  const confirmed = may.confirmed.join(' or ');
  return [
    ...(may.confirmed.includes(version)
      ? []
      : [`${version} is confirmed, and should be ${confirmed}`]),
    ...(inForce === version ? [] : [`follows ${inForce} at a start, ${version} is confirmed`]),
    ...(may.learnedS.includes(sinceS) ? [] : [`believes that it is ${sinceS} s, from nobody`]),
    ...(isSent ? [] : [`emergency ${kept} is on flash, and was not sent`]),
    ...wrongEmergency(next, [world.holds(world.emergency)]),
  ];
}

/** What is wrong with whom it trusts; `world` is then as it is. Where nothing could change that it is asked now and then: each answer takes a signature. */
export async function trustedBehind(
  world: World,
  next: Device,
  { trusts }: MayBe,
  random: Random,
): Promise<readonly string[]> {
  if (trusts.every((trust) => trust === world.trust) && !random.chance(20)) return [];
  const found = await trustOf(next, trusts);
  const isWrong = typeof found === 'string';
  world.trust = isWrong ? trusts[0]! : found;
  return isWrong ? [found] : [];
}
