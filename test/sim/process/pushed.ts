/**
 * Signed policies on a device in the simulator: `agent/pushRunner.ts` as it is, followed as `agent/policyInForce.ts` and
 * `agent/daemon.ts` do it. What `agent/push.ts` puts around it has no use here: promises, timers, bounds on strangers.
 *
 * @module
 */
import type { AgentLink } from '../../../agent/config.ts';
import { daemonEvent } from '../../../agent/daemonEvent.ts';
import { takePolicy } from '../../../agent/durable.ts';
import type { Memory } from '../../../agent/memory.ts';
import type { ToTunnel } from '../../../agent/messages.ts';
import { type PushCode, severityKind } from '../../../agent/pushRefusals.ts';
import { PushRunner, type RunnerParts } from '../../../agent/pushRunner.ts';
import { trialHoldMs, tunnelRules } from '../../../agent/rules.ts';
import type { Spending } from '../../../agent/spending.ts';
import type { Policy } from '../../../policies/schema.ts';
import type { ReportDetail } from '../../../policies/signed/state.ts';
import type { AuditEvent } from '../../../session/audit.ts';
import type { AgentParts, Pushing } from './agentParts.ts';

export type PushedParts = RunnerParts & Pushing;

/** The rest of the process. */
export interface PushedUsers {
  readonly memory: Memory;
  readonly spending: Spending;
  readonly links: readonly AgentLink[];
  readonly tell: (message: ToTunnel) => void;
  /** `state_version` of the newest event, if there is one. */
  readonly newestVersion: () => number | undefined;
  readonly onAudit: (event: AuditEvent) => void;
}

export class Pushed {
  readonly #parts: PushedParts;
  readonly #runner: PushRunner;
  #users: PushedUsers | null = null;

  constructor(parts: PushedParts) {
    this.#parts = parts;
    this.#runner = new PushRunner(parts);
  }

  /** What the device has to follow now. */
  get policy(): Policy {
    return this.#runner.policy;
  }

  /** Version of the newest policy that came as a document, on trial or confirmed; 0: none. */
  get newestVersion(): number {
    const { trial, confirmed, setup } = this.#runner.state;
    return Math.max(
      trial?.policy.version ?? 0,
      confirmed === setup.configured ? 0 : confirmed.version,
    );
  }

  get nextDeadlineMs(): number | null {
    return this.#runner.nextDeadlineMs();
  }

  /** What a start has to say goes first. */
  begin(users: PushedUsers): void {
    this.#users = users;
    this.#runner.begin({
      follow: (policy, isOnTrial) => this.#follow(policy, isOnTrial),
      onConfirmed: (version) => {
        users.memory.applyPolicy(version);
        this.#follow(this.policy, false);
      },
      tell: (code, detail) => this.#tell(code, detail),
    });
  }

  arrived(bytes: Uint8Array): void {
    this.#runner.judge(bytes, true, this.#parts.sign1);
  }

  proven(version: number): void {
    this.#runner.proven(version);
  }

  configured(policy: Policy): void {
    this.#runner.configured(policy);
  }

  look(): void {
    this.#runner.look();
  }

  /** As `agent/policyInForce.ts` does. */
  #follow(policy: Policy, isOnTrial: boolean): boolean {
    if (this.#users === null) return false;
    const { spending, links, tell } = this.#users;
    const metering = spending.meteringUnder(policy);
    if (!metering.ok) return false;
    const { version, name } = policy;
    const rules = tunnelRules(policy, links);
    const message = { kind: 'policy', version, name, rules, metering: metering.value } as const;
    tell(isOnTrial ? { ...message, trialHoldMs: trialHoldMs(policy) } : message);
    spending.told();
    return true;
  }

  #tell(reasonCode: PushCode, detail: ReportDetail): void {
    if (this.#users === null) return;
    const { memory, newestVersion, onAudit } = this.#users;
    const { device, clock } = this.#parts;
    const atMs = clock.monotonicMs();
    const said = { event: severityKind(reasonCode), atMs, reasonCode, device, detail };
    onAudit(daemonEvent(said, memory.remembered, newestVersion()));
  }
}

/** At a boot, and when the first document comes; null: the agent takes none. */
export function openPushed(
  { pushing, policy, clock }: AgentParts,
  { policyVersion: policyVersionMin }: Memory,
): Pushed | null {
  const means = pushing?.() ?? null;
  return means === null
    ? null
    : new Pushed({ ...means, configured: policy(), policyVersionMin, clock });
}

/** A policy of the file, as `agent/policyInForce.ts` takes it: what to tell the session; null: nothing, or that was told. */
export function takeFile(
  {
    memory,
    spending,
    push,
  }: Pick<PushedUsers, 'memory' | 'spending'> & {
    readonly push: Pushed | null;
  },
  policy: Policy,
  links: readonly AgentLink[],
): ToTunnel | null {
  if (policy.version <= (push?.newestVersion ?? 0)) return null;
  const metering = spending.meteringUnder(policy);
  if (!metering.ok) return null;
  const taken = takePolicy(memory, policy, links, metering.value);
  if (typeof taken === 'string') return null;
  if (push === null) {
    spending.told();
    return taken;
  }
  push.configured(policy);
  return null;
}
