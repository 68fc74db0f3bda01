/**
 * `/metrics` of a hub, made when somebody scrapes.
 *
 * @module
 */
import { cpuSeconds } from '../hal/cpu.ts';
import { type MetricsServer, serveMetricsWhenPossible } from '../hal/metricsServer.ts';
import { version } from '../package.json';
import type { EventCounts } from '../session/eventCounts.ts';
import { hubMetrics } from './metrics.ts';
import type { Ownership } from './ownership.ts';
import type { PolicyInForce } from './policyInForce.ts';
import type { HubTime } from './time.ts';
import type { TunnelLink } from './tunnelLink.ts';

export interface HubMetricsParts {
  readonly listen: string;
  /** A sentence for a person: it does not listen, and why. */
  readonly say: (message: string) => void;
  readonly tunnel: TunnelLink;
  readonly policy: PolicyInForce;
  readonly ownership: Ownership;
  readonly time: HubTime;
  readonly events: EventCounts;
}

export function serveHubMetrics(parts: HubMetricsParts): MetricsServer {
  const { listen, say, tunnel, policy, ownership, time, events } = parts;
  const collect = async () =>
    hubMetrics({
      status: await tunnel.status(),
      version,
      policyVersion: policy.current.version,
      isEmergency: policy.emergencyUntil !== null,
      committed: ownership.committedCount,
      failed: ownership.failureCount,
      timeAheadMs: time.aheadOfWallMs,
      events: events.snapshot(),
      rssBytes: process.memoryUsage.rss(),
      cpuSeconds: cpuSeconds(),
    });
  return serveMetricsWhenPossible({ listen, collect }, say);
}
