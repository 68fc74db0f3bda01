/**
 * Whether a document whose signature is right may be taken now.
 *
 * Asked in this order, the first that fails is the reason: target, topic, retained, clock, begin, end, version of its target, version of the
 * policy in force or begin of the newest emergency. What the document says is judged behind that (`body.ts`).
 *
 * ◆ A device that does not know the time. It knows one thing: it is not earlier than the latest `not before` of the documents that
 * it took. What expired before that is refused, and a clock that is behind that is none. Beyond that
 * - policies and emergencies are taken: a device whose clock comes through the tunnel must be able to get the policy that lets the
 *   tunnel work, a version is taken once whatever the time, and what a policy breaks is rolled back. One that was to begin
 *   later begins when it arrives; who publishes it decides when that is.
 * - commands and rotations are refused: a command that was held back on its way acts on a session it was not meant for,
 *   and neither is undone by itself.
 * Nobody is there to say that a document is early, so each may teach such a device a year at most: what one wrong `not before` would
 * make it refuse, it refuses no longer than that.
 *
 * @module
 */
import { type CommandPlace, commandOf } from './body.ts';
import { type Claims, isSameTarget, type Kind, type Target, targetText } from './claims.ts';
import type { PushRecord } from './record.ts';
import { isRefused, type Refused, refuse } from './refusal.ts';

/** Whom a device takes documents for. */
export interface Identity {
  /** Its public key as one level of a topic, and the name it has there, if another. */
  readonly device: readonly string[];
  readonly groups: readonly string[];
  readonly fleet: string;
}

export interface Clock {
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  /** False where the clock is plainly wrong (`clock_unset`). */
  readonly isKnown: boolean;
}

/** 2026-11-01T00:00:00Z: no document is older than their format. */
const FORMAT_SINCE_S = 1_793_491_200;
/** What one document may add to what a device without a clock knows of the time (chosen). */
const LEARNED_MAX_S = 366 * 86_400;

/** The clock that counts: one that is behind what signed documents prove tells nothing. */
export function believed(
  { wallMs, isKnown }: Clock,
  { sinceS }: Pick<PushRecord, 'sinceS'>,
): Clock {
  return { wallMs, isKnown: isKnown && wallMs >= sinceS * 1_000 };
}

export interface Asked {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly isRetained: boolean;
  /** Null: it came where everything but commands comes. */
  readonly place: CommandPlace | null;
  readonly record: PushRecord;
  /** Version of the newest policy that was confirmed or configured (I4), 0 for none: a pushed one has to be above. */
  readonly policyVersionMin: number;
}

/** Null: it may be taken. */
export function refusalOf(claims: Claims, asked: Asked): Refused | null {
  const { kind, target, version, notBeforeS } = claims;
  if (!isMeant(target, asked.identity)) {
    return refuse('wrong_target', `it is for ${targetText(target)}`);
  }
  if (!isInPlace(claims, asked.place)) {
    return refuse('wrong_topic', kind === 'command' ? 'a command has its own' : `it is a ${kind}`);
  }
  // Retained policies are the usual way to reach a device that is away; its version keeps one from being taken twice.
  if (kind === 'command' && asked.isRetained) {
    return refuse('command_retained', `version ${version}`);
  }
  const untimely = timeRefusal(claims, asked);
  if (untimely !== null) return untimely;
  const floor = floorOf(asked.record, kind, target);
  if (version <= floor) {
    return refuse('document_replayed', `version ${version}, and ${floor} was taken`);
  }
  // Not the same one either: with the floors lost, that is all that keeps the newest from being taken twice.
  if (kind === 'policy' && version <= asked.policyVersionMin) {
    const before = asked.policyVersionMin;
    return refuse('document_older', `version ${version}, and ${before} was in force`);
  }
  // Neither is what was tried for another target: it was rolled back, or it would be in force. A rollout sends its canary a document
  // each, and then all of them the same policy.
  const tried = asked.record.floors.find((one) => one.kind === 'policy' && one.version === version);
  if (kind === 'policy' && tried !== undefined) {
    return refuse('document_replayed', `version ${version} was for ${targetText(tried.target)}`);
  }
  // There is one emergency, whatever its target, and versions are of one target each: one that was held back must not end a newer.
  const earlierS = asked.record.emergencySinceS - notBeforeS;
  if (kind === 'emergency' && earlierS > 0) {
    return refuse('document_older', `it begins ${earlierS} s before the newest emergency`);
  }
  return null;
}

/** A command that says nothing sensible is in no wrong place: what it says is judged later. */
function isInPlace(claims: Claims, place: CommandPlace | null): boolean {
  if (claims.kind !== 'command' || place === null)
    return claims.kind !== 'command' && place === null;
  const asked = commandOf(claims);
  return isRefused(asked) || (asked.command.name === place.name && asked.command.id === place.id);
}

function timeRefusal({ kind, notBeforeS, expiresS }: Claims, asked: Asked): Refused | null {
  const { isKnown, wallMs } = believed(asked.clock, asked.record);
  const nowS = isKnown ? Math.floor(wallMs / 1_000) : asked.record.sinceS;
  if (nowS >= expiresS) return refuse('document_expired', `${nowS - expiresS} s ago`);
  if (!isKnown) {
    const waits = kind === 'command' || kind === 'rotation';
    return waits ? refuse('clock_unknown', `it is a ${kind}`) : null;
  }
  return nowS < notBeforeS ? refuse('document_early', `by ${notBeforeS - nowS} s`) : null;
}

/** Whether a document is for this device: by its fleet, and by one of its names or groups where it names one. */
export function isMeant(target: Target, identity: Identity): boolean {
  if (target.level === 'fleet') return target.name === identity.fleet;
  const names = target.level === 'device' ? identity.device : identity.groups;
  return target.fleet === identity.fleet && names.includes(target.name);
}

/** The highest version that was taken of this kind for this target, 0 for none. */
export function floorOf(record: PushRecord, kind: Kind, target: Target): number {
  return record.floors.find((floor) => isOf(floor, kind, target))?.version ?? 0;
}

/** `record` in which this version is used up. What it returns may have one floor more than there is room for. */
export function withFloor(
  record: PushRecord,
  { kind, target, version, notBeforeS }: Claims,
  clock: Clock,
): PushRecord {
  const { floors, sinceS, emergencySinceS } = record;
  const others = floors.filter((floor) => !isOf(floor, kind, target));
  const learnedS = Math.max(sinceS, FORMAT_SINCE_S) + LEARNED_MAX_S;
  const provenS = believed(clock, record).isKnown ? notBeforeS : Math.min(notBeforeS, learnedS);
  return {
    ...record,
    floors: [...others, { kind, target, version }],
    sinceS: Math.max(sinceS, provenS),
    emergencySinceS: kind === 'emergency' ? Math.max(emergencySinceS, provenS) : emergencySinceS,
  };
}

function isOf(floor: PushRecord['floors'][number], kind: Kind, target: Target): boolean {
  return floor.kind === kind && isSameTarget(floor.target, target);
}

/**
 * `record` with at most `countMax` floors, if there are so many of others: those that were not taken for the longest time are forgotten
 * first. A device that is in that group no more refuses what is for it; one that comes back could be sent an old emergency or command within
 * its expiry. Policies are held by I4.
 */
export function withRoom(record: PushRecord, identity: Identity, countMax: number): PushRecord {
  let tooMany = record.floors.length - countMax;
  if (tooMany <= 0) return record;
  const floors = record.floors.filter(({ target }) => {
    if (tooMany === 0 || isMeant(target, identity)) return true;
    tooMany -= 1;
    return false;
  });
  return { ...record, floors };
}
