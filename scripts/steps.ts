/**
 * The steps that `scripts/check` and `scripts/test` are made of.
 *
 * @module
 */
import { existsSync } from 'node:fs';
import type { Step } from './step.ts';

export const REPORTS = 'dist/junit';

const BUN = process.execPath;
const BIN = 'node_modules/.bin';

/** Seeds of the simulation: enough to notice in seconds, and enough to trust. Chosen. */
const SEEDS = { short: '8', full: '200' } as const;

/** Repetitions that find little more in seconds than a slice of them does; `scripts/test` runs them all. */
const SLICE = { SLICE: '1' } as const;

export function staticSteps(): Step[] {
  return [
    { name: 'types', command: [`${BIN}/tsc`, '-p', '.'], limitMs: 120_000 },
    { name: 'format', command: [`${BIN}/biome`, 'format', '.'], limitMs: 60_000 },
    {
      name: 'lint',
      command: [`${BIN}/biome`, 'lint', '--error-on-warnings', '.'],
      limitMs: 60_000,
    },
  ];
}

/** Processes of about the same length, so that none of them is what everybody waits for at the end. */
export function unitSteps(length: 'short' | 'full'): Step[] {
  const env = length === 'short' ? SLICE : undefined;
  const files = testFiles('test/unit');
  const isIn = (folder: string) => (file: string) => file.startsWith(`test/unit/${folder}/`);
  const isDevice = isIn('session/device');
  const isCore = (file: string) => isIn('session')(file) && !isDevice(file);
  const isAgent = isIn('agent');
  const isRest = (file: string) => !isIn('session')(file) && !isAgent(file);
  return [
    testStep('structure', ['test/structure.test.ts'], 60_000),
    testStep('unit/core', files.filter(isCore), 120_000),
    testStep('unit/rest', files.filter(isRest), 120_000),
    testStep('unit/agent', files.filter(isAgent), 120_000),
    testStep('unit/device', files.filter(isDevice), 120_000),
  ]
    .filter(hasFiles)
    .map((step) => (env === undefined ? step : { ...step, env }));
}

/** Empty while there is no simulation. `SEED` or `SEEDS` of the caller win. */
export function simSteps(length: keyof typeof SEEDS): Step[] {
  const files = testFiles('test/sim');
  if (files.length === 0) return [];
  const env = { SEEDS: process.env['SEEDS'] ?? SEEDS[length] };
  return [{ ...testStep('sim', files, 180_000), env }];
}

export function buildStep(): Step {
  return { name: 'build', command: [BUN, 'scripts/build.ts'], limitMs: 120_000, live: true };
}

/** One process for each file, so that a crash in native code costs one report and not all of them. */
export function e2eSteps(): Step[] {
  return testFiles('test/e2e').map((file) => ({
    ...testStep(file.slice('test/'.length, -'.test.ts'.length), [file], 240_000, [
      '--timeout=60000',
    ]),
    live: true,
  }));
}

/** Without a file named, `bun test` would run every test there is. */
const hasFiles = (step: Step) => (step.report?.files.length ?? 0) > 0;

function testStep(
  name: string,
  files: readonly string[],
  limitMs: number,
  options = ['--only-failures'],
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
