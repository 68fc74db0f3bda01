/**
 * `/metrics` of an agent, made when somebody scrapes.
 *
 * @module
 */
import { cpuSeconds } from '../hal/cpu.ts';
import { type MetricsServer, serveMetricsWhenPossible } from '../hal/metricsServer.ts';
import type { EventCounts } from '../session/eventCounts.ts';
import type { EventFigures } from './events/stream.ts';
import { agentMetrics } from './metrics.ts';
import type { PolicyInForce } from './policyInForce.ts';
import type { TunnelLink } from './tunnelLink.ts';
import { COMMIT, VERSION } from './version.ts';

export interface AgentMetricsParts {
  readonly listen: string;
  readonly tunnel: TunnelLink;
  readonly policy: PolicyInForce;
  readonly isEmergency: () => boolean;
  readonly denials: EventCounts;
  /** What becomes of published events; null: there is no telemetry. */
  readonly events: () => EventFigures | null;
}

export function serveAgentMetrics(parts: AgentMetricsParts): MetricsServer {
  const { listen, tunnel, policy, isEmergency, denials, events } = parts;
  const collect = async () =>
    agentMetrics({
      status: await tunnel.status(),
      version: VERSION,
      commit: COMMIT,
      policyVersion: policy.current.version,
      isEmergency: isEmergency(),
      denials: denials.snapshot(),
      events: events(),
      rssBytes: process.memoryUsage.rss(),
      cpuSeconds: cpuSeconds(),
    });
  // Why it does not listen.
  const say = (message: string) => console.error(`jvpn agent: ${message}`);
  return serveMetricsWhenPossible({ listen, collect }, say);
}
