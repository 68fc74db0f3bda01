/**
 * What a checker may see: nothing but what leaves the machines, the store and the tuns. The machines may
 * not judge themselves alone.
 *
 * The rules are in `session/invariants`, one file each; checkers here only show them what happens.
 *
 * @module
 */
import type { TunnelStatus } from '../../../agent/status.ts';
import type { AuditEvent } from '../../../session/audit.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
import type { InvariantId } from '../outcome.ts';

/** A datagram that a process handed to its socket, whatever becomes of it. */
export interface Sent {
  readonly atMs: number;
  readonly from: string;
  /** Null: nobody has that address. */
  readonly to: string | null;
  readonly isUp: boolean;
  /** The address that it was sent to. */
  readonly target: string;
  readonly bytes: Uint8Array;
  /** Link × endpoint, as the device numbers them: the way that was really taken. */
  readonly transportId: number;
}

/** A datagram that reached the socket of a process. */
export interface Arrived {
  readonly atMs: number;
  readonly to: string;
  readonly bytes: Uint8Array;
}

/** A datagram of which the network knows that it will not arrive; a copy of it may. */
export interface Lost {
  readonly to: string;
  readonly bytes: Uint8Array;
}

export interface Commit {
  readonly atMs: number;
  readonly hub: string;
  readonly before: SessionRecord | null;
  readonly after: SessionRecord;
}

/** What a device's process held when it reported something. */
export interface Held {
  readonly secret: Uint8Array | null;
  readonly memoryKey: Uint8Array | null;
}

export interface Said {
  readonly atMs: number;
  readonly who: string;
  readonly role: 'device' | 'hub';
  readonly event: AuditEvent;
  /** Null from a hub. */
  readonly held: Held | null;
}

/** An inner packet that came out of a tun. */
export interface Delivered {
  readonly who: string;
  /** The public key of the device whose application sent it, or was to get it. */
  readonly device: string;
  /** The living session that `who` has with that device, or as that device; null: none. */
  readonly sessionId: string | null;
}

/** A signed policy on its way to a device that is awake. */
export interface PushedDocument {
  readonly atMs: number;
  readonly who: string;
  readonly version: number;
  /** Its time has not come. */
  readonly isEarly: boolean;
}

/** What a machine's flash forgot when it lost power. */
export type Forgotten =
  | 'all' // versions start again, for a new session only
  | 'newest'; // the session's name may be an older one's, versions go on

export interface Watch {
  onSent?(sent: Sent): void;
  onArrived?(arrived: Arrived): void;
  onLost?(lost: Lost): void;
  onCommit?(commit: Commit): void;
  onSaid?(said: Said): void;
  onDelivered?(delivered: Delivered): void;
  /** A hub was told what the store holds in its name. */
  onLearned?(hub: string, record: SessionRecord): void;
  /** A hub was told that nobody knows what became of its swap; or, later, that somebody does. */
  onDoubt?(hub: string, device: string, isInDoubt: boolean): void;
  /** What a device's process answers to a status command, now and then. */
  onStatus?(who: string, status: Pick<TunnelStatus, 'links'>): void;
  /** A device is told that the link of these transports has another address, and is as usable as before. */
  onRenumbered?(who: string, transportIds: readonly number[], atMs: number): void;
  /** An operator asks a device for another link, at this moment. */
  onAsked?(who: string, linkName: string): void;
  onPushed?(document: PushedDocument): void;
  /** A device that is awake was told what its links are like, and has had its turn. */
  onTold?(who: string, atMs: number): void;
  onBoot?(who: string): void;
  onDeath?(who: string): void;
  onForgotten?(who: string, what: Forgotten): void;
  /** Now and then. */
  onSweep?(atMs: number): void;
}

/** `fault` is what a rule says is wrong, its invariant in front, or null. */
export type Report = (checker: string, who: string, fault: string | null) => void;

/** `I4: …` → `I4`. */
export function invariantOf(fault: string): InvariantId {
  const [id = ''] = fault.split(':', 1);
  return id as InvariantId;
}
