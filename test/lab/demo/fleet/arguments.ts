/**
 * The arguments of `scripts/demo --fleet N`. Pure but for the folder that paths are relative to.
 *
 * @module
 */
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { optionNumber } from '../../optionNumber.ts';
import { outputFile } from '../../outputFile.ts';

export interface FleetDemoArguments {
  readonly binary: string;
  readonly json: string | null;
  readonly devices: number;
  /** The report is this with `.md` and `.html` behind it. */
  readonly report: string;
  /** The dashboard stays until somebody ends it. */
  readonly isKept: boolean;
}

/** Fewer have no tenth that could be a canary. */
const DEVICES_MIN = 10;
const DEVICES_MAX = 20_000;

/** @throws Error with a sentence for a person. */
export function readFleetDemoArguments(argv: readonly string[]): FleetDemoArguments {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...{ binary: text, json: text, fleet: text, report: text },
      keep: { type: 'boolean', default: false },
    },
  });
  if (values.binary === undefined) throw new Error('--binary FILE is missing');
  const devices = optionNumber('--fleet', values.fleet, DEVICES_MIN, DEVICES_MAX);
  if (devices === null || !Number.isInteger(devices)) {
    throw new Error(`--fleet is a whole number from ${DEVICES_MIN} to ${DEVICES_MAX}`);
  }
  // One of the two that are written.
  outputFile('--report', values.report === undefined ? undefined : `${values.report}.html`);
  return {
    binary: resolve(values.binary),
    json: outputFile('--json', values.json),
    devices,
    report: resolve(values.report ?? join(dirname(values.binary), 'fleet-demo')),
    isKept: values.keep,
  };
}
