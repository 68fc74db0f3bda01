/**
 * Everything that CI runs: see `scripts/test --help`.
 *
 * @module
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { closingLine, isGreen, mergeReports, sum } from './junit.ts';
import { type Outcome, runStep, runSteps } from './step.ts';
import { buildStep, e2eSteps, REPORTS, simSteps, staticSteps, unitSteps } from './steps.ts';

const PARTS = ['unit', 'sim', 'e2e'] as const;
type Part = (typeof PARTS)[number];

const startedMs = performance.now();
const only = parse();
await rm(REPORTS, { recursive: true, force: true });

const outcomes: Outcome[] = [];
if (only === undefined) outcomes.push(...(await runSteps(staticSteps(), 2)));
if (only === undefined || only === 'unit') outcomes.push(...(await runSteps(unitSteps('full'), 2)));
if (only === undefined || only === 'sim') outcomes.push(...(await runSteps(simSteps('full'), 1)));
if (only === undefined || only === 'e2e') await endToEnd();

await Bun.write(`${REPORTS}/all.xml`, mergeReports(await reports()));
const tally = sum(outcomes.map((outcome) => outcome.tally));
console.log(`\ntook ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
for (const { name, reason } of tally.skipped) console.log(`SKIPPED  ${name}: ${reason}`);
for (const name of tally.failed) console.log(`FAIL  ${name}`);
if (tally.passed + tally.failed.length === 0) console.log('FAIL  no test ran');
console.log(closingLine(tally));
process.exit(isGreen(tally) ? 0 : 1);

/** One after another: these tests measure time, and share two cores. */
async function endToEnd(): Promise<void> {
  for (const step of [buildStep(), ...e2eSteps()]) {
    const outcome = await runStep(step);
    outcomes.push(outcome);
    if (step.name === 'build' && !outcome.ok) return; // nothing to run them with
  }
}

async function reports(): Promise<string[]> {
  const paths = outcomes.map((outcome) => outcome.step.report?.path ?? '').filter(existsSync);
  return Promise.all(paths.map((path) => Bun.file(path).text()));
}

function parse(): Part | undefined {
  try {
    const { values } = parseArgs({ options: { only: { type: 'string' } } });
    const part = PARTS.find((name) => name === values.only);
    if (values.only !== undefined && part === undefined)
      throw new Error(`--only ${PARTS.join('|')}`);
    return part;
  } catch (error) {
    console.error(`test: ${(error as Error).message}; see scripts/test --help`);
    process.exit(2);
  }
}
