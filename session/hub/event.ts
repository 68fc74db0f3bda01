/**
 * Everything that can happen to one device's seat at a hub, and everything the seat can ask for.
 *
 * A seat is the hub's side of one enrolled `session` device. The shell (`hub/tunnel.ts`) or the
 * simulator turns reality into events, runs the effects in order, never awaits them, and calls back
 * with a `tick` at the seat's next deadline.
 *
 * @module
 */
import type { AuditEvent } from '../audit.ts';
import type { ReasonCode } from '../reasons.ts';
import type { Exchange } from '../resend/exchange.ts';
import type { DataCipher, Frame, Received, Response } from '../wire/frames.ts';
import type { SessionRecord } from './record.ts';

/** One authenticated channel (WireGuard keypair) of the device, named by the hub's receiver index. */
export type ChannelId = number;

export type SeatEvent =
  /** A handshake was confirmed by its first authentic message. Binds nothing by itself. */
  | {
      readonly kind: 'channelUp';
      readonly atMs: number;
      readonly channelId: ChannelId;
      /** 32 bytes: ties proofs to this channel. */
      readonly handshakeHash: Uint8Array;
      /**
       * Where the handshake response went and the first authentic message came from: that round trip
       * validates the address. Null or left out where the two differ.
       */
      readonly source?: string | null;
    }
  /** A channel's keys expired or were evicted by the shell's bound. */
  | { readonly kind: 'channelGone'; readonly atMs: number; readonly channelId: ChannelId }
  /** An authentic, fresh control frame. */
  | {
      readonly kind: 'frame';
      readonly atMs: number;
      readonly channelId: ChannelId;
      readonly transportId: number;
      /** The outer source, canonical `ip:port`. */
      readonly source: string;
      readonly bytes: number;
      readonly isNewest: boolean;
      readonly frame: Frame;
    }
  /**
   * Authentic data. The shell may throttle repeats from the same source on the same transport to one
   * event in 20 ms, but never withholds the first from a new source.
   */
  | {
      readonly kind: 'data';
      readonly atMs: number;
      readonly channelId: ChannelId;
      readonly transportId: number;
      readonly source: string;
      readonly isNewest: boolean;
    }
  /**
   * An authenticated duplicate (replayed counter) from `source`: never delivered, but its source counts. Of control the shell
   * may withhold those for which `doDuplicatesCount` is false.
   */
  | {
      readonly kind: 'duplicate';
      readonly atMs: number;
      readonly channelId: ChannelId;
      readonly transportId: number;
      readonly source: string;
      /** What it says, where that is an answer. */
      readonly response?: Response;
    }
  | {
      readonly kind: 'swapped';
      readonly atMs: number;
      readonly swapId: number;
      /** `unknown`: the store did not answer in time; the swap may still happen. */
      readonly outcome: 'committed' | 'mismatch' | 'unknown';
      /** The record the store holds now, with `mismatch`. Null: none. */
      readonly current: SessionRecord | null;
    }
  | { readonly kind: 'operatorTerminate'; readonly atMs: number; readonly reasonCode: ReasonCode }
  /** This hub's own lease. Says nothing about a record that another hub owns; that does `owner`. */
  | { readonly kind: 'lease'; readonly atMs: number; readonly isValid: boolean }
  /**
   * The answer to `askOwner`: what one linearizable read found. `isEnded`: the owner that `current` names has no lease, so
   * nobody serves under that owner and epoch any more.
   */
  | {
      readonly kind: 'owner';
      readonly atMs: number;
      readonly current: SessionRecord | null;
      readonly isEnded: boolean;
    }
  /** Another hub asks us to release the record, if we own it under this epoch. */
  | {
      readonly kind: 'release';
      readonly atMs: number;
      readonly ownerEpoch: number;
      /** Its claim proved a memory key, which no copy has. */
      readonly isMemory: boolean;
    }
  | { readonly kind: 'tick'; readonly atMs: number };

export type SeatEffect =
  | {
      readonly kind: 'send';
      readonly channelId: ChannelId;
      readonly transportId: number;
      readonly target: string;
      readonly frame: Frame;
    }
  | {
      readonly kind: 'swap';
      readonly swapId: number;
      readonly expectedRevision: number;
      readonly record: SessionRecord;
    }
  /** Read the record and whether its owner still has a lease; the answer is an `owner` event. May get lost. */
  | { readonly kind: 'askOwner'; readonly owner: string; readonly ownerEpoch: number }
  /** Tell the hub `owner` that a device with a good claim is here: its seat's `release` event. May get lost. */
  | {
      readonly kind: 'askRelease';
      readonly owner: string;
      readonly ownerEpoch: number;
      readonly isMemory: boolean;
    }
  /** From now on send this session's data here, to its candidate as well, and nowhere else; null: hold it. */
  | { readonly kind: 'route'; readonly route: DataRoute | null }
  /**
   * A claim is committed and its address validated, or the binding's address was replaced: what the cut before it
   * swallowed may be sent again, over the `route` that follows and nowhere else.
   */
  | { readonly kind: 'exchange'; readonly exchange: Exchange }
  /** What the device says it received, as part of the committed claim or of one that is worked on. */
  | { readonly kind: 'received'; readonly frame: Received }
  /** Which channels may deliver data now. All others' data is dropped and counted. */
  | { readonly kind: 'accept'; readonly from: readonly DataSource[] }
  /**
   * Forget a channel's keys, and refuse its outer address for so long. Never refuse by the device's
   * static key: in an identity conflict the innocent original has the very same one.
   */
  | { readonly kind: 'dropChannel'; readonly channelId: ChannelId; readonly refuseForMs: number }
  | { readonly kind: 'report'; readonly event: AuditEvent };

export interface DataRoute {
  readonly channelId: ChannelId;
  readonly transportId: number;
  readonly target: string;
  /** An address that answered while the binding's own is still asked: what is sent goes there as well. Null: none. */
  readonly candidate: string | null;
  readonly cipher: DataCipher;
  readonly inner4: string | null;
  readonly inner6: string | null;
  /** The device's inner MTU, 576…65535. Null: it did not say, the hub's own counts. */
  readonly mtuBytes: number | null;
}

export interface DataSource {
  readonly channelId: ChannelId;
  readonly transportId: number;
  readonly cipher: DataCipher;
  /** Null: until told otherwise. The previous transport's data is accepted until this time only. */
  readonly untilMs: number | null;
}
