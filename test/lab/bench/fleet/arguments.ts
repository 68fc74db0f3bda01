/**
 * The arguments of `scripts/bench fleet`. Pure.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { optionNumber } from '../../optionNumber.ts';
import { outputFile } from '../../outputFile.ts';
import { LOAD_MAX } from '../quiet.ts';

export interface FleetArguments {
  readonly binary: string;
  readonly json: string | null;
  readonly devices: number;
  /** To the broker, at most as many as there are devices. */
  readonly connections: number;
  /** Length of the measurement of messages, memory and CPU. */
  readonly seconds: number;
  /** Changes of 30 days in the database before anything begins. */
  readonly historyRows: number;
}

/** What is promised is promised of so many. */
export const PUBLISHABLE = { devices: 10_000, seconds: 60, historyRows: 3_000_000 } as const;
/** `jvpn fleet` takes no more (`fleet/daemon.ts`). */
const DEVICES_MAX = 20_000;
/** Each of them is a descriptor here and one in the broker, and 20,000 are what many machines allow a process. */
const CONNECTIONS_MAX = 15_000;
const CONNECTIONS = 2_000;
const SECONDS_MAX = 3_600;
const ROWS_MAX = 20_000_000;

/** @throws Error with a sentence for a person. */
export function readFleetArguments(argv: readonly string[]): FleetArguments {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...{ binary: text, json: text, devices: text, connections: text, seconds: text },
      'history-rows': text,
    },
  });
  if (values.binary === undefined) throw new Error('--binary FILE is missing');
  const whole = (option: string, given: string | undefined, min: number, max: number) => {
    const value = optionNumber(option, given, min, max);
    if (value !== null && !Number.isInteger(value)) throw new Error(`${option} is no whole number`);
    return value;
  };
  const devices = whole('--devices', values.devices, 10, DEVICES_MAX) ?? PUBLISHABLE.devices;
  const connections = whole('--connections', values.connections, 1, CONNECTIONS_MAX);
  const rows = whole('--history-rows', values['history-rows'], 0, ROWS_MAX);
  return {
    binary: values.binary,
    json: outputFile('--json', values.json),
    devices,
    connections: Math.min(devices, connections ?? CONNECTIONS),
    seconds: whole('--seconds', values.seconds, 1, SECONDS_MAX) ?? PUBLISHABLE.seconds,
    historyRows: rows ?? PUBLISHABLE.historyRows,
  };
}

/** What keeps a run with these arguments from being published, in words. */
export function fleetObstaclesOf(
  given: Pick<FleetArguments, 'devices' | 'seconds' | 'historyRows'>,
  loadBefore: number,
): readonly string[] {
  const found: string[] = [];
  for (const [name, least] of Object.entries(PUBLISHABLE)) {
    const value = given[name as keyof typeof PUBLISHABLE];
    if (value < least) found.push(`${name} ${value} of ${least}`);
  }
  if (loadBefore > LOAD_MAX) found.push(`the machine was busy: load ${loadBefore} before it began`);
  return found;
}
