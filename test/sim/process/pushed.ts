/**
 * Signed policies on a device in the simulator: `policies/signed/staging.ts` and its store as they are, carried out as `agent/push.ts`
 * does it, but for what a simulation has no use for: promises, timers, bounds on strangers.
 *
 * @module
 */
import type { AgentLink } from '../../../agent/config.ts';
import { daemonEvent } from '../../../agent/daemonEvent.ts';
import { takePolicy } from '../../../agent/durable.ts';
import { LaterDocuments } from '../../../agent/laterDocuments.ts';
import type { Memory } from '../../../agent/memory.ts';
import type { ToTunnel } from '../../../agent/messages.ts';
import { severityKind } from '../../../agent/pushRefusals.ts';
import { trialHoldMs, tunnelRules } from '../../../agent/rules.ts';
import type { Spending } from '../../../agent/spending.ts';
import { CLOCK_SET_MS } from '../../../agent/wallClock.ts';
import type { Clock } from '../../../hal/clock.ts';
import type { HalFailure } from '../../../hal/result.ts';
import type { Policy } from '../../../policies/schema.ts';
import { anchorsOf } from '../../../policies/signed/anchors.ts';
import { openDocument } from '../../../policies/signed/open.ts';
import { isRefused } from '../../../policies/signed/refusal.ts';
import {
  nextPushDeadline,
  openPush,
  policyInForce,
  stepPush,
} from '../../../policies/signed/staging.ts';
import type {
  PushEffect,
  PushEvent,
  PushState,
  PushStep,
  ReportDetail,
} from '../../../policies/signed/state.ts';
import { PushStore } from '../../../policies/signed/store.ts';
import type { AuditEvent } from '../../../session/audit.ts';
import type { AgentParts, Pushing } from './agentParts.ts';

type Code = (PushEffect & { kind: 'report' })['code'];

export interface PushedParts extends Pushing {
  readonly configured: Policy;
  readonly policyVersionMin: number;
  readonly clock: Clock;
}

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
  readonly #store: PushStore<HalFailure>;
  readonly #due: PushEvent[] = [];
  readonly #later = new LaterDocuments();
  #state: PushState;
  #begin: readonly PushEffect[];
  #users: PushedUsers | null = null;
  #isWorking = false;

  constructor(parts: PushedParts) {
    this.#parts = parts;
    this.#store = new PushStore<HalFailure>(parts.flash);
    const { state, effects } = openPush(parts, this.#store, this.#moment());
    this.#state = state;
    this.#begin = effects;
  }

  /** What the device has to follow now. */
  get policy(): Policy {
    return policyInForce(this.#state);
  }

  /** Version of the newest policy that came as a document, on trial or confirmed; 0: none. */
  get newestVersion(): number {
    const { trial, confirmed, setup } = this.#state;
    return Math.max(
      trial?.policy.version ?? 0,
      confirmed === setup.configured ? 0 : confirmed.version,
    );
  }

  get nextDeadlineMs(): number | null {
    return this.#later.orSooner(nextPushDeadline(this.#state));
  }

  /** What a start has to say goes first. */
  begin(users: PushedUsers): void {
    this.#users = users;
    this.#work({ state: this.#state, effects: this.#begin });
  }

  arrived(bytes: Uint8Array): void {
    const { signers, sign1 } = this.#parts;
    const document = openDocument(bytes, anchorsOf(signers, this.#state.record.rotated), sign1);
    if (isRefused(document)) return this.#tell(document.refused, { why: document.detail });
    this.#feed({ kind: 'arrived', ...this.#moment(), isRetained: true, document });
  }

  proven(version: number): void {
    if (this.#state.trial?.policy.version !== version) return;
    this.#feed({ kind: 'proven', atMs: this.#moment().atMs });
  }

  configured(policy: Policy): void {
    this.#feed({ kind: 'configured', atMs: this.#moment().atMs, policy });
  }

  look(): void {
    this.#feed({ kind: 'tick', ...this.#moment() });
  }

  #feed(event: PushEvent): void {
    this.#due.push(event);
    if (!this.#isWorking) this.#work(null);
  }

  /** A power cut in here is the end of it all: nothing has to be put right. */
  #work(first: PushStep | null): void {
    this.#isWorking = true;
    if (first !== null) this.#carryOut(first);
    for (let next = this.#due.shift(); next !== undefined; next = this.#due.shift()) {
      const step = stepPush(this.#state, next);
      this.#later.keep(next);
      this.#carryOut(step);
      if (this.#due.length === 0) this.#due.push(...this.#later.next(this.#state, this.#moment()));
    }
    this.#isWorking = false;
  }

  #carryOut({ state, effects }: PushStep): void {
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: PushEffect): void {
    switch (effect.kind) {
      case 'write': {
        const isDurable = this.#store.save(effect.record).ok;
        return this.#feed({ kind: 'written', ...this.#moment(), isDurable });
      }
      case 'apply': {
        const { version } = effect.policy;
        const isApplied = this.#follow(effect);
        return this.#feed({ kind: 'applied', atMs: this.#moment().atMs, version, isApplied });
      }
      case 'report': {
        const { code, detail } = effect;
        if (code === 'policy_confirmed') {
          this.#users?.memory.applyPolicy(Number(detail['version']));
          this.#follow({ policy: this.policy, isOnTrial: false });
        }
        return this.#tell(code, detail);
      }
      // No run sends a command.
      case 'run':
      case 'answer':
        return;
    }
  }

  /** As `agent/policyInForce.ts` does. */
  #follow({ policy, isOnTrial }: Omit<PushEffect & { kind: 'apply' }, 'kind'>): boolean {
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

  #tell(reasonCode: Code, detail: ReportDetail): void {
    if (this.#users === null) return;
    const { memory, newestVersion, onAudit } = this.#users;
    const { atMs } = this.#moment();
    const { device } = this.#parts;
    const said = { event: severityKind(reasonCode), atMs, reasonCode, device, detail };
    onAudit(daemonEvent(said, memory.remembered, newestVersion()));
  }

  #moment() {
    const { clock } = this.#parts;
    const wallMs = clock.wallMs();
    return { atMs: clock.monotonicMs(), clock: { wallMs, isKnown: wallMs >= CLOCK_SET_MS } };
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
  if (takePolicy(memory, policy) !== 'durable') return null;
  if (push === null) {
    spending.told();
    const { version, name } = policy;
    return {
      kind: 'policy',
      version,
      name,
      rules: tunnelRules(policy, links),
      metering: metering.value,
    };
  }
  push.configured(policy);
  return null;
}
