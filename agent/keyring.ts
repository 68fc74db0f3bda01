/**
 * The device's session keypairs, by the index the hub addresses us with, and what their age asks for.
 *
 * @module
 */
import {
  isSessionExpired,
  isSessionRekeyDue,
  sessionExpiresAtMs,
  sessionRekeyAtMs,
} from '../session/channel/age.ts';
import type { SessionKeypair } from '../session/channel/sessionKeypair.ts';
import type { DataCipher } from '../session/wire/frames.ts';
import { TRANSPORT_BYTES_MIN } from '../session/wire/messages.ts';
import { receiverOf } from '../session/wire/transport.ts';

const NEVER = Number.POSITIVE_INFINITY;
const NONE: readonly number[] = [];

export class Keyring {
  readonly #keypairs = new Map<number, SessionKeypair>();
  readonly #toldDue = new Set<number>();
  /** What `nextDeadlineMs` found last; undefined: something has changed since. */
  #nextMs: number | undefined;
  /** The one that was asked for last. */
  #newest: SessionKeypair | undefined;

  add(keypair: SessionKeypair): void {
    this.#nextMs = undefined;
    this.#keypairs.set(keypair.localIndex, keypair);
  }

  find(channelId: number): SessionKeypair | undefined {
    return this.#keypairs.get(channelId);
  }

  /** The keypair that a type 16 or 17 message of `bytes` at `at` names, any bytes from anyone. */
  addressed(datagram: Uint8Array, at: number, bytes: number): SessionKeypair | undefined {
    if (bytes < TRANSPORT_BYTES_MIN) return undefined;
    const index = receiverOf(datagram, at);
    // Nearly always the same one as before.
    if (this.#newest?.localIndex !== index) this.#newest = this.#keypairs.get(index);
    return this.#newest;
  }

  /** Its keys are wiped. */
  forget(channelId: number): void {
    this.#keypairs.get(channelId)?.close();
    this.#keypairs.delete(channelId);
    this.#toldDue.delete(channelId);
    this.#nextMs = undefined;
    if (this.#newest?.localIndex === channelId) this.#newest = undefined;
  }

  /** The session agreed on a cipher: data may flow under every keypair that has none yet. */
  enableData(cipher: DataCipher): void {
    for (const keypair of this.#keypairs.values()) {
      if (keypair.suite === null) keypair.enableData(cipher);
    }
  }

  /** Keypairs whose time came since the last call: to be replaced (told once), or over. */
  aged(atMs: number): { readonly due: readonly number[]; readonly gone: readonly number[] } {
    const gone = this.expired(atMs);
    const due: number[] = [];
    for (const [channelId, keypair] of this.#keypairs) {
      if (!this.#toldDue.has(channelId) && isDue(keypair, atMs)) due.push(channelId);
    }
    this.#nextMs = undefined;
    for (const channelId of due) this.#toldDue.add(channelId);
    return { due, gone };
  }

  /** Forget what may seal and open nothing more; asked in each turn, and nearly always nothing. */
  expired(atMs: number): readonly number[] {
    let hasExpired = false;
    for (const keypair of this.#keypairs.values()) hasExpired ||= isSessionExpired(keypair, atMs);
    if (!hasExpired) return NONE;
    const gone = [...this.#keypairs.values()]
      .filter((keypair) => isSessionExpired(keypair, atMs))
      .map(({ localIndex }) => localIndex);
    for (const channelId of gone) this.forget(channelId);
    return gone;
  }

  /** Something was sealed or opened under some of them: they may be due earlier than it seemed. */
  noteUse(): void {
    this.#nextMs = undefined;
  }

  /** When `aged` has something to say at the latest, or null. */
  nextDeadlineMs(): number | null {
    this.#nextMs ??= this.#earliestMs();
    return this.#nextMs === NEVER ? null : this.#nextMs;
  }

  #earliestMs(): number {
    let nextMs = NEVER;
    for (const [channelId, keypair] of this.#keypairs) {
      const isTold = this.#toldDue.has(channelId);
      // What its packets used up calls for a new one at once.
      const dueAtMs = keypair.needsRekey ? 0 : sessionRekeyAtMs(keypair);
      nextMs = Math.min(nextMs, isTold ? sessionExpiresAtMs(keypair) : dueAtMs);
    }
    return nextMs;
  }
}

const isDue = (keypair: SessionKeypair, atMs: number) =>
  isSessionRekeyDue(keypair, atMs) || keypair.needsRekey;
