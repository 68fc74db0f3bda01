/**
 * The device's session as one value.
 *
 * @module
 */
import type { Claim } from '../claim.ts';
import type { Liveness } from '../liveness/liveness.ts';
import type { ReasonCode } from '../reasons.ts';
import type { State } from '../transitions.ts';
import type { ClaimPurpose, DataCipher, LinkKind } from '../wire/frames.ts';
import type { ChannelId, Durable } from './event.ts';

/** As many claims as are remembered, and the binding before them. */
export const EARLIER_MAX = 9;

/** One way to reach the hub, and what is known of it. */
export interface Transport {
  readonly transportId: number;
  readonly linkName: string;
  readonly linkKind: LinkKind;
  readonly endpoint: string;
  /** Our own addresses there; empty: not known. */
  readonly local: string;
  /** Said of it: it is up and nothing has come over it since it came up. */
  readonly isToldUnanswered: boolean;
  /** MTU of the link; 0: not known. */
  readonly mtuBytes: number;
  /** Why it cannot be used now, or null if it can. */
  readonly unusable: 'carrier_lost' | 'address_lost' | 'route_lost' | null;
  readonly liveness: Liveness;
  /** When to probe next; null while it is not probed. */
  readonly probeAtMs: number | null;
  /** When to send the next NAT keepalive; null unless active, metered and idle. */
  readonly keepaliveAtMs: number | null;
  /** How often it failed as a binding, and until when that counts against it. */
  readonly flaps: number;
  readonly penaltyUntilMs: number;
  /** The hub refused this transport, and not the claimant: it is not claimed in recovery before then. */
  readonly claimNotBeforeMs: number;
  /** The newest address token from a PROBE_ACK on this transport. */
  readonly token: Uint8Array | null;
}

export interface Channel {
  readonly channelId: ChannelId;
  readonly handshakeHash: Uint8Array;
  /** The hub knows that this channel is the session's. */
  readonly isBound: boolean;
  readonly isDue: boolean;
}

export interface OpenClaim {
  readonly claim: Claim;
  readonly kind: 'new' | 'attach' | 'reattach';
  readonly purpose: ClaimPurpose;
  readonly reasonCode: ReasonCode;
  /** As it was when the claim was opened: a repeat is the very same frame. */
  readonly mtuBytes: number;
  readonly noticeMs: number | null;
  readonly openedAtMs: number;
  readonly sends: number;
  /** Of these, in the channel we have now: fresh keys deserve a few tries of their own. */
  readonly sendsInChannel: number;
  readonly repeatAtMs: number;
}

/** A newer channel that the hub has not yet taken over as the session's. */
export interface NextChannel extends Channel {
  readonly tries: number;
  readonly repeatAtMs: number;
}

export interface Handshake {
  readonly transportId: number;
  readonly tries: number;
  readonly repeatAtMs: number;
}

/** An MTU frame that the hub has not answered yet. */
export interface MtuNotice {
  readonly mtuBytes: number;
  readonly noticeMs: number;
  readonly tries: number;
  /** Null: told often enough, this hub does not answer. */
  readonly repeatAtMs: number | null;
}

/** The claim was granted with new keys; they have to be durable before data flows. */
export interface Granted {
  readonly open: OpenClaim;
  readonly channelId: ChannelId;
  readonly secret: Uint8Array;
  readonly memoryKey: Uint8Array;
  readonly inner4: string | null;
  readonly inner6: string | null;
  readonly routes: readonly string[];
  readonly cipher: DataCipher;
}

export interface WithheldLink {
  readonly linkName: string;
  /** Wish and rule, each pair once. */
  readonly said: readonly string[];
}

export interface Device {
  readonly nowMs: number;
  /** `off` until boot, `reserving` until a version ceiling above the old one is durable. */
  readonly phase: 'off' | 'reserving' | 'running';
  readonly seed: Uint8Array;
  /** How many values were derived from the seed; makes each one unique. */
  readonly derived: number;

  readonly state: State;
  readonly sessionId: string | null;
  readonly previousSessionId: string | null;
  readonly isResuming: boolean;
  /** The newest version used, in a transition or a claim. */
  readonly stateVersion: number;
  /** Every version up to here is reserved on flash. */
  readonly ceiling: number;
  readonly ticket: number;
  readonly writing: { readonly ticket: number; readonly durable: Durable } | null;
  /** Asked for while another write was under way: the newest wins. */
  readonly pendingWrite: boolean;
  readonly retryWriteAtMs: number | null;
  /** The session id that flash is known to hold: no ATTACH before it is the current one. */
  readonly savedSessionId: string | null;
  readonly probeCount: number;

  readonly secret: Uint8Array | null;
  readonly memoryKey: Uint8Array | null;
  readonly cipher: DataCipher | null;
  readonly inner4: string | null;
  readonly inner6: string | null;
  readonly routes: readonly string[];
  readonly terminated: ReasonCode | null;

  /** The largest inner packet; 0 before boot. */
  readonly mtuBytes: number;
  /** What the hub last said it knows of that, by its answer to a claim or to MTU; null: unknown. */
  readonly hubMtuBytes: number | null;
  /** The same of how late we notice silence on the binding; a hub of a former version is told, and does not say. */
  readonly hubNoticeMs: number | null;
  readonly mtuNotice: MtuNotice | null;

  readonly channel: Channel | null;
  readonly nextChannel: NextChannel | null;
  /** The bound channel before `channel`: what the hub sealed under it may still be on its way. */
  readonly formerChannelId: ChannelId | null;
  readonly handshake: Handshake | null;

  readonly transports: readonly Transport[];
  /** The binding the device sends data on. */
  readonly activeId: number | null;
  /** That binding, where an operator's rebind made it: failback does not leave it. Null: nobody holds it. */
  readonly heldId: number | null;
  /** The binding before it; its data is accepted a little longer. */
  readonly formerId: number | null;
  readonly formerUntilMs: number;
  /** Transports that the hub may have sealed data for before the present binding; at most {@link EARLIER_MAX}. */
  readonly earlier: readonly { readonly transportId: number; readonly untilMs: number }[];
  /** The version of the newest answered claim: a PROBE_ACK older than it says nothing. */
  readonly answeredVersion: number;
  readonly answeredAtMs: number | null;
  readonly claim: OpenClaim | null;
  /** The newest claims of this process, oldest first: a CHALLENGE about one of them is answered "mine". */
  readonly ownClaims: readonly Claim[];
  readonly granted: Granted | null;
  /** Do not claim before this time: the hub reserved a slot, or a backoff runs. */
  readonly claimNotBeforeMs: number;
  /** Do not plan another switch before this time: the hub refused one, or one came to nothing. */
  readonly planNotBeforeMs: number;
  /** At the switch cap, recovery over another transport waits for this time; null: it need not. */
  readonly slotAtMs: number | null;
  /** Transports tried since recovery began, so that each gets its turn. */
  readonly triedIds: readonly number[];
  /** Why the binding was lost: what the next claims give as their reason. */
  readonly lostFor: ReasonCode | null;

  readonly trafficAtMs: number | null;
  /** How often data was told of without a pause of `activeLingerMs`, at most as often as makes a flow. */
  readonly trafficBeats: number;
  /** When data was sent that nothing has been heard after; null: never, or asked about. */
  readonly sentSinceMs: number | null;
  /** Packets sent since the binding was asked last. */
  readonly unaskedPackets: number;
  /** When the run of misses began for which fresh keys were sought: once for each. */
  readonly soughtForMs: number | null;
  /** Data has come back on the binding since silence was last asked about. */
  readonly isAnswering: boolean;
  readonly birthDeadlineAtMs: number | null;
  readonly recoveryDeadlineAtMs: number | null;
  readonly sessionEndsAtMs: number | null;
  /** Time without a proven binding, summed over recoveries; reset by 10 s in ATTACHED. */
  readonly transportlessMs: number;
  readonly transportlessSinceMs: number | null;
  readonly transportTtlAtMs: number | null;
  readonly attachedSinceMs: number | null;
  readonly volatileSinceMs: number | null;
  /** When the policy ends the session if it stays DEGRADED; null: it is not, or no policy since it became so ends it. */
  readonly degradedEndsAtMs: number | null;
  readonly healthySinceMs: number | null;
  /** When to look at quality and failback again. */
  readonly reviewAtMs: number | null;
  readonly plannedAtMs: number | null;
  readonly switchedAtMs: readonly number[];
  /** Links that a rule, or the governor, keeps the session from: what was said of each since the last answered claim or policy. */
  readonly withheldFor: readonly WithheldLink[];
  readonly reopenAtMs: number | null;
  readonly reopens: number;
  /** Asked to end before a version for that transition was reserved: done as soon as one is. */
  readonly endWanted: ReasonCode | null;

  readonly counters: Readonly<Record<string, number>>;
  /** Completed recoveries: milliseconds from death to REATTACHED; the newest 64. */
  readonly recoveriesMs: readonly number[];
}

export function newDevice(): Device {
  return {
    nowMs: 0,
    phase: 'off',
    seed: new Uint8Array(32),
    derived: 0,
    state: 'BIRTH',
    sessionId: null,
    previousSessionId: null,
    isResuming: false,
    stateVersion: 0,
    ceiling: 0,
    ticket: 0,
    writing: null,
    pendingWrite: false,
    retryWriteAtMs: null,
    savedSessionId: null,
    probeCount: 0,
    secret: null,
    memoryKey: null,
    cipher: null,
    inner4: null,
    inner6: null,
    routes: [],
    terminated: null,
    mtuBytes: 0,
    hubMtuBytes: null,
    hubNoticeMs: null,
    mtuNotice: null,
    channel: null,
    nextChannel: null,
    formerChannelId: null,
    handshake: null,
    transports: [],
    activeId: null,
    heldId: null,
    formerId: null,
    formerUntilMs: 0,
    earlier: [],
    answeredVersion: 0,
    answeredAtMs: null,
    claim: null,
    ownClaims: [],
    granted: null,
    claimNotBeforeMs: 0,
    planNotBeforeMs: 0,
    slotAtMs: null,
    triedIds: [],
    lostFor: null,
    trafficAtMs: null,
    trafficBeats: 0,
    sentSinceMs: null,
    unaskedPackets: 0,
    soughtForMs: null,
    isAnswering: false,
    birthDeadlineAtMs: null,
    recoveryDeadlineAtMs: null,
    sessionEndsAtMs: null,
    transportlessMs: 0,
    transportlessSinceMs: null,
    transportTtlAtMs: null,
    attachedSinceMs: null,
    volatileSinceMs: null,
    degradedEndsAtMs: null,
    healthySinceMs: null,
    reviewAtMs: null,
    plannedAtMs: null,
    switchedAtMs: [],
    withheldFor: [],
    reopenAtMs: null,
    reopens: 0,
    endWanted: null,
    counters: {},
    recoveriesMs: [],
  };
}

export function transportOf(device: Device, transportId: number | null): Transport | null {
  return device.transports.find((transport) => transport.transportId === transportId) ?? null;
}
