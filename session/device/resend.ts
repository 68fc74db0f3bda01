/**
 * Which claim the ends tell each other about, and which of the hub's RECEIVED belong to it.
 *
 * What is sent again and when is decided by `session/resend`; here is what only the session knows: that a claim was
 * answered, whether the way before it is dead, and what the hub may still have sealed for other transports.
 *
 * @module
 */
import { timeoutMs } from '../liveness/rtt.ts';
import type { Received } from '../wire/frames.ts';
import { type Device, EARLIER_MAX, type OpenClaim } from './state.ts';
import type { Turn } from './turn.ts';

/** The claim is answered, so both ends have moved: before the route, so that newer data can wait. */
export function resendOver(turn: Turn, open: OpenClaim): void {
  const { draft } = turn;
  const { transportId, stateVersion } = open.claim;
  const transport = turn.transport(transportId);
  if (transport === null) return;
  const rtoMs = (id: number | null) => timeoutMs(turn.transport(id)?.liveness.rtt ?? null);
  turn.emit({
    kind: 'exchange',
    exchange: {
      stateVersion,
      round: 0,
      // A process that attaches has sealed nothing yet, and neither has the hub for its keys.
      isAsking: open.kind === 'reattach',
      drainMs: drainMs(open, rtoMs(draft.formerId)),
      transportId,
      linkKind: transport.linkKind,
      timeoutMs: rtoMs(transportId),
    },
  });
}

/** To stay: what the device sent comes before its RECEIVED, on the same way, and what the hub sent is on another. */
function drainMs({ purpose }: OpenClaim, formerTimeoutMs: number): number | null {
  if (purpose === 'recovery') return null;
  return purpose === 'stay' ? 0 : formerTimeoutMs;
}

/**
 * What the hub sealed before it learned of this claim names the binding before, or a claim of ours in between
 * whose answer was lost; sent again it comes over the new binding.
 */
export function rememberEarlier(
  turn: Turn,
  bindingId: number | null,
  answeredBefore: number,
): void {
  const { draft, nowMs } = turn;
  const untilMs = nowMs + turn.config.limits.resendMaxAgeMs;
  const claimed = draft.ownClaims
    .filter(({ stateVersion }) => stateVersion > answeredBefore)
    .map(({ transportId }) => transportId);
  const ids = new Set(bindingId === null ? claimed : [...claimed, bindingId]);
  const kept = draft.earlier.filter((one) => one.untilMs > nowMs && !ids.has(one.transportId));
  const fresh = [...ids].map((transportId) => ({ transportId, untilMs }));
  draft.earlier = [...kept, ...fresh].slice(-EARLIER_MAX);
}

/** It counts in the channel that the device has, for the newest claim or the one that was answered last. */
export function onReceived(
  turn: Turn,
  frame: Received,
  channelId: number,
  transportId: number,
): void {
  const { draft } = turn;
  if (draft.channel?.channelId !== channelId || !isOurs(draft, frame, transportId)) {
    return turn.count('received_ignored');
  }
  turn.emit({ kind: 'received', frame });
}

function isOurs(device: Device, { stateVersion }: Received, transportId: number): boolean {
  const { claim, granted, activeId, answeredVersion } = device;
  const open = claim?.claim ?? granted?.open.claim;
  if (open?.stateVersion === stateVersion) return open.transportId === transportId;
  return activeId === transportId && answeredVersion === stateVersion;
}
