/**
 * The device's session: event in, next state and effects out. Same inputs, same output, always.
 *
 * No sockets, clocks, timers, randomness or logging in this folder. After an InvariantError nothing
 * of the state may be used: the shell ends the process, and what is durable is enough to go on.
 *
 * @module
 */
import { assert, unreachable } from '../assert.ts';
import { onHeard } from '../liveness/liveness.ts';
import type { Frame } from '../wire/frames.ts';
import { onAttached, onReattached } from './attach.ts';
import { onBoot } from './boot.ts';
import { onChannelDue, onChannelGone, onChannelUp, onRotated, rotate } from './channels.ts';
import { check } from './check.ts';
import { repeatClaim } from './claims.ts';
import { expire, nextDeadline } from './deadlines.ts';
import { die } from './die.ts';
import { onEndWanted, reopen } from './end.ts';
import type { DeviceEffect, DeviceEvent } from './event.ts';
import { renew } from './handshake.ts';
import type { DeviceConfig } from './limits.ts';
import { onLinks } from './links.ts';
import { fitMtu, onMtu, tellMtu } from './mtu.ts';
import { onPolicy } from './newPolicy.ts';
import { doubtQuiet, onTraffic } from './pace.ts';
import { tellUnanswered } from './portal.ts';
import { judge, onHearsay, onLate, onProbeAck, probeDue, probeNow } from './probes.ts';
import { pursue } from './pursue.ts';
import { onRebind } from './rebind.ts';
import { onChallenge, onReject, onTerminate } from './refusals.ts';
import { onReceived } from './resend.ts';
import { onSpent, review } from './review.ts';
import { onPersisted, reserveAhead, retryWrite } from './save.ts';
import type { Device } from './state.ts';
import { Turn } from './turn.ts';

export interface Step {
  readonly device: Device;
  readonly effects: readonly DeviceEffect[];
}

/** Advance by one event. `event.atMs` is monotonic and counts suspended time. */
export function step(before: Device, event: DeviceEvent, config: DeviceConfig): Step {
  assert(event.atMs >= before.nowMs, 'time does not run backwards');
  assert((before.phase === 'off') === (event.kind === 'boot'), 'boot comes first and once');
  const turn = new Turn(before, event.atMs, config);
  const dueAtMs = event.atMs > before.nowMs ? nextDeadline(before) : null;
  if (dueAtMs !== null) onLate(turn, event.atMs - dueAtMs);
  // What slept past a bound has met it: nothing that came meanwhile is heard before that.
  expire(turn);
  dispatch(turn, event);
  settleTime(turn);
  const device: Device = turn.draft;
  check(before, device, event, turn.effects, config);
  if (event.kind === 'tick') {
    const deadlineMs = nextDeadline(device);
    assert(
      deadlineMs === null || deadlineMs > event.atMs,
      'a tick uses up every deadline that is due',
    );
  }
  return { device, effects: turn.effects };
}

function dispatch(turn: Turn, event: DeviceEvent): void {
  switch (event.kind) {
    case 'boot':
      return onBoot(turn, event);
    case 'links':
      return onLinks(turn, event.links);
    case 'channelUp':
      return onChannelUp(turn, event);
    case 'channelDue':
      return onChannelDue(turn, event.channelId);
    case 'channelGone':
      return onChannelGone(turn, event.channelId);
    case 'frame':
      return onFrame(turn, event.frame, event.channelId, event.transportId);
    case 'traffic':
      return onTraffic(turn, event);
    case 'sendFailed':
      return onSendFailed(turn, event.transportId);
    case 'hearsay':
      return onHearsay(turn, event.linkName);
    case 'persisted':
      return onPersisted(turn, event.ticket, event.isDurable);
    case 'terminate':
      return onEndWanted(turn, event.reasonCode);
    case 'rebind':
      return onRebind(turn, event.linkName);
    case 'spent':
      return onSpent(turn, event.linkName);
    case 'policy':
      return onPolicy(turn, event);
    case 'ask':
      return turn.draft.activeId === null ? undefined : probeNow(turn, turn.draft.activeId);
    case 'tick':
      return;
    default:
      return unreachable(event);
  }
}

/** Everything whose time has come, in order of consequence: the dead need no retry. */
function settleTime(turn: Turn): void {
  const { draft } = turn;
  if (draft.phase === 'off') return;
  fitMtu(turn);
  retryWrite(turn);
  judge(turn);
  tellUnanswered(turn);
  expire(turn); // a binding that has just died may have no time left
  reopen(turn);
  pursue(turn);
  carry(turn);
  doubtQuiet(turn);
  probeDue(turn);
  review(turn);
  reserveAhead(turn);
}

/** Repeats that run while data flows: an open plan, a rotation and its handshake. */
function carry(turn: Turn): void {
  const { draft } = turn;
  if (draft.activeId === null) return;
  if (draft.claim !== null && draft.claim.repeatAtMs <= turn.nowMs) repeatClaim(turn);
  renew(turn);
  rotate(turn);
  tellMtu(turn);
}

function onFrame(turn: Turn, frame: Frame, channelId: number, transportId: number): void {
  const transport = turn.transport(transportId);
  if (transport !== null)
    turn.change(transportId, { liveness: onHeard(transport.liveness, turn.nowMs) });
  switch (frame.type) {
    case 'attached':
      return onAttached(turn, frame, channelId, transportId);
    case 'reattached':
      return onReattached(turn, frame, channelId, transportId);
    case 'reject':
      return onReject(turn, frame);
    case 'probeAck':
      return onProbeAck(turn, frame, channelId, transportId);
    case 'terminate':
      return onTerminate(turn, frame);
    case 'challenge':
      return onChallenge(turn, frame, channelId, transportId);
    case 'rotated':
      return onRotated(turn, frame.sessionId, channelId, transportId);
    case 'mtu':
      return onMtu(turn, frame, channelId, transportId);
    case 'received':
      return onReceived(turn, frame, channelId, transportId);
    default:
      turn.count('unknown_frame');
  }
}

function onSendFailed(turn: Turn, transportId: number): void {
  if (transportId === turn.draft.activeId) die(turn, 'local_send_error');
  else turn.count('local_send_error');
}
