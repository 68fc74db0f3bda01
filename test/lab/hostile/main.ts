/**
 * Plays attacks against a real hub and a real device and prints what came of them.
 *
 * ```text
 * main.ts --binary FILE [--case NAME,…] [--short] [--json FILE]
 * ```
 *
 * Exit status: 0 every attack failed as it should, 1 one succeeded, was not counted or cost the device its traffic, 2
 * wrong arguments.
 *
 * @module
 */
import { accessSync, constants, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { outputFile } from '../outputFile.ts';
import { ensureLab } from '../rootless.ts';
import { calmSeries } from './calm.ts';
import { CASES, FULL, SHORT } from './cases.ts';
import { allowedOf } from './flat.ts';
import type { Outcome } from './outcome.ts';
import { tableOf } from './table.ts';

interface Arguments {
  readonly binary: string;
  readonly names: readonly string[];
  readonly isShort: boolean;
  readonly json: string | null;
}

/** Paths are meant as they were typed: the working directory changes later. */
function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        binary: { type: 'string' },
        case: { type: 'string' },
        short: { type: 'boolean', default: false },
        json: { type: 'string' },
      },
    });
    if (values.binary === undefined) throw new Error('--binary FILE is missing');
    const names = values.case?.split(',') ?? Object.keys(CASES);
    const unknown = names.find((name) => CASES[name] === undefined);
    if (unknown !== undefined) {
      throw new Error(`no case "${unknown}"; there are ${Object.keys(CASES).join(', ')}`);
    }
    const binary = resolve(values.binary);
    accessSync(binary, constants.X_OK);
    const json = outputFile('--json', values.json);
    return { binary, names, isShort: values.short, json };
  } catch (error) {
    console.error(`hostile: ${(error as Error).message}; see scripts/hostile --help`);
    process.exit(2);
  }
}

async function main({ binary, names, isShort, json }: Arguments): Promise<number> {
  const scale = isShort ? SHORT : FULL;
  if (scale.waves > 1) console.error('memory without an attack, to compare with');
  const calm = scale.waves > 1 ? await calmSeries(binary, scale.waves, scale.seconds) : null;
  const allowed = calm === null ? undefined : allowedOf(calm);
  const outcomes: Outcome[] = [];
  const broken: string[] = [];
  for (const [at, name] of names.entries()) {
    const { about, play } = CASES[name]!;
    console.error(`${at + 1}/${names.length} ${name}: ${about}`);
    try {
      outcomes.push(...(await play(binary, scale, allowed)));
    } catch (error) {
      broken.push(`${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  for (const line of tableOf(outcomes, allowed)) console.log(line);
  for (const line of broken) console.log(`FAULT ${line}`);
  if (json !== null) {
    writeFileSync(
      json,
      `${JSON.stringify({ isShort, calm, allowed, outcomes, broken }, null, 2)}\n`,
    );
  }
  const faults = outcomes.reduce((sum, outcome) => sum + outcome.faults.length, broken.length);
  console.log(`${outcomes.length} attacks, ${faults} faults`);
  return faults === 0 ? 0 : 1;
}

const wanted = readArguments();
await ensureLab();
process.exit(await main(wanted));
