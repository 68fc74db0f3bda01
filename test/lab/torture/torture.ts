/**
 * Pushes to a device whose power goes at every step of each of them.
 *
 * Each push is done once for each of its steps, from the same flash: the power goes there, the device starts on what the flash has and is
 * looked at, and so is what becomes of old documents that are shown to it. The device then goes on from one of these ends, or from the
 * one that nothing interrupted. A start may be cut short as well, and of two whole slots one may rot. Clocks are lost and found.
 *
 * @module
 */

import { decodePushRecord } from '../../../policies/signed/record.ts';
import { PowerCut } from '../../sim/machine/powerCut.ts';
import { Random } from '../../sim/random.ts';
import type { Act } from './act.ts';
import { Acts, isLate, KINDS } from './acts.ts';
import { heldBehind, isTaken, mayBe, trustedBehind } from './aftermath.ts';
import { Device, NOTHING } from './device.ts';
import { Figures } from './figures.ts';
import { trustOf } from './probe.ts';
import { unexpected, unreadableOn, wrongEmergency } from './verdict.ts';
import { type WallClock, WINDOW_MS, World } from './world.ts';

/** More steps than any push has; a device that never comes to an end is no device. */
const STEPS_MAX = 500;
/** Old documents that are shown to a device after each start. */
const SHOWN = 2;
/** So many are pushed to one device, then another one takes its place: nothing is left of who was trusted. */
const LIFE_PUSHES = 100;
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
    // Each kind comes, however few there are, and as what it is where nothing else is in its way.
    const isFirst = push <= KINDS.length;
    const kind = KINDS[isFirst ? push - 1 : random.below(KINDS.length)]!;
    if (push % LIFE_PUSHES === 0) world = newWorld(random);
    world.clock = isFirst ? 'right' : clockOf(world, random);
    if (isLate(kind)) world.clock = 'unset';
    const act = acts.make(kind, world);
    if (world.isDark) figures.dark += 1;
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

function newWorld(random: Random): World {
  const world = new World(random);
  if (random.chance(40)) world.clock = 'unset';
  return world;
}

/** At a start: what was lost is found after a while, and one that was set wrong shows only to who has heard what time it is. */
function clockOf({ clock, learnedS }: World, random: Random): WallClock {
  if (clock !== 'right') return random.chance(25) ? 'right' : clock;
  if (!random.chance(6)) return 'right';
  return learnedS > 0 && random.chance(50) ? 'behind' : 'unset';
}

/** What is wrong with a push that nothing interrupts; `world` is as it leaves it. */
async function uninterrupted(world: World, act: Act, figures: Figures): Promise<readonly string[]> {
  const before = world.holds(world.emergency);
  const device = new Device(world);
  const said = new Map(Object.entries(device.push.reported().counters));
  await perform(device, world, act);
  const codes = Object.entries(device.push.reported().counters).flatMap(([code, count]) =>
    Array<string>(count - (said.get(code) ?? 0)).fill(code),
  );
  const trust = await trustOf(device, [act.trust]);
  device.push.stop();
  world.trust = act.trust;
  world.learnedS = act.learnedS;
  if (act.emergency !== undefined) world.emergency = act.emergency;
  const holds = world.holds(world.emergency);
  const isOver = act.emergency === undefined && before !== null && holds === null;
  figures.count(codes);
  const expected = isOver ? [...act.expected, ['emergency_ended']] : act.expected;
  const confirmed = act.confirms ?? world.confirmed;
  return [
    ...device.violations,
    ...unexpected(codes, expected),
    ...(device.push.confirmed.version === confirmed
      ? []
      : [`${device.push.confirmed.version} is confirmed, and should be ${confirmed}`]),
    ...(typeof trust === 'string' ? [trust] : []),
    ...wrongEmergency(device, [holds]),
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
  const { confirmed } = world;
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
  const may = mayBe(world, act, device);
  if (device !== null && isTaken(device, act)) {
    for (const delivery of act.deliveries.slice(0, 1)) world.take(delivery);
  }
  world.atMs += random.chance(20) ? random.below(600_000) : 0;
  world.clock = clockOf(world, random);
  const violations = [...(device?.violations ?? [])];
  const next = await start(world, random, figures);
  if (typeof next === 'string') return { world, violations: [...violations, next] };
  violations.push(...heldBehind(world, next, may));
  const { version } = next.push.confirmed;
  if (version > confirmed) figures.confirmedBehind += 1;
  else if (next.said.includes('policy_rolled_back')) figures.rolledBackBehind += 1;
  for (const delivery of world.taken.slice(-SHOWN)) {
    await next.take(delivery);
    // Were it taken, it would hold.
    next.prove();
  }
  violations.push(...(await trustedBehind(world, next, may, random)), ...next.violations);
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

/** Until all is over that follows from it. @throws PowerCut */
async function perform(device: Device, world: World, act: Act): Promise<void> {
  device.allowed = act.allowed;
  const { deliveries, proof, isApart = false, isClockLate = false } = act;
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
    if (isClockLate) world.clock = 'right';
  }
  if (!isApart) settle();
}
