/**
 * Everything that needs seconds: see `scripts/check --help`.
 *
 * @module
 */
import { closingLine, isGreen, sum } from './junit.ts';
import { runSteps } from './step.ts';
import { longestFirst, simSteps, staticSteps, unitSteps } from './steps.ts';

if (process.argv.length > 2) {
  console.error(`check: unknown argument ${process.argv[2]}; see scripts/check --help`);
  process.exit(2);
}

const startedMs = performance.now();
// Four at a time on two cores: two of them mostly wait, for brokers, timers and the kernel.
const steps = [...unitSteps('short'), ...simSteps('short'), ...staticSteps()];
// The long ones compute: if they yielded, they would be what is left at the end.
const alike = steps.map((step) => ({ ...step, yields: false }));
const outcomes = await runSteps(longestFirst(alike), 4);

const tally = sum(outcomes.map((outcome) => outcome.tally));
for (const name of tally.failed) console.log(`FAIL  ${name}`);
for (const { name, reason } of tally.skipped) console.log(`SKIPPED  ${name}: ${reason}`);
console.log(`${closingLine(tally)} in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
process.exit(isGreen(tally) ? 0 : 1);
