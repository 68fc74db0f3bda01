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
import {
  browserSteps,
  buildStep,
  e2eSteps,
  longestFirst,
  REPORTS,
  simSteps,
  staticSteps,
  unitSteps,
} from './steps.ts';

const PARTS = ['unit', 'sim', 'e2e', 'browser'] as const;
type Part = (typeof PARTS)[number];

const startedMs = performance.now();
const only = parse();
await rm(REPORTS, { recursive: true, force: true });

const outcomes: Outcome[] = [];
const wants = (part: Part) => only === undefined || only === part;
const canRun = wants('e2e') && (await built());
const computing = [
  ...(wants('sim') ? simSteps('full') : []),
  ...(wants('unit') ? unitSteps('full') : []),
  ...(only === undefined ? staticSteps() : []),
];
// Both have lanes of their own: what computes has the cores while the others wait. Alone, some of it waits, too.
const lanes = [runSteps(longestFirst(computing), canRun ? 2 : 3)];
if (canRun) lanes.push(runSteps(longestFirst(e2eSteps(true)), 3));
outcomes.push(...(await Promise.all(lanes)).flat());
// One after another: these tests measure time.
if (canRun) outcomes.push(...(await runSteps(e2eSteps(false), 1)));
if (wants('browser')) outcomes.push(...(await runSteps(browserSteps(), 1)));

await Bun.write(`${REPORTS}/all.xml`, mergeReports(await reports()));
const tally = sum(outcomes.map((outcome) => outcome.tally));
console.log(`\ntook ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
for (const { name, reason } of tally.skipped) console.log(`SKIPPED  ${name}: ${reason}`);
for (const name of tally.failed) console.log(`FAIL  ${name}`);
if (tally.passed + tally.failed.length === 0) console.log('FAIL  no test ran');
console.log(closingLine(tally));
process.exit(isGreen(tally) ? 0 : 1);

/** Without a build there is nothing to run end to end. */
async function built(): Promise<boolean> {
  const outcome = await runStep(buildStep());
  outcomes.push(outcome);
  return outcome.ok;
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
