/**
 * Runs the model check: `bun test/sim/model/main.ts --help`.
 *
 * @module
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Caught, runBroken } from './broken/run.ts';
import type { Exploration } from './explorer.ts';
import { PRESETS, type Preset, run, type WorldName } from './presets.ts';

export interface ModelOptions {
  /** Null: both. */
  readonly world: WorldName | null;
  /** Only configurations with this name; null: all of the world. */
  readonly only: string | null;
  /** Instead of each configuration's own depth. */
  readonly depth: number | null;
  readonly statesMax: number;
  /** Whether the deliberately broken cores are looked for as well. */
  readonly isBreaking: boolean;
  readonly print: (line: string) => void;
}

export interface Explored extends Exploration {
  readonly name: string;
  readonly depthMax: number;
  readonly seconds: number;
  readonly statesPerSecond: number;
}

export interface ModelReport {
  readonly explored: readonly Explored[];
  readonly broken: readonly Caught[];
  readonly isGood: boolean;
}

const STATES_MAX = 8_000_000;
const PROGRESS_MS = 2_000;

export async function runModel(options: ModelOptions): Promise<ModelReport> {
  const { world, only, isBreaking, print } = options;
  const chosen = PRESETS.filter(
    (preset) =>
      (world === null || preset.world === world) && (only === null || preset.name === only),
  );
  const explored = chosen.map((preset) => exploreOne(preset, options));
  const broken = isBreaking ? await runBroken(world, print) : [];
  const isGood = explored.every(isWhole) && broken.every(({ isCaught }) => isCaught);
  return { explored, broken, isGood };
}

/** Nothing was found, and it did not give up before its depth: what was not looked at is not known to be good. */
const isWhole = ({ finding, isComplete, depth, depthMax }: Explored) =>
  finding === null && (isComplete || depth >= depthMax);

function exploreOne(preset: Preset, { depth, statesMax, print }: ModelOptions): Explored {
  const { name, world } = preset;
  const depthMax = depth ?? preset.depthMax;
  print(`${world}, ${name}: to depth ${depthMax}`);
  const startMs = performance.now();
  let saidMs = startMs;
  const exploration = run(preset, {
    depthMax,
    healDepthMax: preset.healDepthMax,
    statesMax,
    onProgress: (at, states) => {
      if (performance.now() - saidMs < PROGRESS_MS) return;
      saidMs = performance.now();
      print(`  depth ${at}: ${states} states`);
    },
  });
  const seconds = (performance.now() - startMs) / 1_000;
  const statesPerSecond = Math.round(exploration.states / seconds);
  const explored = { ...exploration, name, depthMax, seconds, statesPerSecond };
  for (const line of linesOf(explored)) print(line);
  return explored;
}

function* linesOf(explored: Explored): Generator<string> {
  const { about, states, transitions, depth, isComplete, healed, seconds, finding, depthMax } =
    explored;
  for (const line of about) yield `  ${line}`;
  const isShort = finding === null && !isComplete && depth < depthMax;
  const reached = isShort ? `GIVEN UP at depth ${depth} of ${depthMax}` : `to depth ${depth}`;
  const extent = isComplete ? 'all there are' : reached;
  yield `  ${states} states (${extent}), ${transitions} transitions, ${healed} healed, ${seconds.toFixed(1)} s, ${explored.statesPerSecond} states/s`;
  if (finding === null) return yield '  nothing found';
  yield `  FOUND ${finding.what}, after ${finding.trace.length} moves:`;
  for (const [at, move] of finding.trace.entries()) yield `  ${String(at + 1).padStart(3)} ${move}`;
}

const HELP = `Usage: bun test/sim/model/main.ts [--world ownership|claim] [--only NAME] [--depth N] [--states N] [--no-broken] [--json FILE]

Explores every interleaving of hubs, store and device around the real cores, breadth first, and then breaks the cores on
purpose to see each breakage found.

  --world NAME   only this world (default: both)
  --only NAME    only this configuration; --list names them
  --depth N      so deep, instead of each configuration's own depth (under three minutes each)
  --states N     give up at so many states (default ${STATES_MAX})
  --no-broken    do not break the cores
  --json FILE    write the figures to FILE
  --list         name the configurations

Exit code 1: something was found, a breakage was not, or --states ended a search before its depth. 2: usage.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      world: { type: 'string' },
      only: { type: 'string' },
      depth: { type: 'string' },
      states: { type: 'string' },
      'no-broken': { type: 'boolean' },
      json: { type: 'string' },
      list: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.list === true) {
    for (const { world, name } of PRESETS) console.log(`${world}  ${name}`);
    return 0;
  }
  const { world = null, only = null } = values;
  const depth = values.depth === undefined ? null : Number(values.depth);
  const statesMax = Number(values.states ?? STATES_MAX);
  const isKnown = world === null || world === 'ownership' || world === 'claim';
  const isNamed = only === null || PRESETS.some(({ name }) => name === only);
  if (!isKnown || !isNamed || !isCount(depth ?? 1) || !isCount(statesMax)) {
    process.stderr.write(HELP);
    return 2;
  }
  const isBreaking = values['no-broken'] !== true;
  const print = (line: string) => console.log(line);
  const report = await runModel({ world, only, depth, statesMax, isBreaking, print });
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  return report.isGood ? 0 : 1;
}

const isCount = (value: number) => Number.isSafeInteger(value) && value > 0;

if (import.meta.main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n${HELP}`);
    process.exitCode = 2;
  }
}
