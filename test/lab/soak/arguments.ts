/**
 * The arguments of `scripts/soak`. Pure but for a look at the binary.
 *
 * @module
 */
import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { optionNumber } from '../optionNumber.ts';
import { outputFile } from '../outputFile.ts';
import type { Pace } from './scenario.ts';
import type { SoakBounds } from './verdict.ts';

export interface Arguments {
  readonly binary: string;
  readonly pace: Pace;
  readonly seed: number;
  readonly bounds: SoakBounds;
  readonly json: string | null;
  readonly svg: string | null;
}

const HOURS_MAX = 24 * 30;
/**
 * Below these a slope means nothing. The hub touches its 32 MiB of slots one after the other, which takes minutes, and the
 * allocator finds its size late (up to 20 minutes on two busy cores). What is alive in the heaps settles at once.
 */
const SLOPE_FROM_MS = 3_600_000;
const ALIVE_FROM_MS = 10 * 60_000;
const SHORT_MS = 3 * 60_000;

/** @throws Error with a sentence for a person. Paths are meant as they were typed: the directory changes later. */
export function readArguments(argv: readonly string[]): Arguments {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...{ binary: text, hours: text, seconds: text, seed: text, 'slope-mib': text },
      ...{ json: text, svg: text },
    },
  });
  if (values.binary === undefined) throw new Error('--binary FILE is missing');
  const binary = resolve(values.binary);
  accessSync(binary, constants.X_OK);
  const seconds = optionNumber('--seconds', values.seconds, 20, HOURS_MAX * 3_600);
  const hours = optionNumber('--hours', values.hours, 0.01, HOURS_MAX) ?? 1;
  const durationMs = seconds === null ? hours * 3_600_000 : seconds * 1_000;
  const slope = optionNumber('--slope-mib', values['slope-mib'], 0.1, 10_000) ?? 16;
  return {
    binary,
    pace: paceOf(durationMs),
    seed: optionNumber('--seed', values.seed, 1, 2 ** 31) ?? 1,
    bounds: {
      mibPerHour: durationMs < SLOPE_FROM_MS ? null : slope,
      aliveMibPerHour: durationMs < ALIVE_FROM_MS ? null : slope,
      descriptors: 3,
      threads: 2,
    },
    json: outputFile('--json', values.json),
    svg: outputFile('--svg', values.svg),
  };
}

/** A short run flaps as fast as a session can follow. */
export function paceOf(durationMs: number): Pace {
  if (durationMs < SHORT_MS) {
    return {
      durationMs,
      ...{ holdMs: [500, 2_000], restMs: [200, 800], brokerAwayMs: 5_000 },
      ...{ sampleMs: 250, pollMs: 500, warmUpMs: 3_000 },
    };
  }
  return {
    durationMs,
    ...{ holdMs: [2_000, 12_000], restMs: [500, 6_000] },
    brokerAwayMs: Math.min(180_000, durationMs * 0.1),
    ...{ sampleMs: 2_000, pollMs: 2_000 },
    warmUpMs: Math.min(1_200_000, durationMs * 0.35),
  };
}
