/**
 * What the agent answers on its control socket.
 *
 * @module
 */

import type { ControlAnswer, ControlRequest, ControlServer } from '../hal/control.ts';
import type { AuditLog } from '../hal/linux/auditLog.ts';
import { REASONS } from '../session/reasons.ts';
import { denialAnswer } from './denial.ts';
import type { Memory } from './memory.ts';
import type { PolicyInForce } from './policyInForce.ts';
import type { Push } from './push.ts';
import type { Spending } from './spending.ts';
import type { Start } from './start.ts';
import type { Telemetry } from './telemetry.ts';
import type { TunnelLink } from './tunnelLink.ts';
import { COMMIT, VERSION } from './version.ts';

export interface AgentParts {
  readonly start: Start;
  readonly tunnel: TunnelLink;
  readonly audit: AuditLog;
  readonly memory: Memory;
  readonly spending: Spending;
  readonly device: string;
  readonly policy: PolicyInForce;
  readonly push: Push | null;
}

export const AGENT_METHODS = [
  'status',
  'links',
  'events',
  'rebind',
  'reload_policy',
  'terminate',
] as const;

export class AgentControl {
  telemetry: Telemetry | null = null;
  /** Who serves this, for its counters. */
  server: ControlServer | null = null;
  readonly #parts: AgentParts;
  readonly #startedAtMs = performance.now();

  constructor(parts: AgentParts) {
    this.#parts = parts;
  }

  async handle(request: ControlRequest): Promise<ControlAnswer> {
    const { tunnel, audit } = this.#parts;
    switch (request.method) {
      case 'status':
        return { ok: true, value: await this.#status() };
      case 'links':
        return { ok: true, value: (await tunnel.status()).links };
      case 'events':
        return { ok: true, value: audit.recent(256) };
      case 'rebind':
        return this.#rebind(request['link']);
      case 'reload_policy':
        return this.#parts.policy.reload();
      case 'terminate':
        return this.#terminate(request['device']);
      default:
        return refused(
          'methodUnknown',
          `an agent listens on this socket, and "${request.method}" is none of ${AGENT_METHODS.join(', ')}; a hub's socket is named by --socket`,
        );
    }
  }

  async #status(): Promise<unknown> {
    const { policy, push, tunnel, memory, spending, device, audit } = this.#parts;
    const status = await tunnel.status();
    const { terminated } = status;
    return {
      role: 'agent',
      version: VERSION,
      commit: COMMIT,
      device,
      uptime_s: Math.round((performance.now() - this.#startedAtMs) / 1_000),
      policy: { name: policy.current.name, version: policy.current.version },
      emergency_until: policy.emergencyUntil,
      flash: {
        recovery: memory.recovery,
        last_failure: memory.lastFailure ?? spending.lastFailure,
      },
      audit: audit.status(),
      control: this.server?.counters ?? null,
      telemetry: this.telemetry?.status() ?? null,
      documents: push?.reported() ?? null,
      memory_rss_bytes: process.memoryUsage.rss(),
      ...status,
      terminated_sentence:
        terminated === null
          ? null
          : (REASONS[terminated as keyof typeof REASONS]?.sentence ?? null),
    };
  }

  async #terminate(device: unknown): Promise<ControlAnswer> {
    // Whoever names a device means a hub's, and not this one's session.
    if (device !== undefined) {
      const what =
        'an agent listens on this socket, and it has one session, its own: name no device, or a hub’s socket by --socket';
      return refused('inputInvalid', what);
    }
    const denied = await this.#parts.tunnel.order('operator_terminated');
    return { ok: true, value: denialAnswer(denied) };
  }

  async #rebind(link: unknown): Promise<ControlAnswer> {
    const names = this.#parts.start.config.links.map(({ name }) => name);
    if (typeof link !== 'string' || !names.includes(link)) {
      return refused('linkUnknown', `"link" must be one of ${names.join(', ')}`);
    }
    return { ok: true, value: denialAnswer(await this.#parts.tunnel.rebind(link)) };
  }
}

const refused = (code: string, message: string): ControlAnswer => ({ ok: false, code, message });
