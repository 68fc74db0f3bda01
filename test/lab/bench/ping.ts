/**
 * Round trips through a tunnel.
 *
 * @module
 */
import type { Cable } from './cable.ts';
import { percentileOf, round } from './statistics.ts';

/** Often enough for a 99th percentile of a few seconds, rare enough to be no load. */
const INTERVAL_SECONDS = '0.01';

export interface RoundTrips {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly lost: number;
}

export async function runPing(cable: Cable, target: string, seconds: number): Promise<RoundTrips> {
  const count = Math.floor(seconds / Number(INTERVAL_SECONDS));
  const argv = ['ping', '-n', '-i', INTERVAL_SECONDS, '-c', String(count), '-W', '2', target];
  // Status 1 says that an echo was lost, which is a finding and not a failure.
  return parsePing((await cable.exec('device', argv, { mayFail: true })).stdout, count);
}

/** Milliseconds, from what iputils' ping prints. */
export function parsePing(stdout: string, sent: number): RoundTrips {
  const times = [...stdout.matchAll(/ time=([\d.]+) ms/g)].map((found) => Number(found[1]));
  if (times.length === 0) throw new Error(`no echo came back: ${stdout.trim()}`);
  return {
    p50: round(percentileOf(times, 50)),
    p99: round(percentileOf(times, 99)),
    max: round(Math.max(...times)),
    lost: sent - times.length,
  };
}
