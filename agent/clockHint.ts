/**
 * The alarm that goes with a clock hint.
 *
 * @module
 */
import type { AuditEvent } from '../session/audit.ts';
import type { Device } from '../session/device/state.ts';

/** Said aloud: a device that lost clock and flash has recovered, and somebody should know why. */
export function clockHintEvent(device: Device, key: string, seenMs: number): AuditEvent {
  return {
    event: 'alarm',
    atMs: device.nowMs,
    reasonCode: 'clock_hint_used',
    device: key,
    sessionId: device.sessionId,
    from: null,
    to: null,
    stateVersion: device.stateVersion,
    hubSeq: 0,
    ownerEpoch: 0,
    transport: null,
    detail: { seenAt: new Date(seenMs).toISOString() },
  };
}
