/**
 * Every deadline of the device's session in one place: which are due, and which comes next.
 *
 * Whatever `step` acts on when its time has come is listed here, and a tick uses it up.
 *
 * @module
 */
import { earlier } from '../deadline.ts';
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

/**
 * When the shell must call back with a `tick`, or null if only the outside world can move us.
 *
 * Asked before and after every step, many times a second beside data: allocates nothing.
 */
export function nextDeadline(device: Device): number | null {
  switch (device.phase) {
    case 'off':
      return null;
    case 'reserving':
      // Without a version nothing can move: the write, or its repeat, is all there is to wait for.
      return device.retryWriteAtMs;
    case 'running':
      return earlier(device.retryWriteAtMs, running(device));
  }
}

/** When a session that goes on meets the first of its bounds, or null. Allocates nothing. */
export function boundAtMs(device: Device): number | null {
  if (device.phase !== 'running' || device.state === 'TERMINATED') return null;
  const waitsMs = earlier(device.recoveryDeadlineAtMs, device.birthDeadlineAtMs);
  return earlier(earlier(device.sessionEndsAtMs, device.transportTtlAtMs), waitsMs);
}

function running(device: Device): number | null {
  if (device.state === 'TERMINATED') return hasUsable(device) ? device.reopenAtMs : null;
  let nextMs = carriesData(device.state) ? carrying(device) : seeking(device);
  nextMs = earlier(nextMs, boundAtMs(device));
  nextMs = earlier(nextMs, device.claim?.repeatAtMs ?? null);
  nextMs = earlier(nextMs, device.handshake?.repeatAtMs ?? null);
  for (const { probeAtMs, keepaliveAtMs, liveness } of device.transports) {
    nextMs = earlier(nextMs, probeAtMs);
    nextMs = earlier(nextMs, keepaliveAtMs);
    nextMs = earlier(nextMs, nextTimeoutMs(liveness));
  }
  return nextMs;
}

function carrying(device: Device): number | null {
  let nextMs = earlier(device.reviewAtMs, quietAtMs(device));
  nextMs = earlier(nextMs, device.nextChannel?.repeatAtMs ?? null);
  nextMs = earlier(nextMs, device.mtuNotice?.repeatAtMs ?? null);
  return device.formerId === null ? nextMs : earlier(nextMs, device.formerUntilMs);
}

/** A wait that is over holds nobody up: what is missing then is an event, not time. */
function seeking(device: Device): number | null {
  let nextMs = device.slotAtMs;
  if (device.claim !== null) return nextMs;
  const waits = [device, ...device.transports].map(({ claimNotBeforeMs }) => claimNotBeforeMs);
  for (const atMs of waits) if (atMs > device.nowMs) nextMs = earlier(nextMs, atMs);
  return nextMs;
}

/** Without a link no session is opened: each attempt would cost flash and end in vain. */
export function hasUsable(device: Device): boolean {
  return device.transports.some((transport) => transport.unusable === null);
}
