import { expect, test } from 'bun:test';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { bytesToHex, hexToBytes } from '../../../../session/bytes.ts';
import { publicKeyOf } from '../../../../session/noise/dh.ts';
import {
  readInitiation,
  readResponse,
  writeInitiation,
  writeResponse,
} from '../../../../session/noise/ikpsk2.ts';
import { nobleDh } from '../../../../session/noise/portableDh.ts';
import vector from '../../../vectors/noise-ikpsk2.json';

const hex = hexToBytes;
const keyPair = (privateHex: string) => {
  const publicKey = publicKeyOf(hex(privateHex), nobleDh);
  if (publicKey === null) throw new Error('no public key');
  return { privateKey: hex(privateHex), publicKey };
};
const initiator = keyPair(vector.initStatic);
const responder = keyPair(vector.respStatic);
const prologue = hex(vector.prologue);
const psk = hex(vector.psk);
const message = (i: number) => vector.messages[i] ?? { payload: '', ciphertext: '' };

function initiation() {
  const written = writeInitiation({
    prologue,
    local: initiator,
    remoteStatic: hex(vector.initRemoteStatic),
    ephemeralPrivate: hex(vector.initEphemeral),
    payload: hex(message(0).payload),
    dh: nobleDh,
  });
  if (!written.ok) throw new Error(written.code);
  return written.value;
}

function handshake() {
  const first = initiation();
  const read = readInitiation(first.message, { prologue, local: responder, dh: nobleDh });
  if (!read.ok) throw new Error(read.code);
  const second = writeResponse(read.value.state, {
    psk,
    ephemeralPrivate: hex(vector.respEphemeral),
    payload: hex(message(1).payload),
    dh: nobleDh,
  });
  return { first, read: read.value, second };
}

/** One transport message of the vector: the sender's n-th under its key. */
function transport(key: Uint8Array, counter: number, payload: string): string {
  const nonce = new Uint8Array(12);
  nonce[4] = counter;
  return bytesToHex(chacha20poly1305(key, nonce).encrypt(hex(payload)));
}

test('both sides write and read the six messages of the cacophony vector', () => {
  const { first, read, second } = handshake();
  expect(bytesToHex(responder.publicKey)).toBe(vector.initRemoteStatic);
  expect(bytesToHex(first.message)).toBe(message(0).ciphertext);
  expect(bytesToHex(read.payload)).toBe(message(0).payload);
  expect(bytesToHex(read.state.remoteStatic)).toBe(bytesToHex(initiator.publicKey));
  expect(bytesToHex(second.message)).toBe(message(1).ciphertext);

  const done = readResponse(second.message, first.state, { psk, local: initiator, dh: nobleDh });
  if (!done.ok) throw new Error(done.code);
  expect(bytesToHex(done.value.payload)).toBe(message(1).payload);

  const noLabel = new Uint8Array(0);
  const [forward, back] = done.value.symmetric.split(noLabel);
  expect(second.symmetric.split(noLabel)).toEqual([forward, back]);
  expect(transport(forward, 0, message(2).payload)).toBe(message(2).ciphertext);
  expect(transport(back, 0, message(3).payload)).toBe(message(3).ciphertext);
  expect(transport(forward, 1, message(4).payload)).toBe(message(4).ciphertext);
  expect(transport(back, 1, message(5).payload)).toBe(message(5).ciphertext);
});

test('both sides end with the same transcript hash', () => {
  const { first, second } = handshake();
  const done = readResponse(second.message, first.state, { psk, local: initiator, dh: nobleDh });
  if (!done.ok) throw new Error(done.code);
  expect(bytesToHex(done.value.symmetric.transcriptHash)).toBe(vector.handshakeHash);
  expect(bytesToHex(second.symmetric.transcriptHash)).toBe(vector.handshakeHash);
});

test('every flipped byte of either message is refused, and the true response still counts', () => {
  const { first, second } = handshake();
  const local = responder;
  for (let i = 0; i < first.message.length; i += 7) {
    const bad = first.message.slice();
    bad[i] = (bad[i] ?? 0) ^ 4;
    expect(readInitiation(bad, { prologue, local, dh: nobleDh }).ok).toBe(false);
  }
  const input = { psk, local: initiator, dh: nobleDh };
  for (let i = 0; i < second.message.length; i += 7) {
    const bad = second.message.slice();
    bad[i] = (bad[i] ?? 0) ^ 4;
    expect(readResponse(bad, first.state, input).ok).toBe(false);
  }
  expect(readResponse(second.message, first.state, input).ok).toBe(true);
});

test('another prologue, another psk or another identity is not authentic', () => {
  const { first, second } = handshake();
  const other = { prologue: hex('00'), local: responder, dh: nobleDh };
  expect(readInitiation(first.message, other)).toEqual({ ok: false, code: 'authenticationFailed' });
  const wrongPsk = { psk: new Uint8Array(32), local: initiator, dh: nobleDh };
  const stranger = { prologue, local: initiator, dh: nobleDh };
  expect(readInitiation(first.message, stranger).ok).toBe(false);
  expect(readResponse(second.message, first.state, wrongPsk)).toEqual({
    ok: false,
    code: 'authenticationFailed',
  });
});

test('points of low order are refused wherever they may appear', () => {
  const zero = new Uint8Array(32);
  const { first, second } = handshake();
  const input = { prologue, local: initiator, ephemeralPrivate: hex(vector.initEphemeral) };
  expect(writeInitiation({ ...input, remoteStatic: zero, payload: zero, dh: nobleDh })).toEqual({
    ok: false,
    code: 'lowOrderKey',
  });

  const lowFirst = first.message.slice();
  lowFirst.set(zero, 0);
  expect(readInitiation(lowFirst, { prologue, local: responder, dh: nobleDh })).toEqual({
    ok: false,
    code: 'lowOrderKey',
  });
  const lowSecond = second.message.slice();
  lowSecond.set(zero, 0);
  expect(readResponse(lowSecond, first.state, { psk, local: initiator, dh: nobleDh })).toEqual({
    ok: false,
    code: 'lowOrderKey',
  });
});

test('messages that are too short are refused by their length', () => {
  const { first } = handshake();
  const local = responder;
  const short = { ok: false, code: 'lengthWrong' } as const;
  expect(readInitiation(new Uint8Array(95), { prologue, local, dh: nobleDh })).toEqual(short);
  const input = { psk, local: initiator, dh: nobleDh };
  expect(readResponse(new Uint8Array(47), first.state, input)).toEqual(short);
});
