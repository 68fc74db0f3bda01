/**
 * The policy that the hub follows, and another one in its place while sessions live.
 *
 * Read, checked, and then in force for every seat at once; a mistake in it leaves the one before in force and is answered
 * with what is wrong. Whoever edits a hub's policy may also go back to an older one, as with a restart.
 *
 * Source: docs/protocol.md, "Policy"; docs/operating.md, "Changing a policy".
 *
 * @module
 */
import { answered, type ControlAnswer, refused } from '../hal/control.ts';
import { EmergencyTable } from '../hal/emergencyTable.ts';
import { StartError } from '../hal/startError.ts';
import { waitingForRestart } from '../policies/restart.ts';
import type { Policy } from '../policies/schema.ts';
import type { AuditEvent } from '../session/audit.ts';
import type { ReasonCode } from '../session/reasons.ts';
import type { HubRules, ToHub } from './messages.ts';
import { hubRules } from './rules.ts';
import type { HubStart } from './start.ts';

export interface PolicyParts {
  readonly start: HubStart;
  readonly post: (message: ToHub) => void;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  readonly note: (
    event: 'notice' | 'refusal',
    reasonCode: ReasonCode,
    detail: AuditEvent['detail'],
  ) => void;
}

export class PolicyInForce {
  #current: Policy;
  readonly #emergency: EmergencyTable;
  readonly #parts: PolicyParts;

  constructor(parts: PolicyParts) {
    this.#parts = parts;
    this.#current = parts.start.policy;
    const { wallMs, note, post } = parts;
    this.#emergency = new EmergencyTable({
      wallMs,
      note: (code, detail) => note('notice', code, detail),
      onChange: () => post({ kind: 'policy', rules: this.follow() }),
    });
  }

  get current(): Policy {
    return this.#current;
  }

  /** When the emergency of the policy itself ends, as it is written; null: none holds. */
  get emergencyUntil(): string | null {
    return this.#emergency.until;
  }

  /** The policy is followed from now on: its rules as it holds now, tightened while its own emergency does. */
  follow(): HubRules {
    return hubRules(this.#emergency.follow(this.#current));
  }

  /** Read what the configuration names now. Nothing else of the configuration is. */
  reload(): ControlAnswer {
    const { start, post, note } = this.#parts;
    let policy: Policy;
    try {
      policy = start.rereadPolicy();
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      note('refusal', 'policy_refused', { code: 'policyInvalid' });
      return refused('policyInvalid', `${error.message}\nThe policy before stays in force.`);
    }
    const { name, version } = policy;
    this.#current = policy;
    post({ kind: 'policy', rules: this.follow() });
    note('notice', 'policy_applied', { name, version });
    const waiting = waitingForRestart(start.policy, policy);
    return answered({ role: 'hub', name, version, needs_restart: waiting });
  }
}
