/**
 * The policy that the agent follows, and another one in its place while the session lives.
 *
 * Read, checked, admitted (I4: never an older one), durable, and only then in force; whatever fails on the way leaves the
 * one before in force, is an audit event, and is answered with what is wrong. The session is not touched: its core gets
 * other numbers (`session/device/newPolicy.ts`). One that was pushed is read, checked and made durable by `push.ts`, which says
 * what to follow; a file takes its place only with a higher version.
 *
 * Source: docs/protocol.md, "Policy"; docs/operating.md, "Changing a policy".
 *
 * @module
 */
import { answered, type ControlAnswer, refused } from '../hal/control.ts';
import { EmergencyTable, type EmergencyTableParts } from '../hal/emergencyTable.ts';
import { StartError } from '../hal/startError.ts';
import { waitingForRestart } from '../policies/restart.ts';
import type { Policy } from '../policies/schema.ts';
import type { AuditEvent } from '../session/audit.ts';
import type { ReasonCode } from '../session/reasons.ts';
import { olderPolicy, takePolicy } from './durable.ts';
import type { Memory } from './memory.ts';
import type { ToTunnel } from './messages.ts';
import type { Push } from './push.ts';
import { trialHoldMs, tunnelRules } from './rules.ts';
import type { Spending } from './spending.ts';
import type { NamedPolicy, Start } from './start.ts';

export interface PolicyParts {
  readonly start: Start;
  readonly memory: Memory;
  readonly spending: Spending;
  /** Left out: no documents are taken. */
  readonly push?: Push | null;
  readonly post: (message: ToTunnel) => void;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  readonly note: (
    event: 'notice' | 'refusal',
    reasonCode: ReasonCode,
    detail: AuditEvent['detail'],
  ) => void;
  /** For tests; left out: the runtime's. */
  readonly setTimer?: EmergencyTableParts['setTimer'];
  /** It is in force: whoever follows it besides the session. */
  readonly onApplied: (policy: Policy) => void;
}

type PolicyMessage = Extract<ToTunnel, { kind: 'policy' }>;

export class PolicyInForce {
  #current: Policy;
  #auditedVersion: number;
  #isOnTrial = false;
  readonly #emergency: EmergencyTable;
  readonly #parts: PolicyParts;

  constructor(parts: PolicyParts) {
    this.#parts = parts;
    this.#current = parts.start.policy;
    this.#auditedVersion = this.#current.version;
    const { wallMs, note, setTimer } = parts;
    this.#emergency = new EmergencyTable({
      ...{ wallMs, setTimer },
      note: (code, detail) => note('notice', code, detail),
      onChange: () => this.follow(this.#current, this.#isOnTrial),
    });
  }

  get current(): Policy {
    return this.#current;
  }

  /** When the emergency of the policy itself ends, as it is written; null: none holds. */
  get emergencyUntil(): string | null {
    return this.#emergency.until;
  }

  /** What whoever starts now has to follow: the policy, tightened while its own emergency holds. */
  begin(): Policy {
    return this.#emergency.follow(this.#current);
  }

  /** By which what is audited was decided: the tunnel thread follows another policy from its `policy_applied` on. */
  get auditedVersion(): number {
    return this.#auditedVersion;
  }

  /** An event that is about to be audited. */
  onAudit({ event, reasonCode, detail }: AuditEvent): void {
    const { version } = detail;
    const isApplied = event === 'notice' && reasonCode === 'policy_applied';
    if (isApplied && typeof version === 'number') this.#auditedVersion = version;
  }

  /** Read what the configuration names now, and take it if it may be taken. Nothing else of the configuration is. */
  reload(): ControlAnswer {
    let named: NamedPolicy;
    try {
      named = this.#parts.start.rereadPolicy();
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      return this.#refuse('policyInvalid', error.message, {});
    }
    return this.#take(named);
  }

  #take({ policy, file }: NamedPolicy): ControlAnswer {
    const { start, memory, spending, push = null, note } = this.#parts;
    const { name, version } = policy;
    const pushed = push === null ? 0 : newestPushed(push);
    if (version <= pushed) {
      const what = `policy "${name}" has version ${version}, but version ${pushed} was pushed here. Raise its \`version\` to at least ${pushed + 1}.`;
      return this.#refuse('policyOlder', what, { name, version });
    }
    const metering = spending.meteringUnder(policy);
    if (!metering.ok) return this.#refuse('storageFailed', metering.detail, { name, version });
    const taken = takePolicy(memory, policy);
    if (taken === 'older') {
      const what = olderPolicy(memory, policy, file);
      return this.#refuse('policyOlder', what, { name, version });
    }
    if (taken === 'notDurable') {
      const why = `the policy could not be made durable: ${memory.lastFailure}`;
      return this.#refuse('storageFailed', why, { name, version });
    }
    if (push?.configured(policy) !== true) this.#follow(policy, { metering: metering.value });
    // A session says itself when it follows it.
    if (start.config.hub.mode === 'plain') note('notice', 'policy_applied', { name, version });
    const waiting = waitingForRestart(start.policy, policy);
    return answered({ role: 'agent', name, version, needs_restart: waiting });
  }

  /** What `push.ts` decided, and wrote down. False: what flash remembers of budgets cannot be read, the one before stays. */
  follow(policy: Policy, isOnTrial: boolean): boolean {
    const metering = this.#parts.spending.meteringUnder(policy);
    if (!metering.ok) return false;
    const told = { metering: metering.value };
    this.#follow(policy, isOnTrial ? { ...told, trialHoldMs: trialHoldMs(policy) } : told);
    return true;
  }

  /** What the tunnel thread is told has the policy as it holds now, tightened while its own emergency does. */
  #follow(
    policy: Policy,
    rest: Pick<PolicyMessage, 'metering'> & Partial<Pick<PolicyMessage, 'trialHoldMs'>>,
  ): void {
    const { start, post, spending, onApplied } = this.#parts;
    this.#current = policy;
    this.#isOnTrial = rest.trialHoldMs !== undefined;
    const { version, name } = policy;
    const rules = tunnelRules(this.#emergency.follow(policy), start.config.links);
    post({ kind: 'policy', version, name, rules, ...rest });
    spending.told();
    onApplied(policy);
  }

  #refuse(code: string, message: string, named: Record<string, string | number>): ControlAnswer {
    this.#parts.note('refusal', 'policy_refused', { code, ...named });
    return refused(code, `${message}\nThe policy before stays in force.`);
  }
}

/** Of a document, on trial or confirmed; 0: none. */
function newestPushed({ onTrial, confirmed }: Push): number {
  return Math.max(onTrial ?? 0, confirmed.isPushed ? confirmed.version : 0);
}
