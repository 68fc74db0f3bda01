/**
 * What must hold after every step of a seat. A violation is our own bug: the seat is not used again.
 *
 * The checks themselves are in `session/invariants`, where the auditor of event streams finds them.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { excessSwitching } from '../invariants/boundedSwitching.ts';
import { strayTransition } from '../invariants/explicit.ts';
import { type Clocks, rollbackBetween } from '../invariants/noRollback.ts';
import { strayOwner } from '../invariants/oneOwner.ts';
import { strayBinding } from '../invariants/singleBinding.ts';
import type { SeatEffect } from './event.ts';
import type { SeatConfig } from './limits.ts';
import { ADDRESSES_MAX, CANDIDATES_MAX, CHANNELS_MAX, isLive, type Seat } from './state.ts';

export function check(
  before: Seat,
  after: Seat,
  effects: readonly SeatEffect[],
  config: SeatConfig,
): void {
  const { record, route } = after;
  refuse(clocksBack(before, after));
  refuse(
    strayBinding({
      sendingTransportId: route?.transportId ?? null,
      recordedTransportId: isLive(record) ? record.transportId : null,
    }),
  );
  const isProbed = effects.some(
    ({ kind, frame }: SeatEffect & { frame?: { type: string; view?: string } }) =>
      kind === 'send' && frame?.type === 'probeAck' && frame.view !== 'standby',
  );
  const isServing = route !== null || after.accept.length > 0 || isProbed;
  refuse(strayOwner({ isServing, isOwner: after.isOwner, isLeaseValid: after.isLeaseValid }));
  checkTransitions(before, after, effects);
  checkSwap(before, after, effects, config);
  checkBounds(after);
}

function refuse(violation: string | null): void {
  assert(violation === null, violation ?? '');
}

function clocksBack(before: Seat, after: Seat): string | null {
  if (after.hubSeq < before.hubSeq) return 'I4: hubSeq went back';
  if (before.record === null || after.record === null) return null;
  return rollbackBetween(before.record, after.record);
}

/** I8: the view moves by reported transitions only, each with a hub_seq of its own. */
function checkTransitions(before: Seat, after: Seat, effects: readonly SeatEffect[]): void {
  let { state, hubSeq } = before;
  for (const effect of effects) {
    if (effect.kind !== 'report') continue;
    const { event } = effect;
    refuse(strayTransition(state, event));
    if (event.event !== 'transition') continue;
    assert(event.hubSeq > hubSeq, 'I8: a transition has a hub_seq of its own');
    ({ to: state, hubSeq } = event);
  }
  const isKnown = after.record !== null;
  assert(
    !isKnown || state === after.state || state === null,
    'I8: the view moved without an event',
  );
}

/** What goes to the store is newer than what it replaces (I4) and inside the switch cap (I7). */
function checkSwap(
  before: Seat,
  after: Seat,
  effects: readonly SeatEffect[],
  { limits }: SeatConfig,
): void {
  const sent = effects.filter((effect) => effect.kind === 'swap');
  assert(sent.length <= 1, 'one step sends at most one swap');
  const swap = after.swap;
  if (swap === null || sent.length === 0 || swap === before.swap) return;
  const { record } = after;
  assert(swap.record.revision === swap.expectedRevision + 1, 'a swap raises the revision by one');
  if (record === null) return;
  refuse(rollbackBetween(record as Clocks, swap.record));
  if (swap.kind === 'commit' || swap.kind === 'end') {
    const isNewer = swap.record.stateVersion > record.stateVersion;
    assert(isNewer, 'I4: a commit is newer than the record');
  }
  if (swap.record.switchedAtMs.length > record.switchedAtMs.length) {
    refuse(excessSwitching(swap.record.switchedAtMs, limits.maxSwitchesPerMinute));
  }
}

/** I11, and the dead set no alarms. */
function checkBounds(seat: Seat): void {
  assert(seat.channels.length <= CHANNELS_MAX, 'I11: channels are bounded');
  assert(seat.addresses.length <= ADDRESSES_MAX, 'I11: addresses are bounded');
  assert((seat.trial?.candidates.length ?? 0) <= CANDIDATES_MAX, 'I11: candidates are bounded');
  if (seat.state === 'TERMINATED' && seat.swap === null && seat.isOwner) {
    assert(seat.deadlineAtMs === null, 'the dead set no alarms');
  }
  const isChannelProven = seat.channels.some(
    (channel) => channel.channelId === seat.channelId && channel.isProven,
  );
  assert(seat.channelId === null || isChannelProven, 'I9: data goes on a proven channel only');
}
