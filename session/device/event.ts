/**
 * Everything that can happen to the device's session, and everything it can ask of the world.
 *
 * The shell (`agent/tunnel.ts`) or the simulator turns reality into events, runs the effects in
 * order, never awaits them, and calls back with a `tick` at the next deadline. Outcomes of effects
 * come back as later events.
 *
 * @module
 */
import type { AuditEvent } from '../audit.ts';
import type { ReasonCode } from '../reasons.ts';
import type { Exchange } from '../resend/exchange.ts';
import type { DataCipher, Frame, LinkKind, Received } from '../wire/frames.ts';
import type { RebindDenial } from './rebind.ts';

/** One WireGuard keypair, named by the device's own receiver index. */
export type ChannelId = number;

/** What flash held at boot. */
export interface Remembered {
  /** Every version up to this one may have been used. */
  readonly versionCeiling: number;
  readonly sessionId: string | null;
  /** 32 bytes, unsealed. */
  readonly secret: Uint8Array | null;
  /** Why the session on flash ended, or null if it lives. */
  readonly terminated: ReasonCode | null;
}

/** A link as the HAL sees it now, joined with what the configuration says it is. */
export interface LinkView {
  readonly name: string;
  readonly kind: LinkKind;
  readonly hasCarrier: boolean;
  /** The link's own MTU; 0: not known. */
  readonly mtuBytes: number;
  /** An address and a route of the endpoint's family, per endpoint in `endpoints` order. */
  readonly endpoints: readonly EndpointView[];
}

export interface EndpointView {
  readonly transportId: number;
  /** `ip:port` of the hub. */
  readonly endpoint: string;
  readonly hasAddress: boolean;
  /** Our own addresses on the link, of the endpoint's family: another text is another address. Absent: not known. */
  readonly local?: string;
  readonly hasRoute: boolean;
}

export interface Heard {
  readonly transportId: number;
  /** On the clock of the events, not after the event that tells it. */
  readonly atMs: number;
}

export type DeviceEvent =
  | {
      readonly kind: 'boot';
      readonly atMs: number;
      /** 32 random bytes: ids, nonces and jitter of this process are derived from them. */
      readonly seed: Uint8Array;
      /** Null: both slots lost, or the very first boot. */
      readonly remembered: Remembered | null;
      /** Something was on flash and none of it could be read. */
      readonly wasLost: boolean;
    }
  /** A whole snapshot of the configured links; the core finds out what changed. */
  | { readonly kind: 'links'; readonly atMs: number; readonly links: readonly LinkView[] }
  | {
      readonly kind: 'channelUp';
      readonly atMs: number;
      readonly channelId: ChannelId;
      readonly transportId: number;
      readonly handshakeHash: Uint8Array;
    }
  /** The keypair asks to be replaced (docs/protocol.md, "Key ages"). */
  | { readonly kind: 'channelDue'; readonly atMs: number; readonly channelId: ChannelId }
  | { readonly kind: 'channelGone'; readonly atMs: number; readonly channelId: ChannelId }
  | {
      readonly kind: 'frame';
      readonly atMs: number;
      readonly channelId: ChannelId;
      readonly transportId: number;
      readonly frame: Frame;
    }
  /** Data moved since the last such event; the shell tells as often as `pace.ts` says, and before each tick. */
  | {
      readonly kind: 'traffic';
      readonly atMs: number;
      readonly sentPackets: number;
      /** Transports that delivered authentic packets, each with the time of the newest. */
      readonly heardOn: readonly Heard[];
    }
  | {
      readonly kind: 'sendFailed';
      readonly atMs: number;
      readonly transportId: number;
      readonly error: string;
    }
  /**
   * Something says that this link leads nowhere that may not be so: anybody could have sent it (ICMP), or the system
   * refused a datagram for a reason that may be one flow's. The shell counts them.
   */
  | { readonly kind: 'hearsay'; readonly atMs: number; readonly linkName: string }
  /** The day's budget of this link has just been used up; `config` says so from this step on. */
  | { readonly kind: 'spent'; readonly atMs: number; readonly linkName: string }
  | {
      readonly kind: 'persisted';
      readonly atMs: number;
      readonly ticket: number;
      readonly isDurable: boolean;
    }
  | { readonly kind: 'terminate'; readonly atMs: number; readonly reasonCode: ReasonCode }
  | { readonly kind: 'rebind'; readonly atMs: number; readonly linkName: string }
  /** Another policy is in force and durable: from this step on `config` is its. */
  | {
      readonly kind: 'policy';
      readonly atMs: number;
      readonly version: number;
      readonly name: string;
      /** It has to prove itself: the hub is asked at once, and bounds stay until it is in force for good. */
      readonly isOnTrial?: boolean;
    }
  /** Whoever watches a policy on trial wants an answer now, whatever the cadence. */
  | { readonly kind: 'ask'; readonly atMs: number }
  | { readonly kind: 'tick'; readonly atMs: number };

/** What has to be on flash. The shell adds the timestamp reservation, seals the secret and writes. */
export interface Durable {
  readonly versionCeiling: number;
  readonly sessionId: string | null;
  readonly secret: Uint8Array | null;
  readonly terminated: ReasonCode | null;
  readonly inner4: string | null;
  readonly inner6: string | null;
}

export type DeviceEffect =
  /** Start or repeat a handshake over this transport. */
  | { readonly kind: 'handshake'; readonly transportId: number }
  | {
      readonly kind: 'send';
      readonly channelId: ChannelId;
      readonly transportId: number;
      readonly frame: Frame;
    }
  /** Say over this transport what arrived, as part of the claim of that version; its frame went just before. */
  | {
      readonly kind: 'tellReceived';
      readonly channelId: ChannelId;
      readonly transportId: number;
      readonly stateVersion: number;
    }
  /** A claim was answered: what the cut before it swallowed may be sent again. Comes before its `route`. */
  | { readonly kind: 'exchange'; readonly exchange: Exchange }
  /** What the hub says it received, as part of the open claim or the answered one. */
  | { readonly kind: 'received'; readonly frame: Received }
  /** An empty authentic control message that keeps a NAT mapping; never answered. */
  | { readonly kind: 'keepalive'; readonly channelId: ChannelId; readonly transportId: number }
  /** Outcome comes back as `persisted` with this ticket. */
  | { readonly kind: 'persist'; readonly ticket: number; readonly durable: Durable }
  /** Send data here and nowhere else from now on; null: hold it (bounded). */
  | {
      readonly kind: 'route';
      readonly route: { readonly channelId: ChannelId; readonly transportId: number } | null;
    }
  /** Whose data may go to the tun. Replaces the list before. */
  | {
      readonly kind: 'accept';
      readonly from: readonly { readonly transportId: number; readonly untilMs: number | null }[];
    }
  /** Addresses, routes and cipher of the session that was attached. */
  | {
      readonly kind: 'assign';
      readonly inner4: string | null;
      readonly inner6: string | null;
      readonly routes: readonly string[];
      readonly cipher: DataCipher;
    }
  /** The largest inner packet from now on. Comes with the first step, and before an `assign`. */
  | { readonly kind: 'mtu'; readonly mtuBytes: number }
  | { readonly kind: 'dropChannel'; readonly channelId: ChannelId }
  /** The answer to `rebind`, one to each: why no claim was opened for it, or null. */
  | { readonly kind: 'rebind'; readonly denied: RebindDenial | null }
  | { readonly kind: 'report'; readonly event: AuditEvent };
