/**
 * Make and read the first message of a handshake (type 1), as WireGuard does.
 *
 * Reading proves that the sender holds the static key it names and made the message for us; it does
 * not prove that the message is new (`TimestampGate`), nor that the sender is enrolled: the caller
 * looks up the key, judges the timestamp and only then makes a response. A refused message changes
 * nothing. Load and cookies are judged before, by `CookieChecker`.
 *
 * Source: WireGuard whitepaper §5.4.2. Vectors: test/vectors/channel.json.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { utf8ToBytes } from '../bytes.ts';
import { type Dh, KEY_BYTES } from '../noise/dh.ts';
import {
  type InitiatorState,
  type NoiseError,
  type ResponderState,
  readInitiation,
  writeInitiation,
} from '../noise/ikpsk2.ts';
import { fail, ok, type Result } from '../result.ts';
import { decodeInitiation, encodeInitiation, type HandshakeError } from '../wire/handshake.ts';
import type { Identity } from './identity.ts';
import { isMac1Valid, type MacKeys, mac1Of, macKeysOf, writeMacs } from './macs.ts';
import { TIMESTAMP_BYTES } from './timestamp.ts';

/** The `Identifier` of the WireGuard whitepaper §5.4: the prologue of the handshake. */
export const PROLOGUE = utf8ToBytes('WireGuard v1 zx2c4 Jason@zx2c4.com');

export interface InitiationRequest {
  readonly identity: Identity;
  readonly remoteStatic: Uint8Array;
  /** 32 bytes, `NO_PSK` where the peers share none. */
  readonly psk: Uint8Array;
  /** 32 random bytes, never used before. Copied; the caller wipes its own. */
  readonly ephemeralPrivate: Uint8Array;
  /** By which the responder will address us; unused by any living keypair or handshake of ours. */
  readonly senderIndex: number;
  /** Later than any this identity has sent. */
  readonly timestamp: Uint8Array;
  /** From {@link usableCookie}. */
  readonly cookie: Uint8Array | null;
  readonly dh: Dh;
}

/** A handshake that waits for its response. One peer has at most one; a newer one replaces it. */
export interface PendingHandshake {
  readonly remoteStatic: Uint8Array;
  readonly psk: Uint8Array;
  readonly senderIndex: number;
  readonly timestamp: Uint8Array;
  /** Of the message sent; recognises cookie replies and clock hints. */
  readonly mac1: Uint8Array;
  /** Mac keys of the responder. */
  readonly remoteKeys: MacKeys;
  readonly noise: InitiatorState;
}

/** Fails only where `remoteStatic` is a key that no handshake can be made with. */
export function createInitiation(
  request: InitiationRequest,
): Result<{ message: Uint8Array; pending: PendingHandshake }, 'lowOrderKey'> {
  const { identity, remoteStatic, psk, timestamp, senderIndex } = request;
  assert(psk.length === KEY_BYTES, 'a psk has 32 bytes');
  assert(timestamp.length === TIMESTAMP_BYTES, 'a timestamp has 12 bytes');
  const written = writeInitiation({
    prologue: PROLOGUE,
    local: identity,
    remoteStatic,
    ephemeralPrivate: request.ephemeralPrivate,
    payload: timestamp,
    dh: request.dh,
  });
  if (!written.ok) return written;

  const remoteKeys = macKeysOf(remoteStatic);
  const message = encodeInitiation({ sender: senderIndex, noise: written.value.message });
  writeMacs(message, remoteKeys, request.cookie);
  const mac1 = mac1Of(message).slice();
  const noise = written.value.state;
  const pending = { remoteStatic, psk, senderIndex, timestamp, mac1, remoteKeys, noise };
  return ok({ message, pending });
}

/** Forget the secrets of a handshake that was replaced, given up or completed. */
export function wipePending(pending: PendingHandshake): void {
  pending.noise.ephemeralPrivate.fill(0);
  pending.noise.symmetric.wipe();
}

/** Forget the secrets of an initiation that gets no response. */
export function wipeConsumed(initiation: ConsumedInitiation): void {
  initiation.noise.symmetric.wipe();
}

/** An authentic initiation. Use it once, for one response, or wipe it. */
export interface ConsumedInitiation {
  readonly remoteStatic: Uint8Array;
  readonly timestamp: Uint8Array;
  readonly senderIndex: number;
  /** Of the message read; a clock hint is bound to it. */
  readonly mac1: Uint8Array;
  readonly noise: ResponderState;
}

export type InitiationError = HandshakeError | NoiseError | 'mac1Wrong';

/** Read an initiation, any bytes from anyone. */
export function consumeInitiation(
  message: Uint8Array,
  local: { readonly identity: Identity; readonly dh: Dh },
): Result<ConsumedInitiation, InitiationError> {
  const decoded = decodeInitiation(message);
  if (!decoded.ok) return decoded;
  if (!isMac1Valid(message, macKeysOf(local.identity.publicKey))) return fail('mac1Wrong');

  const read = readInitiation(decoded.value.noise, {
    prologue: PROLOGUE,
    local: local.identity,
    dh: local.dh,
  });
  if (!read.ok) return read;
  const { payload, state } = read.value;
  assert(payload.length === TIMESTAMP_BYTES, 'the fixed length of the message fixes the payload');
  return ok({
    remoteStatic: state.remoteStatic,
    timestamp: payload,
    senderIndex: decoded.value.sender,
    mac1: mac1Of(message).slice(),
    noise: state,
  });
}
