/**
 * What must hold after every step of a seat. A violation is our own bug: the seat is not used again.
 *
 * The checks themselves are in `session/invariants`, where the auditor of event streams finds them.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { overfull } from '../invariants/boundedMemory.ts';
import { overdue } from '../invariants/boundedRecovery.ts';
import { excessSwitching } from '../invariants/boundedSwitching.ts';
import { silentMove, unexplainedEnd } from '../invariants/explicit.ts';
import { openDoor } from '../invariants/failClosed.ts';
import { repeatedClaim } from '../invariants/noReplay.ts';
import { rollbackBetween, staleRecord, versionFault } from '../invariants/noRollback.ts';
import { silentReset } from '../invariants/noSilentReset.ts';
import { isServing, strayOwner } from '../invariants/oneOwner.ts';
import { strayBinding } from '../invariants/singleBinding.ts';
import { recoveryEndsAtMs, sessionEndsAtMs, transportEndsAtMs } from './deadline.ts';
import type { SeatEffect, SeatEvent } from './event.ts';
import type { SeatConfig } from './limits.ts';
import type { SessionRecord } from './record.ts';
import {
  ADDRESSES_MAX,
  CANDIDATES_MAX,
  CHANNELS_MAX,
  channelOf,
  EARLIER_MAX,
  isLive,
  type Seat,
  type Swap,
} from './state.ts';

/** As many as a policy may allow (policies/schema/resources.ts). */
const CLAIMS_MAX = 600;

export function check(
  before: Seat,
  after: Seat,
  event: SeatEvent,
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
  const { isOwner, isLeaseValid } = after;
  const hasAnsweredProbe = effects.some(isProbeAnswer);
  const served = { hasRoute: route !== null, acceptCount: after.accept.length, hasAnsweredProbe };
  refuse(strayOwner({ isServing: isServing(served), isOwner, isLeaseValid }));
  checkDoors(after);
  checkTransitions(before, after, effects);
  if (event.kind === 'tick') checkBounds(after, config);
  checkSwap(before, after, effects, config);
  checkSizes(after);
}

/** As the owner: a standby says so, and promises nothing. */
const isProbeAnswer = (effect: SeatEffect) =>
  effect.kind === 'send' && effect.frame.type === 'probeAck' && effect.frame.view !== 'standby';

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
  const reports = effects.flatMap((effect) => (effect.kind === 'report' ? [effect.event] : []));
  refuse(silentMove(before.state, after.record === null ? null : after.state, reports));
  refuse(unexplainedEnd(after.state, after.record?.terminated ?? null));
  let { hubSeq } = before;
  for (const { event, hubSeq: own } of reports) {
    if (event !== 'transition') continue;
    assert(own > hubSeq, 'I8: a transition has a hub_seq of its own');
    hubSeq = own;
  }
}

/**
 * I3: a tick has dealt with every bound that was due: the end is on its way to the store. A restarted hub
 * owns first, and what another hub does with the session is not ours to bound.
 */
function checkBounds(after: Seat, config: SeatConfig): void {
  const { record, ending } = after;
  if (!isLive(record) || ending !== null || !after.isLeaseValid || !after.isOwner) return;
  refuse(
    overdue(after.nowMs, {
      sessionEndsAtMs: sessionEndsAtMs(record, config),
      transportEndsAtMs: transportEndsAtMs(after, config),
      recoveryEndsAtMs: recoveryEndsAtMs(after, config),
    }),
  );
}

/** I9: data leaves and is taken on channels only that proved to be the session's. */
function checkDoors(after: Seat): void {
  const { route, accept, record } = after;
  const hasSession = isLive(record);
  const open = [...(route === null ? [] : [route]), ...accept];
  for (const { channelId } of open) {
    const isChannelProven = channelOf(after, channelId)?.isProven === true;
    refuse(openDoor({ isOpen: true, hasSession, isChannelProven }));
  }
  const isChannelProven = channelOf(after, after.channelId)?.isProven === true;
  assert(after.channelId === null || isChannelProven, 'I9: data goes on a proven channel only');
}

/**
 * What goes to the store is newer than what it replaces (I4) and, when it goes there first, inside the switch cap (I7). A
 * repeat is what went before: a policy that lowers the cap meanwhile does not forbid what began under a higher one.
 */
function checkSwap(
  before: Seat,
  after: Seat,
  effects: readonly SeatEffect[],
  config: SeatConfig,
): void {
  const sent = effects.filter((effect) => effect.kind === 'swap');
  assert(sent.length <= 1, 'one step sends at most one swap');
  const { swap, record } = after;
  if (swap === null || sent.length === 0 || swap === before.swap) return;
  assert(swap.record.revision === swap.expectedRevision + 1, 'a swap raises the revision by one');
  if (record === null) return;
  checkSuccessor(record, swap);
  if (swap.swapId === before.swap?.swapId) {
    assert(swap.record === before.swap.record, 'a repeat is the identical swap');
  } else if (swap.record.switchedAtMs.length > record.switchedAtMs.length) {
    refuse(excessSwitching(swap.record.switchedAtMs, config.limits.maxSwitchesPerMinute));
  }
}

function checkSuccessor(record: SessionRecord, { record: next, kind }: Swap): void {
  refuse(staleRecord(record, next));
  if (kind === 'commit') refuse(repeatedClaim(record.claim, next.claim));
  if (kind === 'commit' || kind === 'end') {
    refuse(versionFault(next.stateVersion, record.stateVersion, true));
  }
  refuse(
    silentReset({
      beforeId: record.sessionId,
      afterId: next.sessionId,
      hasEnded: kind === 'commit',
      namedId: next.previousSessionId,
    }),
  );
}

/** I11, and the dead set no alarms. */
function checkSizes(seat: Seat): void {
  refuse(
    overfull([
      { name: 'channels', size: seat.channels.length, max: CHANNELS_MAX },
      { name: 'addresses', size: seat.addresses.length, max: ADDRESSES_MAX },
      { name: 'candidates', size: seat.trial?.candidates.length ?? 0, max: CANDIDATES_MAX },
      { name: 'sources', size: seat.accept.length, max: (1 + EARLIER_MAX) * CHANNELS_MAX },
      { name: 'earlier bindings', size: seat.earlier.length, max: EARLIER_MAX },
      { name: 'claims of a minute', size: seat.claimedAtMs.length, max: CLAIMS_MAX },
    ]),
  );
  if (seat.state === 'TERMINATED' && seat.swap === null && seat.isOwner) {
    assert(seat.deadlineAtMs === null, 'the dead set no alarms');
  }
}
