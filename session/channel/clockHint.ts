/**
 * The clock hint (type 18): how a device that lost its clock and both flash slots gets back in.
 *
 * Such a device starts with timestamps that the hub has seen long ago, and a plain responder would
 * refuse it in silence for ever. When an initiation of a SESSION peer is authentic but not newer,
 * the hub may answer with the greatest timestamp it has seen of that peer; the device then uses the
 * one after it. Plain peers never get it.
 *
 * ```text
 *   0        1         2        4                  8             32                       60
 *   +--------+---------+--------+------------------+-------------+------------------------+
 *   | type 18| version | 0    0 | receiver u32 LE  |  nonce 24   | sealed timestamp 12+16 |
 *   +--------+---------+--------+------------------+-------------+------------------------+
 *   sealed: XChaCha20-Poly1305, key = KDF1(DH(static, static), "jvpn v1 clock hint"),
 *           associated data = mac1 of the initiation it answers
 * ```
 *
 * Why it gives nothing away. Only the two holders of the static keys can make the key, so nobody
 * else can forge or read a hint. A recorded initiation that somebody replays draws a hint too, but
 * it is sealed, bound to the mac1 of that recording, and smaller than what drew it (60 of 148
 * bytes). A device accepts a hint only while it waits for a response, and only for one of its newest
 * initiations, by mac1 and index: one drawn by an older recording, or kept from before, opens nowhere. What it accepts
 * is a timestamp that it had sent itself: the hint cannot push it ahead of its own history, and the
 * responder's rule (only newer ones count) stays as it is. The hub limits hints like responses.
 *
 * Source: docs/protocol.md. Vectors: test/vectors/channel.json.
 *
 * @module
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { assert } from '../assert.ts';
import { utf8ToBytes } from '../bytes.ts';
import type { Dh } from '../noise/dh.ts';
import { kdf1 } from '../noise/kdf.ts';
import { fail, ok, type Result } from '../result.ts';
import { decodeClockHint, encodeClockHint, type HandshakeError } from '../wire/handshake.ts';
import type { Identity } from './identity.ts';
import type { ConsumedInitiation, PendingHandshake } from './initiation.ts';

const LABEL = utf8ToBytes('jvpn v1 clock hint');

export interface ClockHintRequest {
  readonly identity: Identity;
  /** The greatest timestamp seen of this peer. */
  readonly greatest: Uint8Array;
  /** 24 fresh random bytes. */
  readonly nonce: Uint8Array;
  readonly dh: Dh;
}

/** Answer an authentic initiation of a session peer that was `notNewer`. */
export function createClockHint(
  initiation: ConsumedInitiation,
  request: ClockHintRequest,
): Uint8Array {
  const key = hintKey(request.identity, initiation.remoteStatic, request.dh);
  assert(key !== null, 'reading the initiation proved the remote static usable');
  const sealed = xchacha20poly1305(key, request.nonce, initiation.mac1).encrypt(request.greatest);
  key.fill(0);
  return encodeClockHint({ receiver: initiation.senderIndex, nonce: request.nonce, sealed });
}

export type ClockHintError = HandshakeError | 'wrongReceiver' | 'authenticationFailed';

/** The timestamp in a hint for `pending`, any bytes from anyone. Use the one after it. */
export function openClockHint(
  datagram: Uint8Array,
  pending: Pick<PendingHandshake, 'senderIndex' | 'mac1' | 'remoteStatic'>,
  local: { readonly identity: Identity; readonly dh: Dh },
): Result<Uint8Array, ClockHintError> {
  const hint = decodeClockHint(datagram);
  if (!hint.ok) return hint;
  const { receiver, nonce, sealed } = hint.value;
  if (receiver !== pending.senderIndex) return fail('wrongReceiver');
  const key = hintKey(local.identity, pending.remoteStatic, local.dh);
  if (key === null) return fail('authenticationFailed');
  try {
    return ok(xchacha20poly1305(key, nonce, pending.mac1).decrypt(sealed));
  } catch {
    return fail('authenticationFailed'); // the library reports a wrong tag by throwing
  } finally {
    key.fill(0);
  }
}

function hintKey(identity: Identity, remoteStatic: Uint8Array, dh: Dh): Uint8Array | null {
  const shared = dh(identity.privateKey, remoteStatic);
  if (shared === null) return null;
  const key = kdf1(shared, LABEL);
  shared.fill(0);
  return key;
}
