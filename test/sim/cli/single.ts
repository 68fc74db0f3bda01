/**
 * One run, in full: what it draws is printed first, then it runs twice, and both have to be the same bit for bit.
 *
 * @module
 */
import { writeFileSync } from 'node:fs';
import type { TraceLine } from '../outcome.ts';
import type { Scenario } from '../scenario.ts';
import { drawingOf, explain, printDrawing } from './failure.ts';
import type { Pool } from './pool.ts';
import { type Figures, figuresOf, linesOf } from './summary.ts';
import { NO_HASH, taskOfScenario } from './task.ts';

export interface SingleOptions {
  readonly mutant: string | null;
  readonly hasTrace: boolean;
  /** Where to draw it, or null. */
  readonly drawing: string | null;
  /** Whether a violation is cut down; a scenario from a file has been already. */
  readonly isExplained: boolean;
}

export interface SingleFigures extends Figures {
  readonly replays: boolean;
}

export async function runSingle(
  pool: Pool,
  scenario: Scenario,
  { mutant, hasTrace, drawing, isExplained }: SingleOptions,
): Promise<SingleFigures> {
  printScenario(scenario);
  const startedMs = performance.now();
  const [first, second] = await Promise.all([
    pool.run(taskOfScenario(scenario, true)),
    pool.run(taskOfScenario(scenario)),
  ]);
  const seconds = (performance.now() - startedMs) / 1000;
  const replays = first.hash === second.hash && first.hash !== NO_HASH;
  if (hasTrace) for (const line of first.trace) console.log(lineOf(line));

  const figures = figuresOf([first], seconds, pool.size);
  for (const line of linesOf(figures, String(scenario.seed))) console.log(line);
  console.log(
    replays
      ? `replays             bit for bit: twice the hash ${first.hash}`
      : `replays             NO: ${first.hash}, then ${second.hash}`,
  );
  const violation = first.violations[0] ?? null;
  if (drawing !== null) writeFileSync(drawing, drawingOf(first.trace, scenario, violation));
  if (violation !== null && isExplained) await explain(pool, scenario, violation, mutant);
  else if (violation !== null) printDrawing(first.trace, violation);
  return { ...figures, replays };
}

function printScenario({ seed, options, faults }: Scenario): void {
  const { devices, hubs, ...others } = options;
  console.log(`seed ${seed}`);
  for (const [at, { links, clock }] of devices.entries()) {
    console.log(`  device ${at}, ${JSON.stringify(clock)}`);
    for (const link of links) console.log(`    ${JSON.stringify(link)}`);
  }
  for (const [at, hub] of hubs.entries()) console.log(`  hub ${at}, ${JSON.stringify(hub)}`);
  console.log(`  ${JSON.stringify(others)}`);
  console.log(`  ${faults.length} faults`);
  for (const fault of faults) console.log(`    ${JSON.stringify(fault)}`);
}

function lineOf(line: TraceLine): string {
  const seconds = (atMs: number) => (atMs / 1000).toFixed(3).padStart(10);
  if (line.kind === 'note') return `${seconds(line.atMs)}  ${line.who}: ${line.text}`;
  const { sentAtMs, arrivedAtMs, from, to, link, what, fate } = line;
  const flight = arrivedAtMs === null ? '' : ` +${(arrivedAtMs - sentAtMs).toFixed(1)} ms`;
  return `${seconds(sentAtMs)}  ${from} → ${to} ${link} ${what} ${fate}${flight}`;
}
