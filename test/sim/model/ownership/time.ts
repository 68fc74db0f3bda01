/**
 * Time passes: to the end of a lease, or by a moment.
 *
 * What counts is which comes first, so time is spent in two ways only. In a lapse the named hubs hear nothing from the
 * store and nothing of theirs arrives, until the first of their leases ends, at the hub or in the store; the others renew
 * at once whenever they want to. Every hub acts on its deadlines at the very moment; a process that is stopped for a while
 * is one whose messages are late.
 *
 * @module
 */
import { leaseDeadline } from '../../../../session/ownership/lease.ts';
import { apply, isLease, tell } from './delivery.ts';
import type { Parts } from './parts.ts';
import { feedLease, feedSeat } from './process.ts';
import { type Ask, HUBS, type Hub, type Message, NOW_MS, type State, TTL_MS } from './state.ts';

/** A lapse that meets more deadlines than this is a machine that spins. */
const STEPS_MAX = 100;

const configOf = ({ name, life }: Hub) => ({ instance: `${name}${life}`, ttlMs: TTL_MS });

export function hasLease(parts: Parts, state: State, index: number): boolean {
  const { process } = parts.hubs.at(state.hubs[index]!);
  const isHeld = process !== null && process.lease.validUntilMs !== null;
  return isHeld || (parts.stores.at(state.store).grants[index] ?? null) !== null;
}

export function lapse(parts: Parts, before: State, silent: readonly number[]): State {
  let state = before;
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const was = silent.filter((index) => isHere(parts, state, index)).length;
    const had = silent.filter((index) => isThere(parts, state, index)).length;
    state = pass(parts, state, nextMs(parts, state), silent);
    const is = silent.filter((index) => isHere(parts, state, index)).length;
    const has = silent.filter((index) => isThere(parts, state, index)).length;
    if (is < was || has < had) return state;
  }
  throw new Error('no lease ends');
}

function isHere(parts: Parts, state: State, index: number): boolean {
  return (parts.hubs.at(state.hubs[index]!).process?.lease.validUntilMs ?? null) !== null;
}

function isThere(parts: Parts, state: State, index: number): boolean {
  return (parts.stores.at(state.store).grants[index] ?? null) !== null;
}

/** How long until somebody has a deadline. */
export function nextMs(parts: Parts, state: State): number {
  const ofHubs = state.hubs.map((number) => {
    const hub = parts.hubs.at(number);
    return hub.process === null ? null : leaseDeadline(hub.process.lease, configOf(hub));
  });
  const ofStore = parts.stores.at(state.store).grants.map((grant) => grant?.endsAtMs ?? null);
  const due = [...ofHubs, ...ofStore].filter((atMs) => atMs !== null);
  return Math.max(1, Math.min(...due) - NOW_MS);
}

/** Let `ms` pass in one go, and whose deadline it is act. `silent` hubs and those without a lease reach nobody. */
export function pass(parts: Parts, before: State, ms: number, silent: readonly number[]): State {
  const store = parts.stores.at(before.store);
  const grants = store.grants.map((grant) =>
    grant === null || grant.endsAtMs - ms <= NOW_MS
      ? null
      : { ...grant, endsAtMs: grant.endsAtMs - ms },
  );
  let state: State = { ...before, store: parts.stores.add({ ...store, grants }) };
  for (const index of HUBS.keys()) {
    const isRenewing = !silent.includes(index) && isHere(parts, state, index);
    const wasAsking = leaseAsk(parts, state, index);
    state = tell(parts, state, index, `time ${ms}`, (hub) => feedLease(hub, { kind: 'tick' }, ms));
    const asking = leaseAsk(parts, state, index);
    if (isRenewing && asking !== null && asking !== wasAsking) state = renewed(parts, state, index);
  }
  return state;
}

function leaseAsk(parts: Parts, state: State, index: number): Ask | null {
  const { name, life } = parts.hubs.at(state.hubs[index]!);
  const isMine = (message: Message): message is Ask =>
    message.kind === 'ask' &&
    message.hub === name &&
    message.life === life &&
    !message.isOrphan &&
    isLease(message);
  return parts.nets.at(state.net).find(isMine) ?? null;
}

function renewed(parts: Parts, state: State, index: number): State {
  const ask = leaseAsk(parts, state, index)!;
  const applied = apply(parts, state, ask);
  const answer = parts.nets
    .at(applied.net)
    .find(
      (message) =>
        message.kind === 'answer' && message.what === 'lease' && message.hub === HUBS[index],
    );
  if (answer?.kind !== 'answer') throw new Error('the store answers');
  const net = parts.netNumber(parts.nets.at(applied.net).filter((message) => message !== answer));
  return heardLease(parts, { ...applied, net }, index, answer.outcome);
}

/** The answer to the lease request that is waited for. */
export function heardLease(parts: Parts, state: State, index: number, outcome: string): State {
  return tell(parts, state, index, `lease ${outcome}`, (hub) => {
    const requestId = hub.process?.lease.requests ?? 0;
    if (outcome !== 'granted' && outcome !== 'refused')
      throw new Error(`a lease is not ${outcome}`);
    return feedLease(hub, { kind: 'answered', requestId, outcome });
  });
}

/** The answer to the swap that is waited for. */
export function heardSwap(
  parts: Parts,
  state: State,
  index: number,
  outcome: 'committed' | 'mismatch' | 'unknown',
  record = -1,
): State {
  return tell(parts, state, index, `swap ${outcome} ${record}`, (hub) => {
    const swapId = hub.process?.seat.swap?.swapId ?? 0;
    return feedSeat(hub, { kind: 'swapped', swapId, outcome, current: parts.recordAt(record) });
  });
}
