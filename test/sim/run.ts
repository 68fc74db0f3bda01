/**
 * One scenario: chaos in which only safety is checked, then everything heals, then everybody must be back.
 *
 * Scenario and commit replay a run bit for bit.
 *
 * @module
 */
import { judgeExactness } from './checkers/exactness.ts';
import { inflict } from './inflict.ts';
import { livenessEndMs, missing } from './liveness.ts';
import { Abort } from './observer.ts';
import type { Outcome } from './outcome.ts';
import type { Scenario } from './scenario.ts';
import { Simulation } from './simulation.ts';
import { Trace } from './trace.ts';
import { Beats } from './traffic/beats.ts';
import { Stuck } from './world.ts';

export interface Extra {
  /** Keep every line of the trace, not only the newest. */
  readonly trace?: boolean;
}

const SWEEP_MS = 500;
const LOOK_MS = 1_000;
/** All hubs run by then. */
const SETTLE_MS = 2_000;
/** So long everything has to stay well. */
const SETTLED_LOOKS = 3;

export function run(scenario: Scenario, { trace: isWhole = false }: Extra = {}): Outcome {
  const trace = new Trace(isWhole);
  const simulation = new Simulation(scenario, trace);
  const { world, observer } = simulation;
  let backAfterMs: number | null = null;
  try {
    const beats = new Beats(simulation);
    begin(simulation);
    world.runUntil(world.nowMs + scenario.options.chaosMs);
    const chaosEndMs = world.nowMs;
    heal(simulation);
    backAfterMs = awaitAll(simulation, beats);
    if (scenario.options.losesNothing === true) judgeExactness(simulation, chaosEndMs);
  } catch (error) {
    if (error instanceof Stuck) observer.report('spin', 'happenings', error.message);
    else if (!(error instanceof Abort)) {
      const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
      observer.report('crash', 'simulator', words);
    }
  }
  countMoments(simulation);
  return {
    scenario,
    violations: observer.violations,
    simulatedMs: world.nowMs,
    events: world.happenings,
    commits: observer.commits,
    delivered: simulation.applications.delivered,
    backAfterMs,
    coverage: observer.seen,
    moves: observer.moves.moves,
    hash: trace.hash.hex,
    trace: trace.lines,
  };
}

/** What happened besides: at the store, in flash, and what the processes that still run counted. */
function countMoments({ observer, store, devices, hubs }: Simulation): void {
  const { seen } = observer;
  for (const [what, count] of store.moments) seen.moment(what, count);
  for (const { flash, process } of devices) {
    seen.moment('flash torn', flash.tornCount);
    const refused = Object.entries(process.status()?.packets.refused ?? {});
    for (const [code, count] of refused) seen.moment(`device counts ${code}`, count);
  }
  for (const { process } of hubs) {
    const counters = Object.entries(process.status()?.counters ?? {});
    for (const [code, count] of counters) seen.moment(`hub counts ${code}`, count);
  }
}

function begin(simulation: Simulation): void {
  const { world, scenario, observer } = simulation;
  for (const { machine } of simulation.hubs) machine.boot();
  for (const { machine } of simulation.devices) machine.boot();
  for (const fault of scenario.faults) {
    world.after(fault.atMs, () => {
      if (!inflict(simulation, fault)) return;
      observer.seen.fault(fault.kind);
      if (fault.kind === 'link') observer.seen.link(fault.change);
      const { atMs: _, ...what } = fault;
      simulation.observer.note('world', JSON.stringify(what));
    });
  }
  const sweep = () => {
    simulation.sweep();
    world.after(SWEEP_MS, sweep);
  };
  sweep();
}

/** Everything works from here on, and everybody who is down comes back. */
function heal(simulation: Simulation): void {
  const { store, hubs, devices } = simulation;
  simulation.observer.note('world', 'everything heals');
  simulation.world.after(SETTLE_MS, () => {
    for (const device of simulation.revoked) simulation.revoke(device);
  });
  store.heal();
  for (const hub of hubs) {
    hub.isCut = false;
    hub.machine.heal();
  }
  for (const device of devices) {
    device.changeFlash({ writes: 'work', writeMs: Math.min(device.flash.writeMs, 50) });
    device.broker.isUp = true;
    device.machine.heal();
    device.healLinks();
  }
}

/** Returns when everybody was back, counted from now, and null where somebody was not in time. */
function awaitAll(simulation: Simulation, beats: Beats): number | null {
  const { world, observer } = simulation;
  const beganAtMs = world.nowMs;
  beats.becomeSteady();
  let looks = 0;
  let absent: readonly string[] = [];
  /** Of the newest look that was not well. */
  let last: readonly string[] = [];
  let backAtMs = beganAtMs;
  while (looks < SETTLED_LOOKS && world.nowMs < livenessEndMs(simulation, beganAtMs)) {
    world.runUntil(world.nowMs + LOOK_MS);
    absent = missing(simulation, beats);
    if (looks === 0) backAtMs = world.nowMs;
    looks = absent.length === 0 ? looks + 1 : 0;
    if (absent.length > 0) last = absent;
  }
  const tookMs = backAtMs - beganAtMs;
  const tookS = Math.ceil(tookMs / 1_000);
  observer.seen.moment(
    tookS <= 15 ? 'back within 15 s' : tookS <= 60 ? 'back within 60 s' : 'back later',
  );
  if (looks >= SETTLED_LOOKS) return tookMs;
  const boundS = Math.ceil((world.nowMs - beganAtMs) / 1_000);
  const settled = absent.length === 0 ? `well in the last ${looks} looks only, before that ` : '';
  for (const sentence of last) {
    observer.report('liveness', 'everybodyBack', `after ${boundS} s ${settled}${sentence}`);
  }
  return null;
}
