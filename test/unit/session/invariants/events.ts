/**
 * Events for the watches: a blank one, and what tests change of it.
 *
 * @module
 */
import type { WatchedEvent } from '../../../../session/invariants/watchedEvent.ts';
import type { State } from '../../../../session/transitions.ts';

export const event = (change: Partial<WatchedEvent> = {}): WatchedEvent => ({
  event: 'notice',
  atMs: 0,
  reasonCode: 'link_changed',
  device: 'key',
  sessionId: 's1',
  from: null,
  to: null,
  stateVersion: 1,
  hubSeq: 1,
  ownerEpoch: 1,
  transport: null,
  detail: {},
  ...change,
});

export const move = (
  from: State,
  to: State,
  atMs: number,
  change: Partial<WatchedEvent> = {},
): WatchedEvent =>
  event({ event: 'transition', reasonCode: 'reattach_accepted', from, to, atMs, ...change });

export const restarted = (atMs: number): WatchedEvent =>
  event({ reasonCode: 'agent_restarted', atMs });

export const claimOf = (stateVersion: number, nonce = `${stateVersion}`) => ({
  sessionId: 's1',
  stateVersion,
  transportId: 1,
  nonce,
});
