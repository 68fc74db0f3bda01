/**
 * The canonical form of a device and of a seat: times relative to now, and what cannot matter left out.
 *
 * - PROBEs are moves of this world, not of the clock: their schedule, and what was measured by them, is cleared. So no
 *   quality verdict and no planned switch is part of it; that a binding dies is a move as well.
 * - Counters, the recoveries' durations, when something was heard last, whose data of before is taken and what was said of
 *   it are dropped: nothing here depends on them.
 *
 * Everything else is kept as it is, deadlines to the millisecond.
 *
 * @module
 */
import type { Device } from '../../../../session/device/state.ts';
import type { Seat } from '../../../../session/hub/seat.ts';
import { newLiveness } from '../../../../session/liveness/liveness.ts';
import { NOW_MS } from './state.ts';

/** Nobody is held back by what an address has not paid for: that is not this world's subject. */
const PLENTY_BYTES = 1_000_000;

const IS_TIME = /((At|Since|Until|NotBefore)Ms|^nowMs)$/;

/** `value` as it looks when `ms` have passed and now is called {@link NOW_MS} again. */
export function shifted<Value>(value: Value, ms: number): Value {
  return ms === 0 ? value : (shift(value, ms, false) as Value);
}

function shift(value: unknown, ms: number, isTime: boolean): unknown {
  if (typeof value === 'number') return isTime ? value - ms : value;
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((part) => shift(part, ms, isTime));
  const after: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) after[key] = shift(part, ms, IS_TIME.test(key));
  return after;
}

export function normalDevice(device: Device): Device {
  return {
    ...device,
    nowMs: NOW_MS,
    probeCount: 0,
    transports: device.transports.map((transport) => ({
      ...transport,
      liveness: newLiveness,
      probeAtMs: null,
      keepaliveAtMs: null,
    })),
    trafficAtMs: null,
    trafficBeats: 0,
    reviewAtMs: null,
    healthySinceMs: null,
    earlier: [],
    counters: {},
    recoveriesMs: [],
  };
}

export function normalSeat(seat: Seat): Seat {
  return {
    ...seat,
    nowMs: NOW_MS,
    heardAtMs: NOW_MS,
    endToldAtMs: NOW_MS,
    channels: seat.channels.map((channel) => ({ ...channel, upAtMs: NOW_MS })),
    addresses: seat.addresses.map((address) => ({
      ...address,
      receivedBytes: PLENTY_BYTES,
      sentBytes: 0,
      usedAtMs: NOW_MS,
      validatedAtMs: address.validatedAtMs === null ? null : NOW_MS,
    })),
    claimedAtMs: [],
    stayedAtMs: null,
    exchange: null,
    counters: {},
  };
}
