/**
 * The kinds of trouble that are measured, and what a session must say of each. Pure: how they are made is in `cuts.ts`.
 *
 * @module
 */
import type { ReasonCode } from '../../../../session/reasons.ts';

export const CLASSES = [
  'carrier',
  'silent',
  'one-way-out',
  'one-way-in',
  'nat-rebind',
  'loss30',
  'latency10x',
  'address-change',
  'failback',
  'flap',
  'hub-restart',
  'agent-restart',
] as const;
export type ClassName = (typeof CLASSES)[number];

/** Round trips in milliseconds, of every link. */
export const RTTS_MS = [10, 50, 200] as const;
export type RttMs = (typeof RTTS_MS)[number];

/** Who is measured beside jvpn; `control` is jvpn with nothing done to it, `bare` the same without a tunnel. */
export const CONTENDERS = ['jvpn', 'mptcp', 'wireguard_go', 'control', 'bare'] as const;
export type Contender = (typeof CONTENDERS)[number];
export type Peer = Extract<Contender, 'mptcp' | 'wireguard_go'>;
export const PEERS: readonly Peer[] = ['mptcp', 'wireguard_go'];

/** Those that a peer has an answer to; the others are about sessions, or about links that still work. */
export const PEER_CLASSES: readonly ClassName[] = [
  'carrier',
  'silent',
  'one-way-out',
  'one-way-in',
  'failback',
];

/** What a link must do before it is gone back to, in the class `failback`, for jvpn and for the watcher alike. */
export const FAILBACK_STABLE_MS = 1_000;

export interface Expectation {
  readonly about: string;
  /** Reasons, one of which the first transition after the cut must have. */
  readonly causes: readonly ReasonCode[];
  /** Whether no transition at all is as good. */
  readonly mayStay: boolean;
  /** Only the hub can say which way was dead: whether it has to have said so by the time the session is attached again. */
  readonly isOneWayIn?: true;
  /** Whether the link is gone: where it is only bad, a session that gives it up for dead is wrong. */
  readonly isDeath: boolean;
}

export const EXPECTATIONS: Readonly<Record<ClassName, Expectation>> = {
  carrier: {
    about: 'the cable of the link in use is pulled',
    causes: ['carrier_lost'],
    mayStay: false,
    isDeath: true,
  },
  silent: {
    about: 'the link in use drops everything both ways and stays up',
    causes: ['heartbeat_timeout'],
    mayStay: false,
    isDeath: true,
  },
  'one-way-out': {
    about: 'the link in use drops what the device sends, and only that',
    causes: ['one_way_out'],
    mayStay: false,
    isDeath: true,
  },
  'one-way-in': {
    about: 'the link in use drops what is sent to the device, and only that',
    causes: ['heartbeat_timeout'],
    isOneWayIn: true,
    mayStay: false,
    isDeath: true,
  },
  'nat-rebind': {
    about: 'the NAT of the only link gives every flow another address and port',
    causes: [],
    mayStay: true,
    isDeath: false,
  },
  loss30: {
    about: 'the link in use drops 30 % of what it carries, each way',
    causes: ['quality_loss'],
    mayStay: true,
    isDeath: false,
  },
  latency10x: {
    about: 'the link in use takes ten times as long',
    causes: ['quality_rtt', 'quality_jitter'],
    mayStay: true,
    isDeath: false,
  },
  'address-change': {
    about: 'the link in use gets another address in the place of its own',
    causes: ['address_lost'],
    mayStay: true,
    isDeath: true,
  },
  failback: {
    about: 'the preferred link, which was without carrier, has one',
    causes: ['failback'],
    mayStay: false,
    isDeath: false,
  },
  flap: {
    about: 'the link in use loses its carrier for 250 ms and has it for 250 ms, three times',
    causes: ['carrier_lost'],
    mayStay: false,
    isDeath: true,
  },
  'hub-restart': {
    about: 'the hub is killed with -9 and started again at once',
    causes: ['heartbeat_timeout', 'binding_lost'],
    mayStay: true,
    isDeath: true,
  },
  'agent-restart': {
    about: 'the agent is killed with -9 and started again at once',
    causes: ['session_resumed'],
    mayStay: false,
    isDeath: true,
  },
};
