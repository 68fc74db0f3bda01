/**
 * What a person gets for a violation: the sentence, how to see it again, the scenario cut down, and the drawing.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sequenceOf } from '../drawing/sequence.ts';
import { svgOf } from '../drawing/svg.ts';
import { textOf } from '../drawing/text.ts';
import type { TraceLine, Violation } from '../outcome.ts';
import type { Scenario } from '../scenario.ts';
import { textOf as fileTextOf } from '../shrink/file.ts';
import { shrink } from '../shrink/shrink.ts';
import type { Pool } from './pool.ts';
import { taskOfScenario } from './task.ts';

/** Chosen: what somebody waits for, and most scenarios are small long before. */
const LIMITS = { runsMax: 400, wallMs: 60_000 } as const;

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDER = 'dist/simulate';
const DRAWING_WIDTH = 120;

export const sentenceOf = ({ invariant, checker, sentence }: Violation) =>
  `${invariant} (${checker}): ${sentence}`;

export const at = ({ atMs }: Violation) => `${(atMs / 1000).toFixed(3)} s`;

/** @param mutant whether a bug was planted: the command to replay it has to say so. */
export async function explain(
  pool: Pool,
  scenario: Scenario,
  violation: Violation,
  mutant: string | null,
): Promise<void> {
  const planted = mutant === null ? '' : ` --mutant ${mutant}`;
  const { seed, faults } = scenario;
  console.log(`\n── seed ${seed}: ${sentenceOf(violation)}, at ${at(violation)}`);
  console.log(`   replay: scripts/simulate --seed ${seed}${planted}`);

  const shrunk = await shrink(
    scenario,
    violation,
    (smaller) => pool.run(taskOfScenario(smaller)),
    pool.size,
    LIMITS,
  );
  const kept = shrunk.scenario.faults.length;
  const how = shrunk.isMinimal ? 'none can be left out' : 'its limit was reached';
  console.log(
    `   shrunk in ${shrunk.runs} runs: ${kept} of ${faults.length} faults remain (${how}), ` +
      `${shrunk.scenario.options.chaosMs / 1000} s of chaos instead of ${scenario.options.chaosMs / 1000} s`,
  );
  const name = `${FOLDER}/seed-${seed}${mutant === null ? '' : `-${mutant}`}`;
  mkdirSync(`${ROOT}${FOLDER}`, { recursive: true });
  writeFileSync(`${ROOT}${name}.json`, fileTextOf(shrunk.scenario, shrunk.violation));
  console.log(`   smallest scenario: scripts/simulate --scenario ${name}.json${planted}`);

  const { trace } = await pool.run(taskOfScenario(shrunk.scenario, true));
  writeFileSync(`${ROOT}${name}.svg`, drawingOf(trace, shrunk.scenario, shrunk.violation));
  console.log(`   drawing: ${name}.svg\n`);
  for (const fault of shrunk.scenario.faults) console.log(`   ${JSON.stringify(fault)}`);
  printDrawing(trace, shrunk.violation);
}

export function drawingOf(
  trace: readonly TraceLine[],
  { seed }: Scenario,
  violation: Violation | null,
): string {
  const title = `seed ${seed}${violation === null ? '' : `: ${sentenceOf(violation)}`}`;
  return svgOf(sequenceOf(trace, endingOf(violation)), title);
}

export function printDrawing(trace: readonly TraceLine[], violation: Violation | null): void {
  const isTerminal = process.stdout.isTTY === true;
  const style = {
    widthChars: isTerminal ? process.stdout.columns : DRAWING_WIDTH,
    hasColour: isTerminal,
  };
  console.log('');
  for (const line of textOf(sequenceOf(trace, endingOf(violation)), style)) console.log(line);
}

const endingOf = (violation: Violation | null) =>
  violation === null ? null : { atMs: violation.atMs, text: sentenceOf(violation) };
