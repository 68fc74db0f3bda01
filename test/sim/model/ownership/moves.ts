/**
 * All that can happen next in the ownership world.
 *
 * A partition needs no move of its own: a hub that is cut off is one whose messages are not delivered for a while, and no
 * move is ever forced.
 *
 * @module
 */
import { isLeaseHeld } from '../../../../session/ownership/lease.ts';
import type { Move } from '../explorer.ts';
import { apply, isLease, tell, without } from './delivery.ts';
import { reattach } from './device.ts';
import type { Parts } from './parts.ts';
import { feedLease, feedSeat, startHub } from './process.ts';
import {
  type Ask,
  type Budget,
  HUBS,
  type Message,
  MOMENT_MS,
  NOW_MS,
  type Rest,
  type State,
} from './state.ts';
import { hasLease, heardLease, heardSwap, lapse, nextMs, pass } from './time.ts';

const SILENT: readonly (readonly number[])[] = [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]];

export function movesOf(parts: Parts, state: State, memoryKey: Uint8Array): Move<State>[] {
  const rest = parts.rests.at(state.rest);
  const { budget } = rest;
  const moves: Move<State>[] = [];
  const add = (label: string, take: () => State) => moves.push({ label, take });
  const spent = (at: State, what: keyof Budget, change: Partial<Rest> = {}): State => {
    const less = { ...budget, [what]: budget[what] - 1 };
    return { ...at, rest: parts.rests.add({ ...rest, ...change, budget: less }) };
  };

  for (const message of parts.nets.at(state.net)) {
    const text = textOf(parts, message);
    if (message.kind === 'release') {
      add(`${text} arrives`, () => released(parts, state, message));
      continue;
    }
    if (message.kind === 'answer') {
      add(`${text} arrives`, () => heard(parts, state, message));
      if (budget.unknowns > 0)
        add(`${text} is lost`, () => spent(lost(parts, state, message), 'unknowns'));
      continue;
    }
    // Whether an answer takes long matters only where time can pass in between.
    const isOneMove = isLease(message) && !message.isOrphan && budget.moments === 0;
    if (isOneMove) add(`${text} is done and answered`, () => answered(parts, state, message));
    else add(`${text} is done`, () => apply(parts, state, message));
    if (budget.unknowns === 0 || message.isOrphan || message.what === 'read') continue;
    add(`${text} is lost`, () => spent(lost(parts, state, message), 'unknowns'));
    if (message.what === 'swap')
      add(`${text} is late`, () => spent(late(parts, state, message), 'unknowns'));
  }

  for (const [index, name] of HUBS.entries()) {
    const hub = parts.hubs.at(state.hubs[index]!);
    if (hub.process === null) {
      if (hub.life === 0) continue;
      add(`hub ${name} starts`, () => started(parts, state, index));
      continue;
    }
    const claim = (at: State, version: number) =>
      tell(parts, at, index, `claim ${version}`, (to) =>
        feedSeat(to, reattach(to, version, memoryKey)),
      );
    if (budget.claims > 0) {
      const version = rest.version + 1;
      add(`the device claims v${version} at hub ${name}`, () =>
        spent(claim(state, version), 'claims', { version, claimant: name }),
      );
    }
    if (rest.claimant === name && rest.version > 1)
      add(`the device repeats v${rest.version} at hub ${name}`, () => claim(state, rest.version));
    if (hub.process.seat.swap?.repeatAtMs === NOW_MS)
      add(`hub ${name} repeats its swap`, () => repeated(parts, state, index));
    if (budget.crashes > 0) {
      add(`hub ${name} crashes`, () => spent(ended(parts, state, index, false), 'crashes'));
      if (isLeaseHeld(hub.process.lease, NOW_MS))
        add(`hub ${name} stops in order`, () => spent(ended(parts, state, index, true), 'crashes'));
    }
  }
  if (budget.lapses > 0) {
    for (const silent of SILENT) {
      if (!silent.every((index) => hasLease(parts, state, index))) continue;
      const names = silent.map((index) => HUBS[index]).join(' and ');
      add(`time passes, ${names} cut off from the store`, () =>
        spent(lapse(parts, state, silent), 'lapses'),
      );
    }
  }
  if (budget.moments > 0 && nextMs(parts, state) > MOMENT_MS)
    add('a moment passes', () => spent(pass(parts, state, MOMENT_MS, []), 'moments'));
  return moves;
}

function answered(parts: Parts, state: State, ask: Ask): State {
  const done = apply(parts, state, ask);
  const answer = parts.nets
    .at(done.net)
    .find(({ kind, hub, ...rest }) => kind === 'answer' && hub === ask.hub && isOfLease(rest));
  return answer?.kind === 'answer' ? heard(parts, done, answer) : done;
}

const isOfLease = (rest: object) => 'what' in rest && rest.what === 'lease';

type Answer = Extract<Message, { kind: 'answer' }>;
type Release = Extract<Message, { kind: 'release' }>;

export function released(parts: Parts, state: State, message: Release): State {
  const net = parts.netNumber(without(parts, state, message));
  const ownerEpoch = message.epoch;
  return tell(parts, { ...state, net }, HUBS.indexOf(message.hub), `release ${ownerEpoch}`, (hub) =>
    feedSeat(hub, { kind: 'release', ownerEpoch, isMemory: true }),
  );
}

export function heard(parts: Parts, before: State, message: Answer): State {
  const state = { ...before, net: parts.netNumber(without(parts, before, message)) };
  const index = HUBS.indexOf(message.hub);
  const { what, outcome, number } = message;
  if (what === 'lease') return heardLease(parts, state, index, outcome);
  if (what === 'swap') {
    return heardSwap(parts, state, index, outcome === 'committed' ? outcome : 'mismatch', number);
  }
  return tell(parts, state, index, `read ${outcome} ${number}`, (hub) =>
    feedSeat(hub, {
      kind: 'owner',
      current: parts.recordAt(number),
      isEnded: outcome === 'ended',
    }),
  );
}

/** Gone for good. A swap's sender is told `unknown`; a lease's finds out by itself. */
function lost(parts: Parts, before: State, message: Ask | Answer): State {
  const state = { ...before, net: parts.netNumber(without(parts, before, message)) };
  return message.what === 'swap'
    ? heardSwap(parts, state, HUBS.indexOf(message.hub), 'unknown')
    : state;
}

/** Its sender is told `unknown`, and it is done some time later. */
function late(parts: Parts, before: State, message: Ask): State {
  const others = without(parts, before, message);
  const net = parts.netNumber([...others, { ...message, isOrphan: true }]);
  return heardSwap(parts, { ...before, net }, HUBS.indexOf(message.hub), 'unknown');
}

export function repeated(parts: Parts, state: State, index: number): State {
  return tell(parts, state, index, 'repeat', (hub) => feedSeat(hub, { kind: 'tick' }));
}

export function started(parts: Parts, state: State, index: number): State {
  const { record } = parts.stores.at(state.store);
  const number = parts.recordNumber(record);
  return tell(parts, state, index, `start ${number}`, ({ name, life }) =>
    startHub(name, life + 1, record),
  );
}

/** What it has sent may still be done; what is on its way to it is not heard. */
function ended(parts: Parts, before: State, index: number, isInOrder: boolean): State {
  const state = isInOrder
    ? tell(parts, before, index, 'stop', (hub) => feedLease(hub, { kind: 'stop' }))
    : before;
  const name = HUBS[index];
  const hub = { ...parts.hubs.at(state.hubs[index]!), process: null };
  const messages = parts.nets
    .at(state.net)
    .filter(
      (message) => message.hub !== name || (message.kind === 'ask' && message.what !== 'read'),
    )
    .map((message) =>
      message.hub === name && message.kind === 'ask' ? { ...message, isOrphan: true } : message,
    );
  const hubs = state.hubs.map((number, at) => (at === index ? parts.hubs.add(hub) : number));
  return { ...state, hubs, net: parts.netNumber(messages) };
}

function textOf(parts: Parts, message: Message): string {
  if (message.kind === 'release') return `"release epoch ${message.epoch}" to hub ${message.hub}`;
  const { hub, what, number } = message;
  if (message.kind === 'answer') return `hub ${hub}'s answer "${what} ${message.outcome}"`;
  if (isLease(message)) return `hub ${hub}${message.life}'s ${what} ${number}`;
  if (what !== 'swap') return `hub ${hub}${message.life}'s ${what}`;
  const record = parts.recordAt(number);
  return `hub ${hub}${message.life}'s swap (r${record?.revision} owner "${record?.owner}" e${record?.ownerEpoch} v${record?.stateVersion})`;
}
