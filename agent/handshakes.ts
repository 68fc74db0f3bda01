/**
 * The device's side of the channel: one pending handshake, and the keypairs that came of them.
 *
 * Turns `handshake` effects into initiations and authentic responses into keypairs. Knows nothing of
 * states or bindings. Timestamps never repeat and never pass the durable reservation (I4).
 *
 * @module
 */
import type { Means } from '../hal/means.ts';
import type { Ciphers } from '../session/channel/aead.ts';
import { openClockHint } from '../session/channel/clockHint.ts';
import { type Identity, newIdentity } from '../session/channel/identity.ts';
import {
  createInitiation,
  type PendingHandshake,
  wipePending,
} from '../session/channel/initiation.ts';
import type { KeypairOrigin } from '../session/channel/keypair.ts';
import { type Cookie, consumeCookieReply, usableCookie } from '../session/channel/macs.ts';
import { consumeResponse } from '../session/channel/response.ts';
import { timestampOf, wallMsOf } from '../session/channel/timestamp.ts';
import { decodeClockHint } from '../session/wire/handshake.ts';
import type { TimestampGrant, TunnelSetup } from './messages.ts';

/** Timestamps are 16.8 ms apart at least (their whitening); ours step by 20. */
const TIMESTAMP_STEP_MS = 20;
/** More are asked for when less than this is left of the reservation. */
const WANT_MORE_MS = 300_000;
/**
 * A hint may answer any of the newest initiations: where a round trip takes longer than the pause before a repeat,
 * and the hub hints once a second, it never answers the newest. A link is tried three times in a row.
 */
const HINTABLE_MAX = 3;

/** What of an initiation recognises its hint; no secret is kept. */
type Hintable = Parameters<typeof openClockHint>[1];

/** The caller makes the keypair and wipes the secrets. */
export interface Completed {
  readonly origin: KeypairOrigin;
  readonly transportId: number;
}

export class Handshakes {
  readonly identity: Identity;
  readonly #hubPublicKey: Uint8Array;
  readonly #psk: Uint8Array;
  readonly #ciphers: Ciphers;
  readonly #wallMs: () => number;
  readonly #means: Means;
  #grant: TimestampGrant;
  #timestampMs: number;
  #pending: { handshake: PendingHandshake; transportId: number } | null = null;
  /** The pending one first, then those that it replaced. */
  #hintable: readonly Hintable[] = [];
  #cookie: Cookie | null = null;

  constructor(setup: TunnelSetup, ciphers: Ciphers, wallMs: () => number, means: Means) {
    this.identity = newIdentity(setup.privateKey, means.dh);
    this.#means = means;
    this.#hubPublicKey = setup.hubPublicKey;
    this.#psk = setup.psk;
    this.#ciphers = ciphers;
    this.#wallMs = wallMs;
    this.#grant = setup.clock;
    this.#timestampMs = setup.clock.fromMs;
  }

  /** A higher reservation is durable. */
  onGrant(grant: TimestampGrant): void {
    this.#grant = grant;
    this.#timestampMs = Math.max(this.#timestampMs, grant.fromMs);
  }

  /** Whether the reservation should be raised now, and to at least what. */
  get wantsTimestampsMs(): number | null {
    const leftMs = this.#grant.untilMs - Math.max(this.#timestampMs, this.#wallMs());
    return leftMs < WANT_MORE_MS ? Math.max(this.#timestampMs, this.#wallMs()) : null;
  }

  /** The initiation to send on this transport, or null while no timestamp may be used. */
  initiate(transportId: number, senderIndex: number, atMs: number): Uint8Array | null {
    const timestampMs = Math.max(this.#timestampMs + TIMESTAMP_STEP_MS, this.#wallMs());
    if (timestampMs >= this.#grant.untilMs) return null;
    this.#timestampMs = timestampMs;
    const ephemeralPrivate = this.#means.random(32);
    const created = createInitiation({
      identity: this.identity,
      remoteStatic: this.#hubPublicKey,
      psk: this.#psk,
      ephemeralPrivate,
      senderIndex,
      timestamp: timestampOf(timestampMs),
      cookie: usableCookie(this.#cookie, atMs),
      dh: this.#means.dh,
    });
    ephemeralPrivate.fill(0);
    if (!created.ok) return null;
    if (this.#pending !== null) wipePending(this.#pending.handshake);
    const { pending } = created.value;
    this.#pending = { handshake: pending, transportId };
    const { senderIndex: index, mac1, remoteStatic } = pending;
    const newest = { senderIndex: index, mac1, remoteStatic };
    this.#hintable = [newest, ...this.#hintable].slice(0, HINTABLE_MAX);
    return created.value.message;
  }

  /** A type 2 message from anyone: what a keypair is made of, or the code of its refusal. */
  onResponse(message: Uint8Array, atMs: number): Completed | string {
    const pending = this.#pending;
    if (pending === null) return 'unexpectedResponse';
    const consumed = consumeResponse(message, pending.handshake, {
      identity: this.identity,
      dh: this.#means.dh,
    });
    if (!consumed.ok) return consumed.code;
    this.#pending = null;
    this.#hintable = [];
    const origin = {
      ...consumed.value,
      ciphers: this.#ciphers,
      localIndex: pending.handshake.senderIndex,
      isInitiator: true,
      createdAtMs: atMs,
    };
    return { origin, transportId: pending.transportId };
  }

  /** A type 3 message: null when it was ours, else the code. The next initiation carries the cookie. */
  onCookie(message: Uint8Array, atMs: number): string | null {
    if (this.#pending === null) return 'unexpectedCookie';
    const cookie = consumeCookieReply(message, this.#pending.handshake);
    if (!cookie.ok) return cookie.code;
    this.#cookie = { cookie: cookie.value, receivedAtMs: atMs };
    return null;
  }

  /** A type 18 message: the wall time the hub has seen of us, or the code. */
  onClockHint(message: Uint8Array): number | string {
    if (this.#pending === null) return 'unexpectedHint';
    const decoded = decodeClockHint(message);
    if (!decoded.ok) return decoded.code;
    const { receiver } = decoded.value;
    const asked = this.#hintable.find(({ senderIndex }) => senderIndex === receiver);
    if (asked === undefined) return 'wrongReceiver';
    const local = { identity: this.identity, dh: this.#means.dh };
    const hint = openClockHint(message, asked, local);
    if (!hint.ok) return hint.code;
    const seenMs = wallMsOf(hint.value);
    if (seenMs === null) return 'timestampInvalid';
    // Initiations that overtook one another, or came twice: the hub has seen nothing newer than what we sent.
    if (seenMs <= this.#timestampMs) return 'unexpectedHint';
    this.#timestampMs = Math.ceil(seenMs);
    return seenMs;
  }
}
