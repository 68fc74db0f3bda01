/**
 * From a state of the ownership world everything works again: does the hub that the device turns to come to serve it?
 *
 * @module
 */
import { apply, tell } from './delivery.ts';
import { reattach } from './device.ts';
import { heard, released, repeated, started } from './moves.ts';
import type { Parts } from './parts.ts';
import { feedSeat } from './process.ts';
import type { Properties } from './properties.ts';
import { NOW_MS, type State } from './state.ts';
import { nextMs, pass } from './time.ts';

/** A lease lasts nine of its shortest deadlines; two leases, and some. */
const ROUNDS_MAX = 60;
const MESSAGES_MAX = 100;

export function healed(
  parts: Parts,
  properties: Properties,
  before: State,
  target: number,
  memoryKey: Uint8Array,
): boolean {
  let state = before;
  const version = parts.rests.at(before.rest).version + 1;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    for (const [index, number] of state.hubs.entries()) {
      const { process, life } = parts.hubs.at(number);
      if (life === 0) continue;
      if (process === null) state = started(parts, state, index);
      else if (process.seat.swap?.repeatAtMs === NOW_MS) state = repeated(parts, state, index);
    }
    state = delivered(parts, state);
    if (properties.violation(state, state) !== null) return false;
    const hub = parts.hubs.at(state.hubs[target]!);
    const isThere = hub.process?.seat.record?.claim.transportId === target + 1;
    if (isThere && properties.isServing(state.hubs[target]!)) return true;
    state = tell(parts, state, target, `claim ${version}`, (to) =>
      feedSeat(to, reattach(to, version, memoryKey)),
    );
    state = delivered(parts, state);
    state = delivered(parts, pass(parts, state, nextMs(parts, state), []));
  }
  return false;
}

function delivered(parts: Parts, before: State): State {
  let state = before;
  for (let count = 0; count < MESSAGES_MAX; count++) {
    const [message] = parts.nets.at(state.net);
    if (message === undefined) return state;
    if (message.kind === 'ask') state = apply(parts, state, message);
    else if (message.kind === 'answer') state = heard(parts, state, message);
    else state = released(parts, state, message);
  }
  throw new Error('messages without end');
}
