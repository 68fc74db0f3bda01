/**
 * Draws which faults happen when. Each kind draws from a stream of its own.
 *
 * @module
 */
import type { Fault, FaultBody, FlashFate, Machine } from '../fault.ts';
import { type Options, POLICY_VARIANTS } from '../options.ts';
import type { Random } from '../random.ts';
import { drawLinkFaults } from './links.ts';
import { doubleCrashes, flaps, hastySwitches, races, unheardEnds } from './races.ts';

/** Nothing before this: the first session has a chance to be born. */
export const CHAOS_BEGINS_MS = 2_000;

export interface Draw {
  readonly random: Random;
  readonly options: Options;
  at(atMs: number, body: FaultBody): void;
  /** A moment of the chaos. */
  sometime(): number;
}

type Drawer = (draw: Draw) => void;

/** Per kind: how many seeds of a hundred have it, and what it is like there. */
const KINDS: readonly (readonly [name: string, percent: number, draw: Drawer])[] = [
  ['deviceCrash', 45, deviceCrashes],
  ['hubCrash', 40, hubCrashes],
  ['flash', 30, flashFaults],
  ['wallStep', 25, wallSteps],
  ['drift', 15, drifts],
  ['suspend', 20, suspends],
  ['store', 40, storeFaults],
  ['storePartition', 25, storePartitions],
  ['hubUplink', 20, hubUplinks],
  ['clone', 15, clones],
  ['operatorTerminate', 15, terminations],
  ['sigterm', 15, stops],
  ['switchRequest', 20, switchRequests],
  ['revoke', 4, revocations],
  ['policy', 25, policies],
  ['broker', 30, brokers],
  ['intruder', 15, intruders],
  ['race', 30, races],
  ['doubleCrash', 12, doubleCrashes],
  ['unheardEnd', 12, unheardEnds],
  ['hastySwitch', 15, hastySwitches],
  ['flap', 15, flaps],
];

export function drawFaults(random: Random, options: Options): Fault[] {
  const faults: Fault[] = [];
  const drawOf = (own: Random): Draw => ({
    random: own,
    options,
    at: (atMs, body) => {
      if (atMs <= options.chaosMs) faults.push({ atMs: Math.round(atMs), ...body });
    },
    sometime: () => own.between(CHAOS_BEGINS_MS, options.chaosMs),
  });
  drawLinkFaults(drawOf(random.fork('links')));
  for (const [name, percent, draw] of KINDS) {
    const own = random.fork(name);
    if (own.chance(percent)) draw(drawOf(own));
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}

export const device = ({ random, options }: Draw) => random.below(options.devices.length);
const hub = ({ random, options }: Draw) => random.below(options.hubs.length);

function machine(draw: Draw): Machine {
  const isHub = draw.random.chance(40);
  return isHub ? { role: 'hub', index: hub(draw) } : { role: 'device', index: device(draw) };
}

export function times(draw: Draw, most: number, once: () => void): void {
  for (let left = draw.random.between(1, most); left > 0; left--) once();
}

/** Mostly at some boundary between two effects, sometimes between two events. */
const afterCalls = ({ random }: Draw) => (random.chance(30) ? 0 : random.between(1, 60));

const FLASH_FATES: readonly FlashFate[] = [
  'keep',
  'keep',
  'keep',
  'torn',
  'torn',
  'torn',
  'rotOne',
  'rotOne',
  'rotBoth',
  'wiped',
];

function deviceCrashes(draw: Draw): void {
  const { random } = draw;
  times(draw, 4, () => {
    const downMs = random.chance(80) ? random.below(4_000) : random.between(4_000, 60_000);
    draw.at(draw.sometime(), {
      kind: 'deviceCrash',
      device: device(draw),
      flash: random.pick(FLASH_FATES),
      downMs,
      afterCalls: afterCalls(draw),
    });
  });
}

function hubCrashes(draw: Draw): void {
  const { random } = draw;
  times(draw, 3, () => {
    const downMs = random.chance(80) ? random.below(3_000) : random.between(3_000, 40_000);
    draw.at(draw.sometime(), {
      kind: 'hubCrash',
      hub: hub(draw),
      downMs,
      afterCalls: afterCalls(draw),
    });
  });
}

function flashFaults(draw: Draw): void {
  const { random } = draw;
  const modes = ['failUnwritten', 'failWritten', 'full'] as const;
  times(draw, 3, () => {
    const atMs = draw.sometime();
    const of = { kind: 'flash', device: device(draw) } as const;
    if (random.chance(30)) draw.at(atMs, { ...of, change: { writeMs: random.between(50, 3_000) } });
    else {
      draw.at(atMs, { ...of, change: { writes: random.pick(modes) } });
      draw.at(atMs + random.between(500, 20_000), { ...of, change: { writes: 'work' } });
    }
  });
}

function wallSteps(draw: Draw): void {
  const { random } = draw;
  const sizes = [100, 5_000, 3_600_000, 40 * 365 * 86_400_000];
  times(draw, 3, () => {
    const byMs = random.pick(sizes) * (random.chance(50) ? 1 : -1);
    draw.at(draw.sometime(), { kind: 'wallStep', machine: machine(draw), byMs });
  });
}

function drifts(draw: Draw): void {
  times(draw, 2, () =>
    draw.at(draw.sometime(), {
      kind: 'drift',
      machine: machine(draw),
      ppm: draw.random.between(-2_000, 2_000),
    }),
  );
}

function suspends(draw: Draw): void {
  const { random } = draw;
  times(draw, 2, () => {
    const forMs = random.chance(70) ? random.between(100, 8_000) : random.between(8_000, 90_000);
    draw.at(draw.sometime(), { kind: 'suspend', machine: machine(draw), forMs });
  });
}

function storeFaults(draw: Draw): void {
  const { random } = draw;
  const has = { delay: random.chance(50), lost: random.chance(50), late: random.chance(50) };
  times(draw, 3, () => {
    const atMs = draw.sometime();
    draw.at(atMs, {
      kind: 'store',
      change: {
        delayMs: has.delay ? random.between(20, 2_500) : 5,
        lostAnswerPercent: has.lost ? random.between(5, 50) : 0,
        latePercent: has.late ? random.between(5, 50) : 0,
        unavailable: random.chance(25),
      },
    });
    const healed = { delayMs: 5, lostAnswerPercent: 0, latePercent: 0, unavailable: false };
    draw.at(atMs + random.between(500, 20_000), { kind: 'store', change: healed });
  });
}

function storePartitions(draw: Draw): void {
  times(draw, 3, () => {
    const atMs = draw.sometime();
    const of = { kind: 'storePartition', hub: hub(draw) } as const;
    draw.at(atMs, { ...of, isCut: true });
    draw.at(atMs + draw.random.between(300, 20_000), { ...of, isCut: false });
  });
}

function hubUplinks(draw: Draw): void {
  times(draw, 2, () => {
    const atMs = draw.sometime();
    const of = { kind: 'hubUplink', hub: hub(draw) } as const;
    draw.at(atMs, { ...of, isCut: true });
    draw.at(atMs + draw.random.between(300, 30_000), { ...of, isCut: false });
  });
}

function clones(draw: Draw): void {
  const downMs = draw.random.below(20_000);
  draw.at(draw.sometime(), { kind: 'clone', device: device(draw), downMs });
}

function terminations(draw: Draw): void {
  times(draw, 2, () =>
    draw.at(draw.sometime(), { kind: 'operatorTerminate', device: device(draw) }),
  );
}

function stops(draw: Draw): void {
  draw.at(draw.sometime(), {
    kind: 'sigterm',
    device: device(draw),
    downMs: draw.random.below(5_000),
  });
}

function switchRequests(draw: Draw): void {
  times(draw, 6, () => {
    const at = device(draw);
    const link = draw.random.below(draw.options.devices[at]!.links.length);
    draw.at(draw.sometime(), { kind: 'switchRequest', device: at, link });
  });
}

function revocations(draw: Draw): void {
  draw.at(draw.sometime(), { kind: 'revoke', device: device(draw) });
}

function policies(draw: Draw): void {
  times(draw, 3, () =>
    draw.at(draw.sometime(), {
      kind: 'policy',
      machine: machine(draw),
      policy: draw.random.pick(POLICY_VARIANTS),
    }),
  );
}

function intruders(draw: Draw): void {
  times(draw, 4, () => {
    const atMs = draw.sometime();
    const at = device(draw);
    const link = draw.random.below(draw.options.devices[at]!.links.length);
    const of = { kind: 'link', device: at, link } as const;
    const intruder = draw.random.pick(['copies', 'swallows'] as const);
    draw.at(atMs, { ...of, change: { intruder } });
    const lastsMs = draw.random.between(500, 8_000);
    draw.at(atMs + lastsMs, { ...of, change: { intruder: 'none' } });
  });
}

function brokers(draw: Draw): void {
  times(draw, 2, () => {
    const atMs = draw.sometime();
    const of = { kind: 'broker', device: device(draw) } as const;
    draw.at(atMs, { ...of, isUp: false });
    draw.at(atMs + draw.random.between(500, 60_000), { ...of, isUp: true });
  });
}
