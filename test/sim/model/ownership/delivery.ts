/**
 * What a hub does with news, and what the store does with requests.
 *
 * @module
 */
import { applyLease, isOwnerEnded } from '../../../../session/ownership/grant.ts';
import { isLeaseHeld } from '../../../../session/ownership/lease.ts';
import { Violation } from '../violation.ts';
import type { Parts } from './parts.ts';
import type { Out, Turn } from './process.ts';
import {
  type Ask,
  HUBS,
  type Hub,
  type Message,
  NOW_MS,
  STORE_TTL_MS,
  type State,
} from './state.ts';

const waits = (ask: Message, hub: Hub): ask is Ask =>
  ask.kind === 'ask' && ask.hub === hub.name && ask.life === hub.life && !ask.isOrphan;

/** Tell hub number `index` the news; what it sends joins the messages. */
export function tell(
  parts: Parts,
  state: State,
  index: number,
  news: string,
  run: (hub: Hub) => Turn,
): State {
  const { turn, hub } = parts.step(state.hubs[index]!, news, run);
  const hubs = state.hubs.map((number, at) => (at === index ? hub : number));
  let messages = parts.nets.at(state.net);
  for (const out of turn.outs) messages = sent(parts, { ...state, hubs }, turn.hub, out, messages);
  return { ...state, hubs, net: parts.netNumber(messages) };
}

function sent(
  parts: Parts,
  state: State,
  hub: Hub,
  out: Out,
  messages: readonly Message[],
): readonly Message[] {
  const { name, life } = hub;
  const ask = { kind: 'ask', hub: name, life, isOrphan: false } as const;
  switch (out.kind) {
    case 'acquire':
    case 'renew': {
      // The core has given up the one before: it is lost, and an answer to it would be ignored.
      const isGivenUp = (other: Message) =>
        (waits(other, hub) && isLease(other)) ||
        (other.kind === 'answer' && other.hub === name && other.what === 'lease');
      const others = messages.filter((other) => !isGivenUp(other));
      return [...others, { ...ask, what: out.kind, number: out.number }];
    }
    case 'revoke':
      return [...messages, { ...ask, what: 'revoke', number: out.number, isOrphan: true }];
    case 'swap':
      return [...messages, { ...ask, what: 'swap', number: parts.recordNumber(out.record) }];
    case 'read':
      return [...messages, { ...ask, what: 'read', number: 0 }];
    case 'release':
      return [...messages, { kind: 'release', hub: out.owner, epoch: out.epoch }];
    case 'denied': {
      if (parts.stores.at(state.store).record === null) return messages;
      throw new Violation(`I2: hub ${name} denies a session that is on record`);
    }
    case 'served': {
      if (isRightful(parts, state, hub)) return messages;
      throw new Violation(`I6: ${name} sends ${out.what} and is not the owner`);
    }
  }
}

export const isLease = (ask: Ask) => ask.what === 'acquire' || ask.what === 'renew';

/** Whether the store agrees that `hub` owns the session now, and its lease lasts. */
export function isRightful(parts: Parts, state: State, { name, process }: Hub): boolean {
  const recorded = parts.stores.at(state.store).record;
  if (process === null || recorded === null || !isLeaseHeld(process.lease, NOW_MS)) return false;
  const { record } = process.seat;
  return (
    record !== null &&
    recorded.owner === name &&
    record.owner === name &&
    recorded.ownerEpoch === record.ownerEpoch
  );
}

/** The store does what it is asked; the answer is on its way, if somebody waits. */
export function apply(parts: Parts, state: State, ask: Ask): State {
  const store = parts.stores.at(state.store);
  const at = HUBS.indexOf(ask.hub);
  const rest = without(parts, state, ask);
  const reply = (
    what: 'lease' | 'swap' | 'read',
    outcome: Extract<Message, { kind: 'answer' }>['outcome'],
    number = -1,
  ): readonly Message[] =>
    ask.isOrphan ? rest : [...rest, { kind: 'answer', hub: ask.hub, what, outcome, number }];
  const grant = store.grants[at] ?? null;
  const withGrant = (after: typeof grant) =>
    parts.stores.add({ ...store, grants: store.grants.map((g, i) => (i === at ? after : g)) });
  const instance = `${ask.hub}${ask.life}`;
  switch (ask.what) {
    case 'acquire':
    case 'renew': {
      const request = { kind: ask.what, requestId: 0, instance, number: ask.number };
      const answer = applyLease(grant, request, NOW_MS, STORE_TTL_MS);
      const net = parts.netNumber(reply('lease', answer.outcome));
      return { ...state, store: withGrant(answer.grant), net };
    }
    case 'revoke': {
      const isHeld = grant?.instance === instance && grant.number === ask.number;
      return {
        ...state,
        store: isHeld ? withGrant(null) : state.store,
        net: parts.netNumber(rest),
      };
    }
    case 'swap': {
      const record = parts.recordAt(ask.number);
      const isMatch = record !== null && (store.record?.revision ?? 0) === record.revision - 1;
      if (!isMatch) {
        const messages = reply('swap', 'mismatch', parts.recordNumber(store.record));
        return { ...state, net: parts.netNumber(messages) };
      }
      const net = parts.netNumber(reply('swap', 'committed'));
      return { ...state, store: parts.stores.add({ ...store, record }), net };
    }
    case 'read': {
      const { record } = store;
      const owner = HUBS.indexOf(record?.owner as (typeof HUBS)[number]);
      const isEnded = isOwnerEnded(record, store.grants[owner] ?? null, NOW_MS);
      const messages = reply('read', isEnded ? 'ended' : 'alive', parts.recordNumber(record));
      return { ...state, net: parts.netNumber(messages) };
    }
  }
}

export function without(parts: Parts, state: State, gone: Message): readonly Message[] {
  return parts.nets.at(state.net).filter((message) => message !== gone);
}
