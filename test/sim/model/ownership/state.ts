/**
 * Three hubs, one store, one device: the state of the ownership world.
 *
 * Hubs are the real lease core and the real seat. Only time is abstracted: it stands at {@link NOW_MS} for ever, and when it
 * passes, what lies in the past or the future is moved instead (`normal.ts`).
 *
 * @module
 */
import type { SessionRecord } from '../../../../session/hub/record.ts';
import type { Seat } from '../../../../session/hub/seat.ts';
import type { Grant } from '../../../../session/ownership/grant.ts';
import type { Lease } from '../../../../session/ownership/lease.ts';

export const NOW_MS = 1_000_000;
export const HUBS = ['a', 'b', 'c'] as const;
export type HubName = (typeof HUBS)[number];

/** 101 ms: the hub counts 100 of them, renews every 33, tries again after 11. */
export const TTL_MS = 101;
/** The store's clock is as fast as is allowed: it counts 101 ms in 100. */
export const STORE_TTL_MS = 100;
/** A part of a lease: an answer that took so long is late, but not too late. */
export const MOMENT_MS = 10;

export interface Hub {
  readonly name: HubName;
  /** How often it has started. */
  readonly life: number;
  /** Null while its process is dead. */
  readonly process: { readonly lease: Lease; readonly seat: Seat } | null;
}

/** Something between a hub and the store, or between two hubs. Order is not kept, delay is not bounded. */
export type Message =
  | {
      readonly kind: 'ask';
      readonly hub: HubName;
      readonly life: number;
      /** The lease's number for `acquire` and `renew`, the record's for `swap`. */
      readonly what: 'acquire' | 'renew' | 'revoke' | 'swap' | 'read';
      readonly number: number;
      /** Nobody waits for the answer any more; it may still be done. */
      readonly isOrphan: boolean;
    }
  | {
      readonly kind: 'answer';
      readonly hub: HubName;
      readonly what: 'lease' | 'swap' | 'read';
      readonly outcome: 'granted' | 'refused' | 'committed' | 'mismatch' | 'ended' | 'alive';
      /** The record's number; -1: none. */
      readonly number: number;
    }
  | { readonly kind: 'release'; readonly hub: HubName; readonly epoch: number };

export type Ask = Extract<Message, { kind: 'ask' }>;

export interface Store {
  readonly record: SessionRecord | null;
  /** By hub, in the order of {@link HUBS}. */
  readonly grants: readonly (Grant | null)[];
  /** Who served last: an epoch is never served by two lives or under two leases. */
  readonly served: { readonly epoch: number; readonly by: string } | null;
}

/** What may still happen; so the space is finite. */
export interface Budget {
  readonly claims: number;
  /** Times at which leases run out, of one hub or of several at once. */
  readonly lapses: number;
  readonly crashes: number;
  /** Answers that are lost, requests that are lost, requests that are done after their sender was told `unknown`. */
  readonly unknowns: number;
  readonly moments: number;
}

export interface Rest {
  readonly budget: Budget;
  /** The newest claim: its version, and the hub it went to. */
  readonly version: number;
  readonly claimant: HubName;
}

/** Numbers of interned parts. */
export interface State {
  readonly hubs: readonly number[];
  readonly store: number;
  readonly net: number;
  readonly rest: number;
}
