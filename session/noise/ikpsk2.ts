/**
 * The Noise handshake Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s, both sides, two messages.
 *
 * ```text
 *   <- s                        the initiator knows the responder's static key beforehand
 *   -> e, es, s, ss  payload    32 + 48 + (payload + 16) bytes
 *   <- e, ee, se, psk  payload  32 + (payload + 16) bytes
 * ```
 *
 * Ephemeral keys are handed in: there is no randomness here, and using one twice is the caller's
 * defect. Refuses points of low order and anything whose tag does not fit; a refused message
 * changes nothing, so that the true one may still arrive.
 *
 * Source: Noise Protocol Framework rev. 34 §7, §9. Vectors: test/vectors/noise-ikpsk2.json.
 *
 * @module
 */
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { assert } from '../assert.ts';
import { fail, ok, type Result } from '../result.ts';
import { type Dh, KEY_BYTES, publicKeyOf } from './dh.ts';
import { SymmetricState, TAG_BYTES } from './symmetric.ts';

const PROTOCOL_NAME = utf8ToBytes('Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s');
const SEALED_KEY_BYTES = KEY_BYTES + TAG_BYTES;

/** Message lengths without their payloads. */
export const INITIATION_OVERHEAD_BYTES = KEY_BYTES + SEALED_KEY_BYTES + TAG_BYTES;
export const RESPONSE_OVERHEAD_BYTES = KEY_BYTES + TAG_BYTES;

/** A static key pair of 32 bytes each. */
export interface KeyPair {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** What the initiator keeps until the response arrives. */
export interface InitiatorState {
  readonly symmetric: SymmetricState;
  readonly ephemeralPrivate: Uint8Array;
}

/** What the responder keeps between reading the initiation and writing the response. */
export interface ResponderState {
  readonly symmetric: SymmetricState;
  readonly remoteEphemeral: Uint8Array;
  readonly remoteStatic: Uint8Array;
}

export type NoiseError = 'lengthWrong' | 'lowOrderKey' | 'authenticationFailed';

export interface InitiationInput {
  readonly prologue: Uint8Array;
  readonly local: KeyPair;
  readonly remoteStatic: Uint8Array;
  /** 32 bytes, fresh for this message. */
  readonly ephemeralPrivate: Uint8Array;
  readonly payload: Uint8Array;
  readonly dh: Dh;
}

/** Fails only where the responder's static key is of low order. */
export function writeInitiation(
  input: InitiationInput,
): Result<{ message: Uint8Array; state: InitiatorState }, 'lowOrderKey'> {
  const { local, remoteStatic, ephemeralPrivate, dh } = input;
  const symmetric = begin(input.prologue, remoteStatic);
  const ephemeral = ephemeralPublic(ephemeralPrivate, dh);
  symmetric.mixEphemeral(ephemeral);

  const es = dh(ephemeralPrivate, remoteStatic);
  if (es === null) return fail('lowOrderKey');
  symmetric.mixKey(es);
  const sealedStatic = symmetric.sealAndHash(local.publicKey);

  const ss = dh(local.privateKey, remoteStatic);
  if (ss === null) return fail('lowOrderKey');
  symmetric.mixKey(ss);
  const sealedPayload = symmetric.sealAndHash(input.payload);

  const message = concatBytes(ephemeral, sealedStatic, sealedPayload);
  return ok({ message, state: { symmetric, ephemeralPrivate: ephemeralPrivate.slice() } });
}

/** Read a first message, which may be any bytes from anyone. */
export function readInitiation(
  message: Uint8Array,
  input: { readonly prologue: Uint8Array; readonly local: KeyPair; readonly dh: Dh },
): Result<{ payload: Uint8Array; state: ResponderState }, NoiseError> {
  if (message.length < INITIATION_OVERHEAD_BYTES) return fail('lengthWrong');
  const { local, dh } = input;
  const symmetric = begin(input.prologue, local.publicKey);
  const refused = (error: NoiseError) => {
    symmetric.wipe();
    return fail(error);
  };
  const remoteEphemeral = message.slice(0, KEY_BYTES);
  symmetric.mixEphemeral(remoteEphemeral);

  const es = dh(local.privateKey, remoteEphemeral);
  if (es === null) return refused('lowOrderKey');
  symmetric.mixKey(es);
  const remoteStatic = symmetric.openAndHash(
    message.subarray(KEY_BYTES, KEY_BYTES + SEALED_KEY_BYTES),
  );
  if (remoteStatic === null) return refused('authenticationFailed');

  const ss = dh(local.privateKey, remoteStatic);
  if (ss === null) return refused('lowOrderKey');
  symmetric.mixKey(ss);
  const payload = symmetric.openAndHash(message.subarray(KEY_BYTES + SEALED_KEY_BYTES));
  if (payload === null) return refused('authenticationFailed');

  return ok({ payload, state: { symmetric, remoteEphemeral, remoteStatic } });
}

export interface ResponseInput {
  /** 32 bytes; all zero where the peers share none. */
  readonly psk: Uint8Array;
  /** 32 bytes, fresh for this message; wiped when it is made. */
  readonly ephemeralPrivate: Uint8Array;
  readonly payload: Uint8Array;
  readonly dh: Dh;
}

/** Answer an initiation. Uses `state` up; the returned symmetric state yields the keys, the ephemeral key is wiped. */
export function writeResponse(
  state: ResponderState,
  input: ResponseInput,
): { message: Uint8Array; symmetric: SymmetricState } {
  const { symmetric } = state;
  const { ephemeralPrivate, dh } = input;
  const ephemeral = ephemeralPublic(ephemeralPrivate, dh);
  symmetric.mixEphemeral(ephemeral);

  // Both remote keys gave a shared secret in readInitiation, so neither is of low order.
  const ee = dh(ephemeralPrivate, state.remoteEphemeral);
  assert(ee !== null, 'the initiation proved the remote ephemeral usable');
  symmetric.mixKey(ee);
  const se = dh(ephemeralPrivate, state.remoteStatic);
  assert(se !== null, 'the initiation proved the remote static usable');
  symmetric.mixKey(se);
  ephemeralPrivate.fill(0);

  symmetric.mixKeyAndHash(input.psk);
  return { message: concatBytes(ephemeral, symmetric.sealAndHash(input.payload)), symmetric };
}

/** Read a second message, any bytes from anyone. `state` stays usable when this fails. */
export function readResponse(
  message: Uint8Array,
  state: InitiatorState,
  input: { readonly psk: Uint8Array; readonly local: KeyPair; readonly dh: Dh },
): Result<{ payload: Uint8Array; symmetric: SymmetricState }, NoiseError> {
  if (message.length < RESPONSE_OVERHEAD_BYTES) return fail('lengthWrong');
  const { local, dh } = input;
  const symmetric = state.symmetric.clone();
  const refused = (error: NoiseError) => {
    symmetric.wipe();
    return fail(error);
  };
  const remoteEphemeral = message.slice(0, KEY_BYTES);
  symmetric.mixEphemeral(remoteEphemeral);

  const ee = dh(state.ephemeralPrivate, remoteEphemeral);
  if (ee === null) return refused('lowOrderKey');
  symmetric.mixKey(ee);
  const se = dh(local.privateKey, remoteEphemeral);
  if (se === null) return refused('lowOrderKey');
  symmetric.mixKey(se);

  symmetric.mixKeyAndHash(input.psk);
  const payload = symmetric.openAndHash(message.subarray(KEY_BYTES));
  if (payload === null) return refused('authenticationFailed');
  return ok({ payload, symmetric });
}

function begin(prologue: Uint8Array, responderStatic: Uint8Array): SymmetricState {
  assert(responderStatic.length === KEY_BYTES, 'a static key has 32 bytes');
  const symmetric = SymmetricState.start(PROTOCOL_NAME);
  symmetric.mixHash(prologue);
  symmetric.mixHash(responderStatic);
  return symmetric;
}

function ephemeralPublic(ephemeralPrivate: Uint8Array, dh: Dh): Uint8Array {
  assert(ephemeralPrivate.length === KEY_BYTES, 'an ephemeral key has 32 bytes');
  const publicKey = publicKeyOf(ephemeralPrivate, dh);
  assert(publicKey !== null, 'a clamped key times the base point is never zero');
  return publicKey;
}
