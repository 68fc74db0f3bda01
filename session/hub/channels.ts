/**
 * The device's channels: a bounded list, and a handshake displaces nothing in it that was proven.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { withValidated } from './address.ts';
import type { ChannelId, SeatEvent } from './event.ts';
import { CHANNELS_MAX } from './state.ts';
import type { Turn } from './turn.ts';

export function onChannelUp(turn: Turn, event: Extract<SeatEvent, { kind: 'channelUp' }>): void {
  const { draft } = turn;
  const { channelId, handshakeHash, source } = event;
  assert(
    draft.channels.every((channel) => channel.channelId !== channelId),
    'the shell names each channel once',
  );
  const channel = { channelId, handshakeHash, isProven: false, upAtMs: draft.nowMs };
  draft.channels = [...draft.channels, channel];
  if (typeof source === 'string') {
    draft.addresses = withValidated(draft.addresses, source, draft.nowMs);
  }
  if (draft.channels.length > CHANNELS_MAX) evict(turn, channelId);
}

/** The oldest unproven one goes first; else the oldest that carries nothing. */
function evict(turn: Turn, newest: ChannelId): void {
  const { draft } = turn;
  const isSpare = (channelId: ChannelId) => channelId !== draft.channelId && channelId !== newest;
  const spare = draft.channels.filter((channel) => isSpare(channel.channelId));
  const victim = spare.find((channel) => !channel.isProven) ?? spare[0];
  assert(victim !== undefined, 'of many channels one is spare');
  turn.count('channels_full');
  turn.emit({ kind: 'dropChannel', channelId: victim.channelId, refuseForMs: 0 });
  forgetChannel(turn, victim.channelId);
}

export function forgetChannel(turn: Turn, channelId: ChannelId): void {
  const { draft } = turn;
  draft.channels = draft.channels.filter((channel) => channel.channelId !== channelId);
  if (draft.waiting?.channelId === channelId) draft.waiting = null;
  if (draft.pending?.event.channelId === channelId) draft.pending = null;
  if (draft.channelId !== channelId) return;
  // Another channel of the same process may still be there; the newest one carries on.
  draft.channelId = draft.channels.findLast((channel) => channel.isProven)?.channelId ?? null;
}
