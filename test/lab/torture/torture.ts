/**
 * Pushes to a device whose power goes at every step of each of them.
 *
 * Each push is done once for each of its steps, from the same flash: the power goes there, the device starts on what the flash has and is
 * looked at, and so is what becomes of old documents that are shown to it. The device then goes on from one of these ends, or from the
 * one that nothing interrupted. A start may be cut short as well, and of two whole slots one may rot.
 *
 * @module
 */

import { reopenDocument } from '../../../policies/signed/open.ts';
import { decodePushRecord } from '../../../policies/signed/record.ts';
import { isRefused } from '../../../policies/signed/refusal.ts';
import { PowerCut } from '../../sim/machine/powerCut.ts';
import { Random } from '../../sim/random.ts';
import { type Act, Acts, KINDS } from './acts.ts';
import { Device, NOTHING } from './device.ts';
import { Figures } from './figures.ts';
import { World } from './world.ts';

/** Longer than the window of a policy on trial: 120 s where nothing else is said. */
const WINDOW_MS = 121_000;
/** More steps than any push has; a device that never comes to an end is no device. */
const STEPS_MAX = 500;
/** Old documents that are shown to a device after each start. */
const SHOWN = 2;
/** What is wrong is said so often, then it ends. */
const VIOLATIONS_MAX = 5;

export interface Wish {
  readonly pushes: number;
  /** 0…2^32−1. */
  readonly seed: number;
}

/** @param onPush after each of them. */
export async function torture(wish: Wish, onPush: (done: number) => void): Promise<Figures> {
  const random = new Random(wish.seed);
  const acts = new Acts(random);
  const figures = new Figures();
  let world = new World(random);
  for (let push = 1; push <= wish.pushes; push++) {
    // Each kind comes, however few there are.
    const kind = KINDS[push <= KINDS.length ? push - 1 : random.below(KINDS.length)]!;
    const act = acts.make(kind, world);
    const where = `push ${push} (${act.kind})`;
    const whole = world.copy();
    figures.violate(where, await uninterrupted(whole, act, figures));
    figures.pushes += 1;
    let goesOn = whole;
    for (let step = 1; step <= STEPS_MAX; step++) {
      const cut = world.copy();
      cut.steps.blowAfter(step);
      const end = await interrupted(cut, act, random, figures);
      if (end === null) break;
      figures.violate(`${where}, cut ${cut.steps.cutAt}`, end.violations);
      if (random.chance(10)) goesOn = end.world;
      if (step === STEPS_MAX) figures.violate(where, ['it has no end']);
    }
    world = goesOn;
    onPush(push);
    if (figures.violations.length >= VIOLATIONS_MAX) break;
  }
  return figures;
}

/** What is wrong with a push that nothing interrupts; `world` is as it leaves it. */
async function uninterrupted(world: World, act: Act, figures: Figures): Promise<readonly string[]> {
  const before = world.emergency;
  const device = new Device(world);
  const said = new Map(Object.entries(device.push.reported().counters));
  await perform(device, world, act);
  device.push.stop();
  world.emergency = act.emergency === undefined ? before : act.emergency;
  const isOver = world.emergency !== null && world.nowS >= world.emergency.expiresS;
  if (isOver) world.emergency = null;
  const codes = Object.entries(device.push.reported().counters).flatMap(([code, count]) =>
    Array<string>(count - (said.get(code) ?? 0)).fill(code),
  );
  figures.count(codes);
  const expected = isOver ? [...act.expected, ['emergency_ended']] : act.expected;
  const confirmed = act.confirms ?? world.confirmed;
  return [
    ...device.violations,
    ...unexpected(codes, expected),
    ...(device.push.confirmed.version === confirmed
      ? []
      : [`${device.push.confirmed.version} is confirmed, and should be ${confirmed}`]),
    ...wrongEmergency(device, [world.emergency?.version ?? null]),
  ];
}

interface End {
  readonly world: World;
  readonly violations: readonly string[];
}

/** Null: there is no such step any more. */
async function interrupted(
  world: World,
  act: Act,
  random: Random,
  figures: Figures,
): Promise<End | null> {
  const { confirmed, emergency } = world;
  let device: Device | null = null;
  try {
    device = new Device(world);
    await perform(device, world, act);
    device.push.stop();
    return null;
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
  }
  device?.push.stop();
  figures.cut(world.steps.cutAt);
  world.flash.cut();
  const wasTaken = device !== null && isTaken(device, act);
  if (wasTaken) for (const delivery of act.deliveries.slice(0, 1)) world.take(delivery);
  // What was written and not said may hold, or not; what was said holds.
  const mayHold = [world.confirmed, ...(device?.proven ?? [])].filter(
    (version) => version >= world.confirmed,
  );
  const isAsked = act.emergency !== undefined && device !== null;
  const emergencies = [emergency, ...(isAsked ? [act.emergency ?? null] : [])];
  world.atMs += random.chance(20) ? random.below(600_000) : 0;
  const violations = [...(device?.violations ?? [])];
  const next = await start(world, random, figures);
  if (typeof next === 'string') return { world, violations: [...violations, next] };
  const { version } = next.push.confirmed;
  const held = [...emergencies].filter((one) => one === null || one.expiresS > world.nowS);
  const inForce = next.push.policy.version;
  violations.push(
    ...(mayHold.includes(version) ? [] : [`${version} is confirmed, ${confirmed} was before`]),
    ...(inForce === version ? [] : [`follows ${inForce} at a start, ${version} is confirmed`]),
    ...wrongEmergency(next, [
      ...held.map((one) => one?.version ?? null),
      ...(held.length < emergencies.length ? [null] : []),
    ]),
  );
  if (version > confirmed) figures.confirmedBehind += 1;
  else if (next.said.includes('policy_rolled_back')) figures.rolledBackBehind += 1;
  world.confirmed = version;
  world.rememberedVersion = Math.max(world.rememberedVersion, version);
  const ofNow = next.push.reported().emergency;
  world.emergency = held.find((one) => one?.version === ofNow) ?? null;
  for (const delivery of world.taken.slice(-SHOWN)) {
    await next.take(delivery);
    // Were it taken, it would hold.
    next.prove();
  }
  violations.push(...next.violations);
  if (next.push.confirmed.version !== version) {
    violations.push(`${next.push.confirmed.version} is confirmed by what was shown once more`);
  }
  next.push.stop();
  return { world, violations };
}

/** On what the flash has; a sentence: it does not. */
async function start(world: World, random: Random, figures: Figures): Promise<Device | string> {
  const isWhole = ([0, 1] as const).every((slot) => {
    const bytes = world.flash.readBack(slot);
    return bytes !== null && decodePushRecord(bytes) !== null;
  });
  if (isWhole && random.chance(10)) {
    figures.rotten += 1;
    world.flash.rot(random.chance(50) ? 1 : 0);
  }
  for (const isCut of [random.chance(20), false]) {
    world.steps.reset();
    if (isCut) world.steps.blowAfter(random.between(1, 12));
    try {
      const device = new Device(world);
      world.steps.defuse();
      const { version } = device.push.policy;
      if (device.said.includes('push_state_lost')) return 'what was pushed is lost';
      if (version < world.rememberedVersion) return `does not start with ${version}`;
      device.allowed = NOTHING;
      const wrong = device.wrongWith(device.push.policy);
      if (wrong !== null) device.violations.push(wrong);
      const unreadable = unreadableOn(world);
      if (unreadable !== null) device.violations.push(unreadable);
      return device;
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      figures.cut(`a start: ${world.steps.cutAt}`);
      world.flash.cut();
    }
  }
  return 'does not start';
}

/** What a start leaves: two whole slots with a policy that can be read; one that was never written: no save succeeded yet. */
function unreadableOn({ flash }: World): string | null {
  const held = ([0, 1] as const).map((slot) => flash.readBack(slot));
  if (held.includes(null)) return null;
  for (const [slot, bytes = null] of held.entries()) {
    const record = bytes === null ? null : (decodePushRecord(bytes)?.record ?? null);
    if (bytes !== null && record === null) return `its start leaves slot ${slot} unreadable`;
    const document = record?.confirmed == null ? null : reopenDocument(record.confirmed);
    if (document !== null && isRefused(document)) return `slot ${slot}: ${document.refused}`;
  }
  return null;
}

/** The device has said that the first document of this is on flash. */
function isTaken({ said }: Device, { emergency }: Act): boolean {
  // One that was there before may end by itself.
  const codes = ['policy_on_trial', 'emergency_began', 'command_taken'];
  return [...codes, ...(emergency === null ? ['emergency_ended'] : [])].some((code) =>
    said.includes(code),
  );
}

async function perform(device: Device, world: World, act: Act): Promise<void> {
  device.allowed = act.allowed;
  const { deliveries, proof, isApart = false } = act;
  const settle = () => {
    // One that had to wait for the trial of another is tried as soon as that is over.
    if (proof === 'holds') for (const _ of deliveries) device.prove();
    world.atMs += WINDOW_MS;
    if (proof === 'late') device.proveLate();
    device.look();
  };
  for (const delivery of deliveries) {
    await device.take(delivery);
    if (delivery === deliveries[0] && isTaken(device, act)) world.take(delivery);
    if (isApart) settle();
  }
  if (!isApart) settle();
}

function unexpected(codes: readonly string[], expected: Act['expected']): readonly string[] {
  const left = [...codes];
  // What must be there before what may be.
  const missing = expected
    .toSorted((a, b) => a.length - b.length)
    .filter((one) => {
      const at = left.findIndex((code) => one.includes(code));
      if (at >= 0) left.splice(at, 1);
      return at < 0 && !one.includes('');
    });
  return [
    ...missing.map((one) => `does not say ${one.join(' or ')}`),
    ...left.map((code) => `says ${code}, for no reason`),
  ];
}

function wrongEmergency(device: Device, may: readonly (number | null)[]): readonly string[] {
  const { emergency } = device.push.reported();
  if (may.includes(emergency)) return [];
  const words = (version: number | null) => (version === null ? 'none' : `${version}`);
  return [`emergency ${words(emergency)} holds, and should be ${may.map(words).join(' or ')}`];
}
