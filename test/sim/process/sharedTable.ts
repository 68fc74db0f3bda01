/**
 * What a store that several hubs share answers besides swaps: leases, and who owns a record.
 *
 * The rules are `session/ownership/grant.ts`; here they have a dictionary and a clock. When a question
 * arrives and when its answer does is the world's to decide.
 *
 * @module
 */
import type { RecordStore } from '../../../hub/compareAndSwap.ts';
import type { SharedQuestion, ToHub } from '../../../hub/messages.ts';
import { applyLease, type Grant, isOwnerEnded } from '../../../session/ownership/grant.ts';
import { LEASE_TTL_MS } from '../../../session/ownership/validity.ts';

export class SharedTable {
  readonly #records: RecordStore;
  readonly #nowMs: () => number;
  readonly #ttlMs: number;
  readonly #grants = new Map<string, Grant>();

  /** @param nowMs the store's own clock. */
  constructor(records: RecordStore, nowMs: () => number, ttlMs = LEASE_TTL_MS) {
    this.#records = records;
    this.#nowMs = nowMs;
    this.#ttlMs = ttlMs;
  }

  /** Carry out a question of the hub `hubId` now; null: it has no answer. */
  ask(hubId: string, question: SharedQuestion): ToHub | null {
    switch (question.kind) {
      case 'askLease':
        return this.#lease(hubId, question.request);
      case 'askOwner': {
        const { device, life } = question;
        const current = this.#records.read(device);
        const owner = this.#grants.get(current?.owner ?? '') ?? null;
        const isEnded = isOwnerEnded(current, owner, this.#nowMs());
        return { kind: 'owner', device, life, current, isEnded };
      }
      case 'askRelease':
        return null;
    }
  }

  #lease(
    hubId: string,
    request: Extract<SharedQuestion, { kind: 'askLease' }>['request'],
  ): ToHub | null {
    const before = this.#grants.get(hubId) ?? null;
    if (request.kind === 'revoke') {
      const { instance, number } = request;
      const isIt = before?.instance === instance && before.number === number;
      if (isIt) this.#grants.delete(hubId);
      return null;
    }
    const { grant, outcome } = applyLease(before, request, this.#nowMs(), this.#ttlMs);
    if (grant === null) this.#grants.delete(hubId);
    else this.#grants.set(hubId, grant);
    return { kind: 'leaseAnswered', requestId: request.requestId, outcome };
  }
}
