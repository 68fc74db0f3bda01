/**
 * Leases and questions about owners, in the store that several hubs share: the rules are those of
 * `session/ownership/grant.ts`, the delays and losses are the scenario's.
 *
 * @module
 */
import type { SharedQuestion, ToHub } from '../../../hub/messages.ts';
import type { LeaseRequest } from '../../../session/ownership/event.ts';
import { applyLease, type Grant, isOwnerEnded } from '../../../session/ownership/grant.ts';
import { LEASE_TTL_MS } from '../../../session/ownership/validity.ts';
import type { SharedStore } from '../process/hubProcess.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { SimStore } from './simStore.ts';

const LATE_MS_MAX = 6_000;
const REFUSED_MS_MAX = 300;
/** From hub to hub. */
const NEIGHBOUR_MS_MAX = 20;

type Question<Kind extends SharedQuestion['kind']> = Extract<SharedQuestion, { kind: Kind }>;

export class SimSharedStore implements SharedStore {
  readonly ttlMs = LEASE_TTL_MS;
  /** A hub asks another one to release a record. */
  onRelease: (question: Question<'askRelease'>) => void = () => {};
  readonly #world: World;
  readonly #random: Random;
  readonly #store: SimStore;
  readonly #grants = new Map<string, Grant>();

  constructor(world: World, random: Random, store: SimStore) {
    this.#world = world;
    this.#random = random;
    this.#store = store;
  }

  ask(hubId: string, question: SharedQuestion, answer: (message: ToHub) => void): void {
    switch (question.kind) {
      case 'askLease':
        return this.#onLease(hubId, question, answer);
      case 'askOwner':
        return this.#onOwner(hubId, question, answer);
      case 'askRelease':
        return this.#onRelease(hubId, question);
    }
  }

  /** The question is laid down in the store, where the other hub finds it: both have to reach it. */
  #onRelease(hubId: string, question: Question<'askRelease'>): void {
    this.#carryOut(hubId, () => {
      this.#store.saw('release asked');
      this.#world.after(this.#random.below(NEIGHBOUR_MS_MAX), () => {
        if (this.#store.isReachable(question.owner)) this.onRelease(question);
        else this.#store.saw('release unheard');
      });
      return null;
    });
  }

  #onLease(hubId: string, { request }: Question<'askLease'>, answer: (m: ToHub) => void): void {
    if (request.kind === 'revoke') {
      return this.#carryOut(hubId, () => {
        const { instance, number } = request;
        const held = this.#grants.get(hubId);
        if (held?.instance === instance && held.number <= number) this.#grants.delete(hubId);
        return null;
      });
    }
    // A connection that is refused is known at once; one that hangs is not known at all.
    if (!this.#store.isReachable(hubId) && this.#random.chance(50)) {
      const { requestId } = request;
      return this.#world.after(this.#random.below(REFUSED_MS_MAX), () =>
        answer({ kind: 'leaseAnswered', requestId, outcome: 'unknown' }),
      );
    }
    this.#carryOut(hubId, () => {
      const outcome = this.#grant(hubId, request);
      return () => answer({ kind: 'leaseAnswered', requestId: request.requestId, outcome });
    });
  }

  #grant(hubId: string, request: LeaseRequest): 'granted' | 'refused' {
    const before = this.#grants.get(hubId) ?? null;
    const { grant, outcome } = applyLease(before, request, this.#world.nowMs, this.ttlMs);
    if (grant === null) this.#grants.delete(hubId);
    else this.#grants.set(hubId, grant);
    this.#store.saw(`lease ${request.kind} ${outcome}`);
    return outcome;
  }

  #onOwner(
    hubId: string,
    { device, life }: Question<'askOwner'>,
    answer: (m: ToHub) => void,
  ): void {
    this.#carryOut(hubId, () => {
      const current = this.#store.record(device);
      const grant = current === null ? null : (this.#grants.get(current.owner) ?? null);
      const isEnded = isOwnerEnded(current, grant, this.#world.nowMs);
      this.#store.saw(isEnded ? 'owner ended' : 'owner asked');
      return () => answer({ kind: 'owner', device, life, current, isEnded });
    });
  }

  /** `work` at the store, then its answer on the way back; either may be late or lost. */
  #carryOut(hubId: string, work: () => (() => void) | null): void {
    const store = this.#store;
    const random = this.#random;
    if (!store.isReachable(hubId)) return store.saw('lease store unreachable');
    const { latePercent, lostAnswerPercent } = store.conditions;
    const isLate = random.chance(latePercent);
    const thereMs = isLate ? random.below(LATE_MS_MAX) : this.#tookMs();
    this.#world.after(thereMs, () => {
      const answer = work();
      if (answer === null || !store.isReachable(hubId)) return;
      if (random.chance(lostAnswerPercent)) return;
      this.#world.after(this.#tookMs(), answer);
    });
  }

  #tookMs(): number {
    return this.#random.below(this.#store.conditions.delayMs * 4 + 1) / 8;
  }
}
