/**
 * Every deadline of the device's session in one place: which are due, and which comes next.
 *
 * Whatever `step` acts on when its time has come is listed here, and a tick uses it up.
 *
 * @module
 */
import { nextTimeoutMs } from '../liveness/liveness.ts';
import { carriesData } from '../transitions.ts';
import { acceptList } from './die.ts';
import { end } from './end.ts';
import { quietAtMs } from './pace.ts';
import type { Device } from './state.ts';
import type { Turn } from './turn.ts';

/** End what has outlived its bound (I3), the most consequential bound first. */
export function expire(turn: Turn): void {
  const { draft } = turn;
  if (draft.phase !== 'running' || draft.state === 'TERMINATED') return;
  const due = (atMs: number | null) => atMs !== null && atMs <= turn.nowMs;
  if (due(draft.sessionEndsAtMs)) return end(turn, 'session_ttl_expired', 'session_ttl_expired');
  if (due(draft.transportTtlAtMs))
    return end(turn, 'transport_ttl_expired', 'transport_ttl_expired');
  if (due(draft.recoveryDeadlineAtMs))
    return end(turn, 'recovery_window_exceeded', 'recovery_window_exceeded');
  if (due(draft.birthDeadlineAtMs))
    return end(turn, 'birth_deadline_exceeded', 'birth_deadline_exceeded');
  if (draft.formerId !== null && carriesData(draft.state) && draft.formerUntilMs <= turn.nowMs) {
    draft.formerId = null;
    turn.emit(acceptList(draft));
  }
}

/** When the shell must call back with a `tick`, or null if only the outside world can move us. */
export function nextDeadline(device: Device): number | null {
  let nextMs: number | null = null;
  for (const atMs of armed(device)) {
    if (atMs !== null && (nextMs === null || atMs < nextMs)) nextMs = atMs;
  }
  return nextMs;
}

function armed(device: Device): readonly (number | null)[] {
  switch (device.phase) {
    case 'off':
      return [];
    case 'reserving':
      // Without a version nothing can move: the write, or its repeat, is all there is to wait for.
      return [device.retryWriteAtMs];
    case 'running':
      return [device.retryWriteAtMs, ...running(device)];
  }
}

function running(device: Device): readonly (number | null)[] {
  if (device.state === 'TERMINATED') return [hasUsable(device) ? device.reopenAtMs : null];
  return [
    device.sessionEndsAtMs,
    device.transportTtlAtMs,
    device.recoveryDeadlineAtMs,
    device.birthDeadlineAtMs,
    device.claim?.repeatAtMs ?? null,
    device.handshake?.repeatAtMs ?? null,
    ...(carriesData(device.state) ? carrying(device) : seeking(device)),
    ...device.transports.flatMap((transport) => [
      transport.probeAtMs,
      transport.keepaliveAtMs,
      nextTimeoutMs(transport.liveness),
    ]),
  ];
}

function carrying(device: Device): readonly (number | null)[] {
  return [
    device.reviewAtMs,
    device.nextChannel?.repeatAtMs ?? null,
    device.mtuNotice?.repeatAtMs ?? null,
    quietAtMs(device),
    device.formerId === null ? null : device.formerUntilMs,
  ];
}

/** A wait that is over holds nobody up: what is missing then is an event, not time. */
function seeking(device: Device): readonly (number | null)[] {
  const isWaiting = device.claim === null && device.claimNotBeforeMs > device.nowMs;
  return [isWaiting ? device.claimNotBeforeMs : null, device.slotAtMs];
}

/** Without a link no session is opened: each attempt would cost flash and end in vain. */
export function hasUsable(device: Device): boolean {
  return device.transports.some((transport) => transport.unusable === null);
}
