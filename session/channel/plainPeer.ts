/**
 * WireGuard's timers for one PLAIN peer: when to handshake, to keep alive, to stop.
 *
 * Event in, effects out (`stepPlain` in `plainStep.ts`); no sockets, keys or clocks. It knows
 * keypairs by their local index only, the shell keeps the keys. A device attached to a stock WireGuard server runs one, a hub runs one
 * for each stock client. Session peers do not use it.
 *
 * ```text
 *   responded ──► next ──(received under it)──► current ──(a newer one)──► previous ──► expire
 *                 responseAccepted ──────────────┘
 * ```
 *
 * Jitter comes with the event (`jitterMs`, 0…333). A tick may come early at any time; it uses up
 * every deadline that is due. Never asks for two initiations within 5 s.
 *
 * Source: WireGuard whitepaper §6; behaviour compared with wireguard-go's timers.
 *
 * @module
 */
import { PLAIN_TIMES, type PlainTimes, plainExpiresAtMs } from './age.ts';

/** A keypair as this machine knows it. */
export interface PlainSlot {
  readonly localIndex: number;
  readonly isInitiator: boolean;
  readonly createdAtMs: number;
}

export interface PlainConfig {
  /** 0 for none. */
  readonly persistentKeepaliveMs: number;
  readonly times: PlainTimes;
}

export const PLAIN_CONFIG: PlainConfig = { persistentKeepaliveMs: 0, times: PLAIN_TIMES };

/** What can happen to a plain peer. */
export type PlainCause =
  | { readonly kind: 'staged' } // a packet waits and `usableSlot` is null
  | { readonly kind: 'responded' | 'responseAccepted'; readonly localIndex: number }
  | {
      /** An authentic type 4 message was sent or received; 0 bytes of packet is a keepalive. */
      readonly kind: 'sent' | 'received';
      readonly localIndex: number;
      readonly packetBytes: number;
      /** The keypair's `needsRekey`. */
      readonly needsRekey: boolean;
    }
  | { readonly kind: 'tick' };

/** A cause, its monotonic time, and random jitter within 0…`times.jitterMaxMs`. */
export type PlainEvent = PlainCause & { readonly atMs: number; readonly jitterMs: number };

export type PlainEffect =
  | { readonly kind: 'sendInitiation' } // replaces whatever handshake is pending
  | { readonly kind: 'sendKeepalive' } // staged packets if there are any, else an empty one
  | { readonly kind: 'sendStaged' } // what waited for a keypair, if anything
  | { readonly kind: 'giveUp' } // drop staged packets and the pending handshake
  | { readonly kind: 'expire'; readonly localIndex: number }; // destroy this keypair

export interface PlainPeer {
  readonly nowMs: number;
  readonly previous: PlainSlot | null;
  readonly current: PlainSlot | null;
  /** Derived as responder, not yet confirmed by the initiator. */
  readonly next: PlainSlot | null;
  /** Newest initiation or response sent: the next initiation keeps 5 s away from it. */
  readonly handshakeSentAtMs: number | null;
  /** Since when this handshake is wanted without success, or null. */
  readonly wantedSinceMs: number | null;
  readonly retryAtMs: number | null;
  /** Sent data, heard nothing: handshake then. */
  readonly unansweredAtMs: number | null;
  readonly keepaliveAtMs: number | null;
  readonly needsAnotherKeepalive: boolean;
  readonly persistentAtMs: number | null;
  /** The one handshake that receiving alone may ask for near a keypair's end was asked for. */
  readonly hasAskedLate: boolean;
}

export interface PlainStep {
  readonly peer: PlainPeer;
  readonly effects: readonly PlainEffect[];
}

export function newPlainPeer(nowMs: number, config: PlainConfig = PLAIN_CONFIG): PlainPeer {
  return {
    nowMs,
    previous: null,
    current: null,
    next: null,
    handshakeSentAtMs: null,
    wantedSinceMs: null,
    retryAtMs: null,
    unansweredAtMs: null,
    keepaliveAtMs: null,
    needsAnotherKeepalive: false,
    persistentAtMs: config.persistentKeepaliveMs > 0 ? nowMs : null,
    hasAskedLate: false,
  };
}

/** The keypair to send with now, or null: then stage the packet and tell `staged`. */
export function usableSlot(peer: PlainPeer, atMs: number, config = PLAIN_CONFIG): PlainSlot | null {
  const { current } = peer;
  return current !== null && atMs < plainExpiresAtMs(current, config.times) ? current : null;
}

/** When the shell must call back with a `tick`, or null. */
export function nextDeadline(peer: PlainPeer, config = PLAIN_CONFIG): number | null {
  const slots = [peer.previous, peer.current, peer.next].filter((slot) => slot !== null);
  const timers = [peer.retryAtMs, peer.unansweredAtMs, peer.keepaliveAtMs, peer.persistentAtMs];
  const armed = [
    ...timers.filter((at) => at !== null),
    ...slots.map((slot) => plainExpiresAtMs(slot, config.times)),
  ];
  return armed.length === 0 ? null : Math.min(...armed);
}

/** Whether packets under this keypair may still be opened. */
export function isReceivable(
  peer: PlainPeer,
  localIndex: number,
  atMs: number,
  config = PLAIN_CONFIG,
): boolean {
  const slot = [peer.current, peer.next, peer.previous].find((s) => s?.localIndex === localIndex);
  return slot !== undefined && slot !== null && atMs < plainExpiresAtMs(slot, config.times);
}
