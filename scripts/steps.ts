/**
 * The steps that `scripts/check` and `scripts/test` are made of.
 *
 * @module
 */
import { existsSync } from 'node:fs';
import type { Step } from './step.ts';

export const REPORTS = 'dist/junit';
const TYPES = 'dist/types';

const BUN = process.execPath;
const BIN = 'node_modules/.bin';

/** Seeds of the simulation: enough to notice in seconds, and enough to trust. Chosen. */
const SEEDS = { short: '3', full: '400' } as const;

export const SEEDED = 'test/sim/failover.test.ts';
/** A seed takes a second, and several on a busy machine. */
const SIM = ['--only-failures', '--timeout=120000'];

/** End-to-end tests that mostly wait, or watch what no neighbour changes: they need no machine of their own. */
export const PATIENT = [
  ...[
    'agentPlain',
    'askedEnd',
    'benchIdle',
    'captivePortal',
    'commands',
    'deviceEvents',
    'fleet',
    'fleetDemo',
  ],
  ...['fleetSession', 'hubPlain', 'idleRestart', 'metrics', 'mqttBrokers', 'mqttEvents'],
  ...[
    'mqttDay',
    'mqttSession',
    'policyPush',
    'powerCuts',
    'pushTls',
    'pushTold',
    'rollout',
    'rolloutBroker',
  ],
  ...['secrets', 'soak', 'unanswered', 'violated', 'brokerBroughtBack', 'brokerWay', 'mqttLiar'],
  ...['mqttOlder', 'pushSlowLine'],
];

/** Steps of more than ten seconds, the longest first. */
export const LONG = [
  ...[
    'e2e/hubPlain',
    'e2e/rollout',
    'e2e/policyPush',
    'e2e/brokerWay',
    'e2e/soak',
    'e2e/benchIdle',
  ],
  ...['e2e/captivePortal', 'e2e/powerCuts', 'e2e/unanswered', 'e2e/pushTls', 'e2e/fleetDemo'],
  ...[
    'unit/push',
    'unit/canary',
    'unit/fleet',
    'sim/seeds',
    'sim/seeds2',
    'sim/parts',
    'unit/device',
  ],
  ...['unit/rest', 'unit/agent', 'unit/hal', 'unit/core', 'unit/lab', 'unit/fuzz'],
  ...['e2e/idleRestart', 'e2e/rolloutBroker', 'e2e/mqttOlder'],
  ...['e2e/commands', 'e2e/secrets', 'e2e/agentPlain'],
];

/** Repetitions that find little more in seconds than a slice of them does; `scripts/test` runs them all. */
const SLICE = { SLICE: '1' } as const;

/** The runtime also collects by the clock, which says nothing of what was allocated. */
const NO_TIMER = { BUN_GC_TIMER_DISABLE: '1' } as const;

/** Where `test/e2e/binary.ts` finds what the build step has made. */
const BUILT = { BUILT: 'dist' } as const;

/** So that none of the long ones is what everybody waits for at the end. */
export function longestFirst(steps: readonly Step[]): Step[] {
  const placeOf = ({ name }: Step) => {
    const place = LONG.indexOf(name);
    return place < 0 ? LONG.length : place;
  };
  return steps.toSorted((a, b) => placeOf(a) - placeOf(b));
}

export function staticSteps(): Step[] {
  const steps: Step[] = [
    typesStep('types', '.'),
    // What runs in a browser has a document, and nothing else has.
    typesStep('types/pages', 'fleet/pages/dom'),
    { name: 'format', command: [`${BIN}/biome`, 'format', '.'], limitMs: 60_000 },
    {
      name: 'lint',
      command: [`${BIN}/biome`, 'lint', '--error-on-warnings', '.'],
      limitMs: 60_000,
    },
  ];
  return steps.map((step) => ({ ...step, yields: true }));
}

/** The compiler keeps what it found and looks again at what has changed since, and at what depends on that. */
function typesStep(name: string, project: string): Step {
  const kept = `${TYPES}/${name.replaceAll('/', '-')}.tsbuildinfo`;
  const command = [`${BIN}/tsc`, '-p', project, '--incremental', '--tsBuildInfoFile', kept];
  return { name, command, limitMs: 120_000 };
}

/** Where the files of a step begin below `test/unit`: each file belongs to the first that fits. */
const UNITS = [
  ['allocation', 'session/allocation.test.ts'],
  ['device', 'session/device/'],
  ['core', 'session/'],
  ['agent', 'agent/'],
  ['fuzz', 'fuzz/'],
  // Waits for the kernel most of the time.
  ['hal', 'hal/'],
  ['lab', 'lab/'],
  // Waits for made-up brokers.
  ['canary', 'fleet/pushCanary'],
  ['push', 'fleet/push'],
  ['fleet', 'fleet/'],
  ['rest', ''],
] as const;

/** Of the unit tests, those that neither wait nor look at a clock. */
const COMPUTING = ['device', 'core', 'fuzz'];

/** A process each for what can run beside the others; they share two cores, also with simulations. */
export function unitSteps(length: 'short' | 'full'): Step[] {
  const env = length === 'short' ? SLICE : undefined;
  const files = Map.groupBy(testFiles('test/unit'), (file) =>
    UNITS.findIndex(([, start]) => file.startsWith(`test/unit/${start}`)),
  );
  const units = UNITS.map(([name], at) => ({
    ...testStep(`unit/${name}`, files.get(at) ?? [], 240_000),
    yields: COMPUTING.includes(name),
    // It watches the collector, which other tests give work to do.
    env: { ...env, ...(name === 'allocation' ? NO_TIMER : {}) },
  }));
  return [testStep('structure', ['test/structure.test.ts'], 60_000), ...units].filter(hasFiles);
}

/** The seeds, and beside them what checks the simulator itself. `SEED` or `SEEDS` of the caller win. */
export function simSteps(length: keyof typeof SEEDS): Step[] {
  const files = testFiles('test/sim');
  const isRun = (file: string) => file === SEEDED;
  const isModel = (file: string) => file.startsWith('test/sim/model/');
  const slice = length === 'short' ? SLICE : {};
  const env = { ...slice, SEEDS: process.env['SEEDS'] ?? SEEDS[length] };
  const seeds = (name: string, part: string): Step => ({
    ...testStep(name, files.filter(isRun), 400_000, SIM),
    env: { ...env, PART: part },
  });
  const step = (name: string, chosen: readonly string[]) => testStep(name, chosen, 240_000, SIM);
  const isMany = length === 'full' && process.env['SEED'] === undefined && env.SEEDS !== '1';
  const steps = isMany
    ? [seeds('sim/seeds', '1/2'), seeds('sim/seeds2', '2/2')]
    : [seeds('sim/seeds', '1/1')];
  if (length === 'full') {
    const others = files.filter((file) => !isRun(file) && !isModel(file));
    steps.push(step('sim/model', files.filter(isModel)), step('sim/parts', others));
  }
  return steps.filter(hasFiles).map((one) => ({ ...one, yields: true }));
}

export function buildStep(): Step {
  return { name: 'build', command: [BUN, 'scripts/build.ts'], limitMs: 120_000, live: true };
}

/**
 * One process for each file, so that a crash in native code costs one report and not all of them.
 *
 * @param isPatient those that may run beside others, or those that measure time and may not.
 */
export function e2eSteps(isPatient: boolean): Step[] {
  return testFiles('test/e2e')
    .map((file) => ({ file, name: file.slice('test/e2e/'.length, -'.test.ts'.length) }))
    .filter(({ name }) => PATIENT.includes(name) === isPatient)
    .map(({ file, name }) => ({
      ...testStep(`e2e/${name}`, [file], 240_000, ['--timeout=60000']),
      env: BUILT,
      live: !isPatient,
    }));
}

/** The dashboard in Chromium. The first paint is measured, so nothing may run beside. */
export function browserSteps(): Step[] {
  return testFiles('test/browser').map((file) => ({
    ...testStep(stepName(file), [file], 240_000, ['--timeout=60000']),
    live: true,
  }));
}

/** `test/browser/dashboard.test.ts` → `browser/dashboard`. */
const stepName = (file: string) => file.slice('test/'.length, -'.test.ts'.length);

/** Without a file named, `bun test` would run every test there is. */
const hasFiles = (step: Step) => (step.report?.files.length ?? 0) > 0;

function testStep(
  name: string,
  files: readonly string[],
  limitMs: number,
  options = ['--only-failures', '--timeout=30000'],
): Step {
  const path = `${REPORTS}/${name.replaceAll('/', '-')}.xml`;
  const command = [
    BUN,
    'test',
    ...files.map((file) => `./${file}`),
    ...options,
    '--reporter=junit',
    `--reporter-outfile=${path}`,
  ];
  return { name, command, limitMs, report: { path, files } };
}

function testFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return [...new Bun.Glob('**/*.test.ts').scanSync(folder)]
    .map((file) => `${folder}/${file}`)
    .sort();
}
