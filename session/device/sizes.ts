/**
 * How much the device's state holds, and how much it may (I11): nothing of it grows with time or with what a peer
 * sends.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { overSize } from '../invariants/boundedMemory.ts';
import { LATE_MAX, OUTCOMES_MAX, OUTSTANDING_MAX } from '../liveness/liveness.ts';
import { REASONS } from '../reasons.ts';
import { ROUTES_MAX } from '../wire/field.ts';
import { type Device, EARLIER_MAX } from './state.ts';

/** Longest list of past things that the state keeps. */
const HISTORY_MAX = 64;
/** 16 links × 8 endpoints: what a configuration can name (docs/configuration.md). */
export const TRANSPORTS_MAX = 128;
/** Reason codes, and the fewer codes of what is counted without an event. */
const COUNTERS_MAX = Object.keys(REASONS).length + HISTORY_MAX;

export function checkSizes(before: Device, device: Device): void {
  for (const { liveness } of device.transports) {
    refuse('outstanding probes', liveness.outstanding.length, OUTSTANDING_MAX);
    refuse('late probes', liveness.late.length, LATE_MAX);
    refuse('outcomes of probes', liveness.outcomes.length, OUTCOMES_MAX);
  }
  refuse('transports', device.transports.length, TRANSPORTS_MAX);
  refuse('tried transports', device.triedIds.length, HISTORY_MAX);
  refuse('withheld links', device.withheldFor.length, TRANSPORTS_MAX);
  refuse('remembered recoveries', device.recoveriesMs.length, HISTORY_MAX);
  refuse('earlier transports', device.earlier.length, EARLIER_MAX);
  refuse('remembered claims', device.ownClaims.length, HISTORY_MAX);
  refuse('remembered switches', device.switchedAtMs.length, HISTORY_MAX);
  refuse('routes', device.routes.length, ROUTES_MAX);
  if (device.counters === before.counters) return;
  refuse('counters', Object.keys(device.counters).length, COUNTERS_MAX);
}

function refuse(name: string, size: number, max: number): void {
  const fault = overSize(name, size, max);
  assert(fault === null, fault ?? '');
}
