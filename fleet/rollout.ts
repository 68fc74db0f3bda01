/**
 * How far the newest policy has come in the fleet, and where an emergency holds. Pure.
 *
 * The newest is one that a device has spoken of while another spoke of it, too, or of one that is newer still: what a single device says
 * is no word about all.
 *
 * Reckoned over the devices that have said something of documents. Those of another fleet of policies, a group's say, are silent about the
 * newest version: who sees them knows how far a canary goes.
 *
 * @module
 */
import type { Device } from './device.ts';
import { isAway } from './presence.ts';

export interface Rollout {
  readonly version: number;
  /** Those that take documents; the six below add up to it. */
  readonly devices: number;
  readonly confirmed: number;
  readonly on_trial: number;
  readonly rolled_back: number;
  readonly refused: number;
  /** They have said nothing about it: not reached, away, or it is not meant for them. */
  readonly silent: number;
  /** It alone speaks of a newer version: 0 or 1. */
  readonly ahead: number;
}

/** Null: no device takes documents, or none has named a version. */
export function rolloutOf(devices: Iterable<Device>): Rollout | null {
  const taking = [...devices].filter(({ documents }) => documents !== null);
  let [newest, version] = [0, 0];
  for (const { verdict } of taking) {
    const said = verdict?.version ?? 0;
    if (said > newest) [newest, version] = [said, newest];
    else if (said > version) version = said;
  }
  if (newest === 0) return null;
  // No other has named one.
  if (version === 0) version = newest;
  const counts = { confirmed: 0, on_trial: 0, rolled_back: 0, refused: 0, silent: 0, ahead: 0 };
  for (const { verdict } of taking) {
    const said = verdict?.version ?? 0;
    if (verdict !== null && said === version) counts[verdict.word] += 1;
    else counts[said > version ? 'ahead' : 'silent'] += 1;
  }
  return { version, devices: taking.length, ...counts };
}

export interface EmergencyNow {
  /** On which it holds, those that are away left out: what they follow now nobody knows. */
  readonly devices: number;
  /** Ascending. */
  readonly versions: readonly number[];
}

/** Versions that are shown (chosen): more at a time is not an emergency but a mistake. */
const VERSIONS_MAX = 8;

export function emergencyOf(devices: Iterable<Device>): EmergencyNow {
  const versions = new Set<number>();
  let count = 0;
  for (const { documents, presence } of devices) {
    const version = documents?.emergency ?? null;
    if (version === null || isAway(presence)) continue;
    count += 1;
    versions.add(version);
  }
  const ascending = [...versions].sort((a, b) => a - b);
  return { devices: count, versions: ascending.slice(-VERSIONS_MAX) };
}
