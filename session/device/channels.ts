/**
 * Channels under the session: the first one, the next one, and none at all.
 *
 * Handshakes never move a binding. While data flows, a new channel takes over only after the hub has
 * seen proof, inside it, of the process that holds the session (ROTATE); without a binding the newest
 * channel is the one to claim with (docs/protocol.md, "Channel and keys").
 *
 * @module
 */

import { assert } from '../assert.ts';
import { hexToBytes } from '../bytes.ts';
import { CALM_TIMEOUT_MIN_MS, onProven } from '../liveness/liveness.ts';
import { timeoutMs } from '../liveness/rtt.ts';
import { prove } from '../proof.ts';
import { carriesData } from '../transitions.ts';
import { schedule } from './cadence.ts';
import { die } from './die.ts';
import type { ChannelId, DeviceEvent } from './event.ts';
import { renew } from './handshake.ts';
import { isCalm, onBindingBack, probeNow } from './probes.ts';
import type { Channel } from './state.ts';
import type { Turn } from './turn.ts';

const ROTATE_PAUSE_MAX_MS = 5_000;

export function onChannelUp(turn: Turn, event: DeviceEvent & { kind: 'channelUp' }): void {
  const { draft } = turn;
  const { channelId, handshakeHash, transportId } = event;
  draft.handshake = null;
  turn.report('notice', 'channel_established', { transportId });
  const channel = { channelId, handshakeHash, isBound: false, isDue: false };
  dropNext(turn);
  // A granted claim counts like a binding: the hub knows the channel it was granted on.
  if (carriesData(draft.state) || draft.granted !== null) {
    draft.nextChannel = { ...channel, tries: 0, repeatAtMs: turn.nowMs };
    return;
  }
  takeOver(turn, channel);
  for (const transport of draft.transports) {
    if (transport.transportId === transportId) schedule(turn, transportId);
    else probeNow(turn, transport.transportId);
  }
}

/**
 * The newest channel is the one to claim with. What the hub sealed under the one it replaces may
 * still be on its way, so those keys stay until the next replacement.
 *
 * ◆ An answer in the keys before does not count any more, so a claim that is open is asked in these at once.
 */
function takeOver(turn: Turn, channel: Channel): void {
  const { draft } = turn;
  const old = draft.channel;
  draft.channel = channel;
  if (draft.claim !== null)
    draft.claim = { ...draft.claim, sendsInChannel: 0, repeatAtMs: turn.nowMs };
  if (old === null) return;
  if (!old.isBound) return turn.emit({ kind: 'dropChannel', channelId: old.channelId });
  dropFormer(turn);
  draft.formerChannelId = old.channelId;
}

/** Prove in the new channel that we hold the session; repeat until the hub says ROTATED. */
export function rotate(turn: Turn): void {
  const { draft } = turn;
  const next = draft.nextChannel;
  if (next === null || next.repeatAtMs > turn.nowMs || draft.activeId === null) return;
  assert(
    draft.memoryKey !== null && draft.sessionId !== null,
    'a binding has a session and its key',
  );
  const proof = prove('rotate', draft.memoryKey, next.handshakeHash, hexToBytes(draft.sessionId));
  turn.emit({
    kind: 'send',
    channelId: next.channelId,
    transportId: draft.activeId,
    frame: { type: 'rotate', sessionId: draft.sessionId, proof },
  });
  const rtoMs = timeoutMs(turn.transport(draft.activeId)?.liveness.rtt ?? null);
  // The old channel carries meanwhile: where nobody is in a hurry, an answer may be late.
  const leastMs = isCalm(turn) ? CALM_TIMEOUT_MIN_MS : 0;
  const pauseMs = Math.min(ROTATE_PAUSE_MAX_MS, Math.max(leastMs, rtoMs * 1.5 ** next.tries));
  draft.nextChannel = { ...next, tries: next.tries + 1, repeatAtMs: turn.nowMs + pauseMs };
}

/** The binding died while a new channel waited for ROTATED, which may be what was lost: claim with it. */
export function adoptNext(turn: Turn): void {
  const { draft } = turn;
  if (draft.nextChannel === null) return;
  const { channelId, handshakeHash, isDue } = draft.nextChannel;
  draft.nextChannel = null;
  takeOver(turn, { channelId, handshakeHash, isBound: false, isDue });
}

export function onRotated(
  turn: Turn,
  sessionId: string,
  channelId: ChannelId,
  transportId: number,
): void {
  const { draft } = turn;
  const next = draft.nextChannel;
  if (next === null || next.channelId !== channelId || sessionId !== draft.sessionId) return;
  const { handshakeHash, isDue } = next;
  draft.nextChannel = null;
  takeOver(turn, { channelId, handshakeHash, isBound: true, isDue });
  turn.report('notice', 'channel_rotated');
  // A hub that was restarted meanwhile takes the proof and knows nothing else of us.
  draft.hubMtuBytes = null;
  draft.hubNoticeMs = null;
  draft.mtuNotice = null;
  if (draft.activeId !== null) {
    turn.emit({ kind: 'route', route: { channelId, transportId: draft.activeId } });
  }
  if (transportId === draft.activeId) proveBinding(turn, transportId);
}

/** ◆ ROTATE out, ROTATED in: what was asked in the keys before may have met a hub that had lost them. */
function proveBinding(turn: Turn, transportId: number): void {
  const transport = turn.transport(transportId);
  if (transport === null) return;
  const { isDoubted, unansweredSinceMs } = transport.liveness;
  turn.change(transportId, { liveness: onProven(transport.liveness, turn.nowMs) });
  if (isDoubted) onBindingBack(turn, unansweredSinceMs);
}

/** The keys want to be replaced: shake hands on the binding, data goes on meanwhile. */
export function onChannelDue(turn: Turn, channelId: ChannelId): void {
  const { draft } = turn;
  if (draft.channel?.channelId === channelId) draft.channel = { ...draft.channel, isDue: true };
  if (draft.nextChannel?.channelId === channelId)
    draft.nextChannel = { ...draft.nextChannel, isDue: true };
  renew(turn);
}

export function onChannelGone(turn: Turn, channelId: ChannelId): void {
  const { draft } = turn;
  if (draft.nextChannel?.channelId === channelId) draft.nextChannel = null;
  if (draft.formerChannelId === channelId) draft.formerChannelId = null;
  if (draft.channel?.channelId !== channelId) return;
  draft.channel = null;
  if (carriesData(draft.state)) die(turn, 'channel_expired');
}

/** Forget every key that the hub gave us. */
export function dropChannels(turn: Turn): void {
  const { draft } = turn;
  dropNext(turn);
  dropFormer(turn);
  if (draft.channel !== null)
    turn.emit({ kind: 'dropChannel', channelId: draft.channel.channelId });
  draft.channel = null;
}

function dropFormer(turn: Turn): void {
  const { formerChannelId } = turn.draft;
  if (formerChannelId !== null) turn.emit({ kind: 'dropChannel', channelId: formerChannelId });
  turn.draft.formerChannelId = null;
}

function dropNext(turn: Turn): void {
  const { nextChannel } = turn.draft;
  if (nextChannel !== null) turn.emit({ kind: 'dropChannel', channelId: nextChannel.channelId });
  turn.draft.nextChannel = null;
}
