/**
 * A seat: all that a hub knows about one enrolled `session` device.
 *
 * What is committed lives in `record`; the rest is this process' memory and may be lost with it. Plain
 * immutable data: `seat.ts` makes the next one from it, the folder's other files say how.
 *
 * @module
 */
import type { Rtt } from '../liveness/rtt.ts';
import type { ReasonCode } from '../reasons.ts';
import type { State, Trigger } from '../transitions.ts';
import type { Attach, Attached, Reattach, Reattached } from '../wire/frames.ts';
import type { ChannelId, DataRoute, DataSource, SeatEvent } from './event.ts';
import type { SessionRecord } from './record.ts';

/** Bounds of a seat's memory (I11), all chosen. What falls out is named at each. */
export const CHANNELS_MAX = 8; // the oldest unproven one is dropped
export const ADDRESSES_MAX = 16; // the one used longest ago is forgotten
export const CANDIDATES_MAX = 4; // further addresses are not challenged in this round
export const EARLIER_MAX = 3; // what was sealed for the oldest binding is not taken any more

export type FrameEvent = Extract<SeatEvent, { readonly kind: 'frame' }>;
export type ClaimEvent = Omit<FrameEvent, 'frame'> & { readonly frame: Attach | Reattach };

/** Which of the record's keys a claimant proved to hold. */
export type Shown = 'memoryKey' | 'predecessor' | 'secret' | 'previousSecret';

export interface Channel {
  readonly channelId: ChannelId;
  readonly handshakeHash: Uint8Array;
  /** Its peer proved to be the process that holds the session. */
  readonly isProven: boolean;
  readonly upAtMs: number;
}

/** The token that this address was given last on one transport, good for one minute's bucket. */
export interface AddressToken {
  readonly transportId: number;
  readonly bucket: number;
  readonly bytes: Uint8Array;
}

/** An outer address that was heard, and what may be sent there. */
export interface Address {
  readonly source: string;
  /** When it last proved to be the device's; null: at most 3 × the bytes received go there. */
  readonly validatedAtMs: number | null;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly usedAtMs: number;
  /** Kept so that a probe does not cost a hash; null: none was given. */
  readonly token: AddressToken | null;
}

/** A token on its way to one address. */
export interface Question {
  readonly channelId: ChannelId;
  readonly transportId: number;
  readonly target: string;
  readonly token: Uint8Array;
  readonly sentAtMs: number;
  /** Null: it was sent twice already. */
  readonly repeatAtMs: number | null;
  readonly isRepeated: boolean;
}

/** An ATTACH that waits for what the old binding says to it. */
export interface Pending {
  readonly event: ClaimEvent;
  /** Null before it was sent, and where there is nobody left to ask. */
  readonly question: Question | null;
  readonly isAsked: boolean;
  readonly askAtMs: number;
  readonly deadlineAtMs: number;
}

/** Which of several addresses the binding is at. */
export interface Trial {
  /** Null where the binding's present address never was validated: then any answer decides. */
  readonly incumbent: Question | null;
  readonly candidates: readonly Question[];
  /** The candidate that answered first. */
  readonly answered: string | null;
  /** Until then the incumbent may object. */
  readonly decideAtMs: number;
  readonly isDecidable: boolean;
  readonly expireAtMs: number;
}

export type SwapKind =
  | 'own' // fence all earlier owners, ourselves before a restart included
  | 'commit' // a claim
  | 'view' // what we observed: deadlines only
  | 'end' // TERMINATED
  | 'release'; // another hub may have it

/** Whose claim goes to the store. */
export interface Claimant {
  readonly event: ClaimEvent;
  readonly shown: Shown | null;
  /** As REATTACHED will say it. */
  readonly heardMs: number | null;
}

/** The one compare-and-swap in flight. A seat never has two. */
export interface Swap {
  readonly kind: SwapKind;
  readonly swapId: number;
  readonly expectedRevision: number;
  readonly record: SessionRecord;
  /** With `commit`. */
  readonly claimant: Claimant | null;
  readonly isUnknown: boolean;
  readonly tries: number;
  /** The seat's term when it was sent first. */
  readonly term: number;
  /** When the identical swap is sent again; null while its outcome is awaited. */
  readonly repeatAtMs: number | null;
}

/** The wish to end the session, until the record says so. */
export interface Ending {
  readonly trigger: Trigger;
  readonly reasonCode: ReasonCode;
  readonly isByDevice: boolean;
  /** The device's own version of its end, 0 if it did not say. */
  readonly stateVersion: number;
}

export interface Seat {
  readonly nowMs: number;
  /** What the store holds, as far as we know. */
  readonly record: SessionRecord | null;
  /** False until our epoch is in the record; nothing is carried, answered or committed before. */
  readonly isOwner: boolean;
  readonly isLeaseValid: boolean;
  /** Raised when the lease ends: what was asked of the store before proves nothing about the time after. */
  readonly term: number;
  /** ◆ Whom the store said to have no lease, under the epoch that the record had then. Stays true for ever. */
  readonly endedOwner: { readonly owner: string; readonly ownerEpoch: number } | null;
  /** When the store was asked about the owner last. */
  readonly askedAtMs: number | null;
  /** Whether `own` follows a restart of this hub (and not a lease that came back). */
  readonly isRestarted: boolean;
  /** The hub's view. Null without a record. */
  readonly state: State | null;
  /** Our own logical clock, never compared with claims. */
  readonly hubSeq: number;
  readonly recoveringSinceMs: number | null;
  readonly transportlessSinceMs: number | null;
  readonly carryingSinceMs: number | null;
  readonly heardAtMs: number;
  /** When the device was told last that its session has ended; null: never. */
  readonly endToldAtMs: number | null;
  readonly channels: readonly Channel[];
  /** The proven channel that data is sent on. */
  readonly channelId: ChannelId | null;
  /** The binding's outer address. */
  readonly source: string | null;
  readonly isSourceValidated: boolean;
  /** Bindings before this one, the newest last: what was sealed for them is taken until then. */
  readonly earlier: readonly { readonly transportId: number; readonly untilMs: number }[];
  /** What the shell was told last to exchange RECEIVED for, and where; null: nothing yet. */
  readonly exchange: {
    readonly stateVersion: number;
    readonly round: number;
    readonly target: string;
  } | null;
  readonly addresses: readonly Address[];
  readonly swap: Swap | null;
  /** The newest claim that came while another was being worked on; an older one is repeated anyway. */
  readonly waiting: ClaimEvent | null;
  readonly pending: Pending | null;
  readonly trial: Trial | null;
  readonly ending: Ending | null;
  /** Claims that went to the store in the last minute. */
  readonly claimedAtMs: readonly number[];
  /** When a claim to stay went to the store last, or null. */
  readonly stayedAtMs: number | null;
  readonly lastClaimAtMs: number | null;
  /** When a claim made us ask the binding last. */
  readonly lastChallengeAtMs: number | null;
  /** When the last trial began. */
  readonly trialBeganAtMs: number | null;
  /** The answer to the committed claim, for its repeats. */
  readonly answer: Attached | Reattached | null;
  /** Somebody used the newest memory key, or sent data: its ATTACHED arrived. */
  readonly isConfirmed: boolean;
  /** Of the present binding, from challenges; null: never measured. */
  readonly rtt: Rtt | null;
  /** Counts derived tokens and swap ids. */
  readonly derived: number;
  /** The device's inner MTU: of the committed claim, or of a newer MTU frame. */
  readonly mtuBytes: number | null;
  /** How late the device may notice that its binding is silent: of the committed claim, or of a newer MTU frame; null: it has not said. */
  readonly noticeMs: number | null;
  /** Told to the shell last. */
  readonly route: DataRoute | null;
  readonly accept: readonly DataSource[];
  /** By reason code; bounded by the table. */
  readonly counters: Readonly<Record<string, number>>;
  /** When the next `tick` is due; null: only the outside world can move us. */
  readonly deadlineAtMs: number | null;
}

/** Whether the record holds a session that has not ended. */
export function isLive(record: SessionRecord | null): record is SessionRecord {
  return record !== null && record.terminated === null;
}

export function channelOf(seat: Seat, channelId: ChannelId | null): Channel | null {
  return seat.channels.find((channel) => channel.channelId === channelId) ?? null;
}
