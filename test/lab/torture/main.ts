/**
 * `scripts/torture`: pushes to a device whose power goes at every step.
 *
 * ```text
 * main.ts [--pushes N] [--seed N] [--json FILE] [--mutant ID]
 * ```
 *
 * Exit status: 0 nothing was found, 1 something was, 2 wrong arguments.
 *
 * @module
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { outputFile } from '../outputFile.ts';
import { countOf } from '../power/arguments.ts';
import { documentOf, linesOf } from './figures.ts';
import { plantedRun } from './planted.ts';
import { torture } from './torture.ts';

const PUSHES_MAX = 100_000;
const EVERY = 50;

function given() {
  try {
    const { values } = parseArgs({
      options: {
        ...{ pushes: { type: 'string' }, seed: { type: 'string' } },
        ...{ json: { type: 'string' }, mutant: { type: 'string' } },
      },
    });
    return {
      pushes: countOf('--pushes', values.pushes, 1_000, PUSHES_MAX),
      seed: countOf('--seed', values.seed, 1, 2 ** 32 - 1),
      json: outputFile('--json', values.json),
      planted: values.mutant === undefined ? null : plantedRun(values.mutant),
    };
  } catch (error) {
    console.error(`torture: ${(error as Error).message}; see scripts/torture --help`);
    process.exit(2);
  }
}

async function main(): Promise<number> {
  const { pushes, seed, json, planted } = given();
  if (planted !== null) return planted();
  const isTerminal = process.stderr.isTTY === true;
  const beganMs = performance.now();
  const figures = await torture({ pushes, seed }, (done) => {
    if (done % EVERY !== 0 && done !== pushes) return;
    if (isTerminal) process.stderr.write(`\r\x1b[K${done} of ${pushes} pushes`);
    else console.error(`torture: ${done} of ${pushes} pushes`);
  });
  if (isTerminal) process.stderr.write('\r\x1b[K');
  const seconds = (performance.now() - beganMs) / 1_000;
  for (const line of linesOf(figures)) console.log(line);
  console.log(`seed ${seed}, ${seconds.toFixed(0)} s`);
  for (const violation of figures.violations) console.error(`torture: ${violation}`);
  if (json !== null) {
    writeFileSync(json, `${JSON.stringify(documentOf(figures, seed, seconds), null, 2)}\n`);
  }
  return figures.violations.length === 0 ? 0 : 1;
}

process.exit(await main());
