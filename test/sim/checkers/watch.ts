/**
 * What a checker may see: nothing but what leaves the machines, the store and the tuns. The machines may
 * not judge themselves alone.
 *
 * @module
 */
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
  readonly bytes: Uint8Array;
  /** Link × endpoint, as the device numbers them: the way that was really taken. */
  readonly transportId: number;
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
  /** Of the device it is about, base64. */
  readonly device: string;
  readonly event: AuditEvent;
  /** Null from a hub. */
  readonly held: Held | null;
}

export interface Watch {
  onSent?(sent: Sent): void;
  onCommit?(commit: Commit): void;
  onSaid?(said: Said): void;
  /** A hub was told that its swap is committed. */
  onLearned?(hub: string, record: SessionRecord): void;
  onBoot?(who: string): void;
  onDeath?(who: string): void;
  /** Both flash slots are gone: the one case in which versions start again, for a new session only. */
  onFlashLost?(who: string): void;
  /** Now and then. */
  onSweep?(atMs: number): void;
}

export type Report = (invariant: InvariantId, checker: string, sentence: string) => void;
