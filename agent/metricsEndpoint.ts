/**
 * `/metrics` of an agent, made when somebody scrapes.
 *
 * @module
 */
import { type MetricsServed, serveMetrics } from '../hal/metricsServer.ts';
import type { EventCounts } from '../session/eventCounts.ts';
import { agentMetrics } from './metrics.ts';
import type { PolicyInForce } from './policyInForce.ts';
import type { TunnelLink } from './tunnelLink.ts';
import { COMMIT, VERSION } from './version.ts';

export interface AgentMetricsParts {
  readonly listen: string;
  readonly tunnel: TunnelLink;
  readonly policy: PolicyInForce;
  readonly denials: EventCounts;
}

export function serveAgentMetrics(parts: AgentMetricsParts): MetricsServed {
  const { listen, tunnel, policy, denials } = parts;
  return serveMetrics({
    listen,
    collect: async () =>
      agentMetrics({
        status: await tunnel.status(),
        version: VERSION,
        commit: COMMIT,
        policyVersion: policy.current.version,
        denials: denials.snapshot(),
        rssBytes: process.memoryUsage.rss(),
      }),
  });
}
