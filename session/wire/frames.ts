/**
 * The control frames that travel inside a session's channel, as values.
 *
 * `encode.ts` and `decode.ts` turn them into bytes and back; byte layouts with vectors are in
 * docs/protocol.md, "Frames". Ids are lower-case hex strings so that they compare and print;
 * secrets and proofs stay bytes.
 *
 * @module
 */
import type { Claim } from '../claim.ts';
import type { ReasonCode } from '../reasons.ts';

/** Wire values are written out: reordering this list must not change the protocol. */
export const FRAME_TYPE = {
  attach: 1,
  attached: 2,
  reattach: 3,
  reattached: 4,
  reject: 5,
  probe: 6,
  probeAck: 7,
  terminate: 8,
  redirect: 9,
  challenge: 10,
  response: 11,
  received: 12,
  rotate: 13,
  rotated: 14,
  mtu: 15,
} as const;

export const LINK_KIND = { ethernet: 1, wifi: 2, lte: 3, usb: 4, other: 5 } as const;
export type LinkKind = keyof typeof LINK_KIND;

export const DATA_CIPHER = { 'aes-256-gcm': 1, 'chacha20-poly1305': 2 } as const;
export type DataCipher = keyof typeof DATA_CIPHER;

/** What a hub thinks of the session a PROBE belongs to. */
export const HUB_VIEW = {
  unattached: 0, // this channel belongs to no session
  carrying: 1, // the hub sends data on the recorded binding
  recovering: 2, // the hub heard nothing and stopped sending
  terminated: 3, // the recorded session has ended
  standby: 4, // this hub is not the owner
} as const;
export type HubView = keyof typeof HUB_VIEW;

/** Device → hub: open or resume a session on this channel. */
export interface Attach {
  readonly type: 'attach';
  readonly claim: Claim;
  /** True for a new session: `claim.sessionId` is unknown to the hub and is to be created. */
  readonly isNew: boolean;
  /** The session this one follows, or null for a device's first. */
  readonly previousSessionId: string | null;
  /**
   * 32 bytes under the resumption secret, or null where the device has none. Proves `claim.sessionId`
   * when resuming, `previousSessionId` when opening a new one.
   */
  readonly proof: Uint8Array | null;
  readonly linkKind: LinkKind;
  readonly linkName: string;
  /** Best first. */
  readonly ciphers: readonly DataCipher[];
  readonly reasonCode: ReasonCode;
  /** The device's inner MTU, 576…65535; null: it does not say. */
  readonly mtuBytes: number | null;
  /** Within so long the device knows that this binding is silent, however idle it is; null: it does not say. */
  readonly noticeMs: number | null;
}

/** Hub → device: the claim is committed, and here is what a session needs. */
export interface Attached {
  readonly type: 'attached';
  readonly claim: Claim;
  /** 32 bytes: the next resumption secret. Durable on the device before data flows. */
  readonly secret: Uint8Array;
  /** 32 bytes: lives in the device's memory and in the record, never on flash. */
  readonly memoryKey: Uint8Array;
  /** CIDR with host bits, for example `10.77.0.5/32`; null where the pool has no such family. */
  readonly inner4: string | null;
  readonly inner6: string | null;
  /** CIDRs reachable through the hub. */
  readonly routes: readonly string[];
  readonly cipher: DataCipher;
  readonly ownerEpoch: number;
  readonly hubSeq: number;
}

/** Device → hub: move the binding of an attached session. */
export interface Reattach {
  readonly type: 'reattach';
  readonly claim: Claim;
  /** 32 bytes under the memory key. */
  readonly proof: Uint8Array;
  /** The address token of the newest PROBE_ACK on this transport, or null. */
  readonly token: Uint8Array | null;
  readonly linkKind: LinkKind;
  readonly linkName: string;
  /** Recovery is exempt from cooldown; planned and quality switches are not; a stay undoes a plan. */
  readonly purpose: ClaimPurpose;
  readonly reasonCode: ReasonCode;
  /** The device's inner MTU, 576…65535; null: it does not say. */
  readonly mtuBytes: number | null;
  /** Within so long the device knows that this binding is silent, however idle it is; null: it does not say. */
  readonly noticeMs: number | null;
}

export const CLAIM_PURPOSE = { recovery: 1, planned: 2, quality: 3, stay: 4 } as const;
export type ClaimPurpose = keyof typeof CLAIM_PURPOSE;

/** Hub → device: the claim is committed; data follows on its transport. */
export interface Reattached {
  readonly type: 'reattached';
  readonly claim: Claim;
  readonly ownerEpoch: number;
  readonly hubSeq: number;
  /** Fresh keys when the claimant proved the predecessor's memory key, else null. */
  readonly renewed: { readonly secret: Uint8Array; readonly memoryKey: Uint8Array } | null;
  /**
   * How long before this claim the hub had heard the binding that it replaces, milliseconds; null: same
   * transport, or not known. Against its own silence the device sees which way was dead.
   */
  readonly heardMs: number | null;
}

/** Hub → device: refused, nothing changed. */
export interface Reject {
  readonly type: 'reject';
  readonly claim: Claim;
  readonly reasonCode: ReasonCode;
  readonly isFatal: boolean;
  /** Do not ask before this long; 0 means at once. */
  readonly retryAfterMs: number;
  /** The version the hub has on record for this device, 0 if none. */
  readonly recordedVersion: number;
}

/** Device → hub. Fixed and tiny: idle LTE pays for it. */
export interface Probe {
  readonly type: 'probe';
  /** 0…2^32−1, unique per transport within a probe's lifetime. */
  readonly probeId: number;
}

/** Hub → device: answers one PROBE on the transport it came from. */
export interface ProbeAck {
  readonly type: 'probeAck';
  readonly probeId: number;
  readonly view: HubView;
  /** The recorded binding, 0 if none. */
  readonly transportId: number;
  /** The recorded version, 0 if none. */
  readonly stateVersion: number;
  /** 8 bytes: proves this source address when a REATTACH echoes it. */
  readonly token: Uint8Array;
}

/** Either side: the session has ended. */
export interface Terminate {
  readonly type: 'terminate';
  readonly sessionId: string;
  readonly reasonCode: ReasonCode;
  readonly stateVersion: number;
}

/** Hub → device: other hubs to prefer (drain). */
export interface Redirect {
  readonly type: 'redirect';
  readonly endpoints: readonly string[];
}

/** Hub → device: are you there, at this address? */
export interface Challenge {
  readonly type: 'challenge';
  /** 8 bytes. */
  readonly token: Uint8Array;
  /** The claim that made the hub ask; its author answers "mine". */
  readonly claim: Claim | null;
}

/** Device → hub, from the address the challenge went to. */
export interface Response {
  readonly type: 'response';
  readonly token: Uint8Array;
  readonly isMine: boolean;
}

/** Either side: what arrived under one keypair, as part of the exchange that a claim or a rebind began. */
export interface Received {
  readonly type: 'received';
  /** The receiver index in the datagrams it tells of, 0…2^32−1. */
  readonly keypairIndex: number;
  /** −1: nothing arrived. */
  readonly counterMax: number;
  /** 512 bytes; bit i of byte j tells whether counterMax − (8j + i) arrived. */
  readonly bitmap: Uint8Array;
  /** The version of the claim it belongs to. */
  readonly stateVersion: number;
  /** 0 with the claim, 1… with each rebind of its binding. */
  readonly round: number;
  /** What arrived at best on this transport so far; 0: not measured. */
  readonly bytesPerSecond: number;
}

/** Device → hub, first frame of a new channel: this is still the process that holds the session. */
export interface Rotate {
  readonly type: 'rotate';
  readonly sessionId: string;
  /** 32 bytes under the memory key over the new handshake's hash. */
  readonly proof: Uint8Array;
}

/** Hub → device: the new channel carries the session from now on. */
export interface Rotated {
  readonly type: 'rotated';
  readonly sessionId: string;
}

/** Device → hub: what a claim said of our inner MTU and our patience is this now. Hub → device, as the answer: this is what counts here. */
export interface Mtu {
  readonly type: 'mtu';
  /** 576…65535. */
  readonly mtuBytes: number;
  /** As in a claim, of the binding; null: this end, of a former version, does not say. */
  readonly noticeMs: number | null;
}

export type Frame =
  | Attach
  | Attached
  | Reattach
  | Reattached
  | Reject
  | Probe
  | ProbeAck
  | Terminate
  | Redirect
  | Challenge
  | Response
  | Received
  | Rotate
  | Rotated
  | Mtu;
