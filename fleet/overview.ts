/**
 * The fleet now, on one page (`/api/overview`). Pure.
 *
 * @module
 */
import type { Day } from './day.ts';
import { addRecoveries, type Latencies, quantilesOf } from './latencies.ts';
import { isAway } from './presence.ts';
import type { Registry } from './registry.ts';
import { emergencyOf, rolloutOf } from './rollout.ts';
import { tallyOf } from './rows.ts';
import { DEAD_TRANSPORTS, DENIED_SWITCHES, only } from './signs.ts';
import { degradedPercent, livingSessions } from './span.ts';

export type Overview = ReturnType<typeof overviewOf>;

export interface OverviewParts {
  readonly fleet: string;
  readonly registry: Registry;
  readonly day: Day;
  /** Whether the broker is heard: if not, all of this is as it was. */
  readonly isConnected: boolean;
  readonly nowMs: number;
}

export function overviewOf({ fleet, registry, day, isConnected, nowMs }: OverviewParts) {
  const { devices } = registry;
  const states = registry.states();
  const lastDay = day.lastDay();
  const latencies: Latencies = {};
  for (const { report, presence } of devices.values()) {
    if (report !== null && !isAway(presence))
      addRecoveries(latencies, report.recovery, report.recovery.count);
  }
  const living = livingSessions(states);
  return {
    now_ms: Math.round(nowMs),
    fleet,
    connected: isConnected,
    devices: presences(registry),
    states,
    degraded_percent: degradedPercent(states),
    terminated: lastDay.terminated,
    dead_transports: only(lastDay.watched, DEAD_TRANSPORTS),
    denied_switches: only(lastDay.watched, DENIED_SWITCHES),
    replay_signs_24h: lastDay.replaySigns,
    hijack_signs_24h: lastDay.hijackSigns,
    recovery_ms: quantilesOf(latencies),
    ...registry.spreads(),
    switches_per_session_per_hour:
      living === 0 ? null : Math.round((day.lastHourSwitches() / living) * 100) / 100,
    policies: tallyOf(
      devices.values(),
      [({ policyName }) => policyName, ({ policyVersion }) => policyVersion],
      ({ policyName, policyVersion }) => ({ name: policyName, version: policyVersion }),
    ),
    versions: tallyOf(devices.values(), [({ version }) => version, () => null], ({ version }) => ({
      version,
    })),
    rollout: rolloutOf(devices),
    emergency: emergencyOf(devices.values()),
  };
}

/** A device of which only reports are known is neither. */
export function presences({ devices }: Registry) {
  const counts = { total: devices.size, online: 0, stopped: 0, lost: 0 };
  for (const { presence } of devices.values()) {
    if (presence.online === true) counts.online += 1;
    else if (presence.why !== null) counts[presence.why] += 1;
  }
  return counts;
}
