/**
 * Everything that needs seconds: see `scripts/check --help`.
 *
 * @module
 */
import { closingLine, isGreen, sum } from './junit.ts';
import { runSteps } from './step.ts';
import { simSteps, staticSteps, unitSteps } from './steps.ts';

if (process.argv.length > 2) {
  console.error(`check: unknown argument ${process.argv[2]}; see scripts/check --help`);
  process.exit(2);
}

const startedMs = performance.now();
const [structure, ...unit] = unitSteps();
// The longest first: two at a time, and the tests must not wait for the linters.
const steps = [...unit, ...staticSteps(), ...(structure ? [structure] : []), ...simSteps('short')];
const outcomes = await runSteps(steps, 2);

const tally = sum(outcomes.map((outcome) => outcome.tally));
for (const name of tally.failed) console.log(`FAIL  ${name}`);
for (const { name, reason } of tally.skipped) console.log(`SKIPPED  ${name}: ${reason}`);
console.log(`${closingLine(tally)} in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
process.exit(isGreen(tally) ? 0 : 1);
