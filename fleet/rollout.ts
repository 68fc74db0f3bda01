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
import type { Outcome } from './outcome.ts';
import { isAway } from './presence.ts';

export interface Rollout extends Readonly<Record<Outcome, number>> {
  readonly version: number;
  /** Those that take documents; the outcomes add up to it. */
  readonly devices: number;
}

/** Null: no device takes documents, or none has named a version. */
export function rolloutOf(devices: ReadonlyMap<string, Device>): Rollout | null {
  const version = rolloutVersion(devices.values());
  if (version === null) return null;
  const counts = { confirmed: 0, on_trial: 0, rolled_back: 0, refused: 0, silent: 0, ahead: 0 };
  let taking = 0;
  for (const device of devices.values()) {
    const outcome = outcomeOf(device, version);
    if (outcome === null) continue;
    counts[outcome] += 1;
    taking += 1;
  }
  return { version, devices: taking, ...counts };
}

/** The one that the fleet is reckoned by; null: there is none. */
export function rolloutVersion(devices: Iterable<Device>): number | null {
  let [newest, version] = [0, 0];
  for (const { documents, verdict } of devices) {
    const said = documents === null ? 0 : (verdict?.version ?? 0);
    if (said > newest) [newest, version] = [said, newest];
    else if (said > version) version = said;
  }
  if (newest === 0) return null;
  // No other has named one.
  return version === 0 ? newest : version;
}

/** Null: the device takes no documents. */
export function outcomeOf({ documents, verdict }: Device, version: number): Outcome | null {
  if (documents === null) return null;
  const said = verdict?.version ?? 0;
  if (verdict !== null && said === version) return verdict.word;
  return said > version ? 'ahead' : 'silent';
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
