/**
 * The canonical form of a hub: what can never matter again is made equal, and nothing else.
 *
 * - Limits of the policy are so high that no bound is ever met, so when something was heard, told, claimed, switched or created
 *   does not matter; it is now.
 * - Pauses of the seat (between two identical swaps, between two questions about an owner) count as over: that allows more
 *   than the real seat does, never less.
 * - Ids that only tie an answer to its question are renamed: at most one swap and one lease request wait for an answer.
 * - Counters are dropped.
 *
 * Versions, epochs, revisions, hub_seq and numbers of leases are kept as they are.
 *
 * @module
 */
import type { SessionRecord } from '../../../../session/hub/record.ts';
import type { Seat } from '../../../../session/hub/seat.ts';
import type { Lease } from '../../../../session/ownership/lease.ts';
import { NOW_MS } from './state.ts';

const sinceNow = (atMs: number | null) => (atMs === null ? null : NOW_MS);

export function normalRecord(record: SessionRecord): SessionRecord {
  return {
    ...record,
    createdAtMs: NOW_MS,
    recoveringSinceMs: sinceNow(record.recoveringSinceMs),
    transportlessSinceMs: sinceNow(record.transportlessSinceMs),
    switchedAtMs: [],
  };
}

export function normalSeat(seat: Seat): Seat {
  const { swap, record } = seat;
  return {
    ...seat,
    nowMs: NOW_MS,
    record: record === null ? null : normalRecord(record),
    recoveringSinceMs: sinceNow(seat.recoveringSinceMs),
    transportlessSinceMs: sinceNow(seat.transportlessSinceMs),
    carryingSinceMs: sinceNow(seat.carryingSinceMs),
    heardAtMs: NOW_MS,
    endToldAtMs: NOW_MS,
    channels: seat.channels.map((channel) => ({ ...channel, upAtMs: NOW_MS })),
    earlier: [],
    exchange: null,
    addresses: seat.addresses.map((address) => ({
      ...address,
      validatedAtMs: sinceNow(address.validatedAtMs),
      receivedBytes: 0,
      sentBytes: 0,
      usedAtMs: NOW_MS,
    })),
    swap:
      swap === null
        ? null
        : {
            ...swap,
            swapId: 1,
            record: normalRecord(swap.record),
            tries: 1,
            repeatAtMs: sinceNow(swap.repeatAtMs),
          },
    claimedAtMs: [],
    stayedAtMs: null,
    lastClaimAtMs: null,
    askedAtMs: null,
    derived: swap === null ? 0 : 1,
    accept: seat.accept.map((source) => ({ ...source, untilMs: null })),
    counters: {},
    deadlineAtMs: NOW_MS,
  };
}

export function normalLease(lease: Lease, shiftMs = 0): Lease {
  const { request } = lease;
  return {
    ...lease,
    nowMs: NOW_MS,
    validUntilMs: lease.validUntilMs === null ? null : lease.validUntilMs - shiftMs,
    request:
      request === null ? null : { ...request, requestId: 1, sentAtMs: request.sentAtMs - shiftMs },
    // A pending request decides when the next one goes out.
    nextAtMs: request === null ? lease.nextAtMs - shiftMs : NOW_MS,
    requests: request === null ? 0 : 1,
    lateAnswers: 0,
  };
}
