/**
 * `/metrics` of an agent, made when somebody scrapes.
 *
 * @module
 */
import { type MetricsServer, serveMetricsWhenPossible } from '../hal/metricsServer.ts';
import type { EventCounts } from '../session/eventCounts.ts';
import { agentMetrics } from './metrics.ts';
import type { PolicyInForce } from './policyInForce.ts';
import type { TunnelLink } from './tunnelLink.ts';
import { COMMIT, VERSION } from './version.ts';

export interface AgentMetricsParts {
  readonly listen: string;
  /** A sentence for a person: it does not listen, and why. */
  readonly say: (message: string) => void;
  readonly tunnel: TunnelLink;
  readonly policy: PolicyInForce;
  readonly isEmergency: () => boolean;
  readonly denials: EventCounts;
}

export function serveAgentMetrics(parts: AgentMetricsParts): MetricsServer {
  const { listen, say, tunnel, policy, isEmergency, denials } = parts;
  const collect = async () =>
    agentMetrics({
      status: await tunnel.status(),
      version: VERSION,
      commit: COMMIT,
      policyVersion: policy.current.version,
      isEmergency: isEmergency(),
      denials: denials.snapshot(),
      rssBytes: process.memoryUsage.rss(),
    });
  return serveMetricsWhenPossible({ listen, collect }, say);
}
