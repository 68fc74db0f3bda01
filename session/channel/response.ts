/**
 * Make and read the second message of a handshake (type 2), and the keys that it completes.
 *
 * The responder has the keys when it has written the response, but must not send with them before
 * it received something under them: only that proves the initiator alive (WireGuard whitepaper
 * §5.1). A refused response changes nothing: the true one may still arrive.
 *
 * Source: WireGuard whitepaper §5.4.3, §5.4.5. Vectors: test/vectors/channel.json.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { type Dh, KEY_BYTES } from '../noise/dh.ts';
import { type NoiseError, readResponse, writeResponse } from '../noise/ikpsk2.ts';
import { fail, ok, type Result } from '../result.ts';
import { decodeResponse, encodeResponse, type HandshakeError } from '../wire/handshake.ts';
import type { Identity } from './identity.ts';
import { type ConsumedInitiation, type PendingHandshake, wipePending } from './initiation.ts';
import { isMac1Valid, type MacKeys, mac1Of, macKeysOf, writeMacs } from './macs.ts';
import { type ChannelSecrets, deriveSecrets } from './secrets.ts';

export interface ResponseRequest {
  /** The one on record for `initiation.remoteStatic`; `NO_PSK` where there is none. */
  readonly psk: Uint8Array;
  /** 32 random bytes, never used before; wiped when the response is made. */
  readonly ephemeralPrivate: Uint8Array;
  /** By which the initiator will address us. */
  readonly senderIndex: number;
  /** A cookie the initiator gave us when it was under load itself. */
  readonly cookie: Uint8Array | null;
  readonly dh: Dh;
}

export interface CreatedResponse {
  readonly message: Uint8Array;
  readonly secrets: ChannelSecrets;
  /** Index of the initiator, for the packets we send. */
  readonly remoteIndex: number;
  /** What recognises a cookie reply to this response (`consumeCookieReply`). */
  readonly senderIndex: number;
  readonly mac1: Uint8Array;
  readonly remoteKeys: MacKeys;
}

/** Answer an authentic, newer initiation of an enrolled peer. Uses `initiation` up. */
export function createResponse(
  initiation: ConsumedInitiation,
  request: ResponseRequest,
): CreatedResponse {
  assert(request.psk.length === KEY_BYTES, 'a psk has 32 bytes');
  const written = writeResponse(initiation.noise, {
    psk: request.psk,
    ephemeralPrivate: request.ephemeralPrivate,
    payload: new Uint8Array(0),
    dh: request.dh,
  });
  const { senderIndex } = request;
  const message = encodeResponse({
    sender: senderIndex,
    receiver: initiation.senderIndex,
    noise: written.message,
  });
  const remoteKeys = macKeysOf(initiation.remoteStatic);
  writeMacs(message, remoteKeys, request.cookie);
  return {
    message,
    secrets: deriveSecrets(written.symmetric, false),
    remoteIndex: initiation.senderIndex,
    senderIndex,
    mac1: mac1Of(message).slice(),
    remoteKeys,
  };
}

export interface ConsumedResponse {
  readonly secrets: ChannelSecrets;
  /** Index of the responder, for the packets we send. */
  readonly remoteIndex: number;
}

export type ResponseError = HandshakeError | NoiseError | 'mac1Wrong' | 'wrongReceiver';

/** Read a response, any bytes from anyone. On success `pending` is used up and wiped. */
export function consumeResponse(
  message: Uint8Array,
  pending: PendingHandshake,
  local: { readonly identity: Identity; readonly dh: Dh },
): Result<ConsumedResponse, ResponseError> {
  const decoded = decodeResponse(message);
  if (!decoded.ok) return decoded;
  if (decoded.value.receiver !== pending.senderIndex) return fail('wrongReceiver');
  if (!isMac1Valid(message, macKeysOf(local.identity.publicKey))) return fail('mac1Wrong');

  const read = readResponse(decoded.value.noise, pending.noise, {
    psk: pending.psk,
    local: local.identity,
    dh: local.dh,
  });
  if (!read.ok) return read;
  const secrets = deriveSecrets(read.value.symmetric, true);
  wipePending(pending);
  return ok({ secrets, remoteIndex: decoded.value.sender });
}
