/**
 * How often to report and how often to say that one is there: as the policy has it for what the binding costs.
 *
 * @module
 */
import { linkRules } from '../../policies/links.ts';
import type { Policy } from '../../policies/schema.ts';
import type { AgentLink } from '../config.ts';
import type { TunnelStatus } from '../status.ts';

export class Pace {
  policy: Policy;
  readonly #links: readonly AgentLink[];
  #isMetered = false;

  constructor(policy: Policy, links: readonly AgentLink[]) {
    this.policy = policy;
    this.#links = links;
  }

  /** False: without a binding that is known, all stays as it was. */
  follow({ binding }: Pick<TunnelStatus, 'binding'>): boolean {
    const name = binding?.split('→', 1)[0];
    const link = this.#links.find((known) => known.name === name);
    if (link === undefined) return false;
    this.#isMetered = linkRules(this.policy.links, link.name, link.kind).costClass === 'metered';
    return true;
  }

  get intervalMs(): number {
    const { healthIntervalMs, meteredHealthIntervalMs } = this.policy.telemetry;
    return this.#isMetered ? meteredHealthIntervalMs : healthIntervalMs;
  }

  get keepaliveMs(): number {
    const { mqttKeepaliveMs, meteredMqttKeepaliveMs } = this.policy.telemetry;
    return this.#isMetered ? meteredMqttKeepaliveMs : mqttKeepaliveMs;
  }
}
