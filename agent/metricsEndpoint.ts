/**
 * `/metrics` of an agent, made when somebody scrapes.
 *
 * @module
 */
import { type MetricsServed, serveMetrics } from '../hal/metricsServer.ts';
import { agentMetrics } from './metrics.ts';
import type { PolicyInForce } from './policyInForce.ts';
import type { TunnelLink } from './tunnelLink.ts';
import { COMMIT, VERSION } from './version.ts';

export interface AgentMetricsParts {
  readonly listen: string;
  readonly tunnel: TunnelLink;
  readonly policy: PolicyInForce;
}

export function serveAgentMetrics({ listen, tunnel, policy }: AgentMetricsParts): MetricsServed {
  return serveMetrics({
    listen,
    collect: async () =>
      agentMetrics({
        status: await tunnel.status(),
        version: VERSION,
        commit: COMMIT,
        policyVersion: policy.current.version,
        rssBytes: process.memoryUsage.rss(),
      }),
  });
}
