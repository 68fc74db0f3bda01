/**
 * The policy that the agent follows, and another one in its place while the session lives.
 *
 * Read, checked, admitted (I4: never an older one), durable, and only then in force; whatever fails on the way leaves the
 * one before in force, is an audit event, and is answered with what is wrong. The session is not touched: its core gets
 * other numbers (`session/device/newPolicy.ts`).
 *
 * Source: docs/protocol.md, "Policy"; docs/operating.md, "Changing a policy".
 *
 * @module
 */
import { answered, type ControlAnswer, refused } from '../hal/control.ts';
import { waitingForRestart } from '../policies/restart.ts';
import type { Policy } from '../policies/schema.ts';
import { takePolicy } from './durable.ts';
import type { Memory } from './memory.ts';
import type { ToTunnel } from './messages.ts';
import type { Spending } from './spending.ts';
import { type Start, StartError } from './start.ts';

export interface PolicyParts {
  readonly start: Start;
  readonly memory: Memory;
  readonly spending: Spending;
  readonly post: (message: ToTunnel) => void;
  /** Audit a policy that was offered and not taken. */
  readonly onRefused: (detail: Readonly<Record<string, string | number>>) => void;
  /** It is in force: whoever follows it besides the session. */
  readonly onApplied: (policy: Policy) => void;
}

export class PolicyInForce {
  #current: Policy;
  /** What started last; buffers are made by it. */
  readonly #atStart: Policy;
  readonly #parts: PolicyParts;

  constructor(parts: PolicyParts) {
    this.#parts = parts;
    this.#atStart = parts.start.policy;
    this.#current = parts.start.policy;
  }

  get current(): Policy {
    return this.#current;
  }

  /** Read what the configuration names now, and take it if it may be taken. Nothing else of the configuration is. */
  reload(): ControlAnswer {
    let policy: Policy;
    try {
      policy = this.#parts.start.rereadPolicy();
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      return this.#refuse('policyInvalid', error.message, {});
    }
    return this.#take(policy);
  }

  #take(policy: Policy): ControlAnswer {
    const { start, memory, spending, post, onApplied } = this.#parts;
    const { name, version } = policy;
    const metering = spending.meteringUnder(policy);
    if (!metering.ok) return this.#refuse('storageFailed', metering.detail, { name, version });
    const message = takePolicy(memory, policy, start.config.links, metering.value);
    if (message === 'older') {
      const before = memory.policyVersion;
      const older = `policy "${name}" has version ${version}, but version ${before} is in force`;
      const what = `${older}. Raise its \`version\` to at least ${before}.`;
      return this.#refuse('policyOlder', what, { name, version });
    }
    if (message === 'notDurable') {
      const why = `the policy could not be made durable: ${memory.lastFailure}`;
      return this.#refuse('storageFailed', why, { name, version });
    }
    this.#current = policy;
    spending.taken();
    post(message);
    onApplied(policy);
    return answered({ name, version, needs_restart: waitingForRestart(this.#atStart, policy) });
  }

  #refuse(code: string, message: string, named: Record<string, string | number>): ControlAnswer {
    this.#parts.onRefused({ code, ...named });
    return refused(code, `${message}\nThe policy before stays in force.`);
  }
}
