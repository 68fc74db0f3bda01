import { expect, test } from 'bun:test';
import { bytesToHex, hexToBytes } from '../../../../session/bytes.ts';
import { openClockHint } from '../../../../session/channel/clockHint.ts';
import { newIdentity } from '../../../../session/channel/identity.ts';
import { createInitiation } from '../../../../session/channel/initiation.ts';
import { consumeCookieReply } from '../../../../session/channel/macs.ts';
import { PlainKeypair } from '../../../../session/channel/plainKeypair.ts';
import { consumeResponse } from '../../../../session/channel/response.ts';
import { SessionKeypair } from '../../../../session/channel/sessionKeypair.ts';
import { type Memory, memoryOf } from '../../../../session/memory.ts';
import { decodeUnknownChannel } from '../../../../session/wire/unknownChannel.ts';
import vectors from '../../../vectors/channel.json';
import { ciphers, dh, must } from './twoEnds.ts';
import { channelOutputs } from './vectors.ts';

const { inputs, outputs } = vectors;

/** A whole datagram as the first three arguments of `openData`. */
function whole(hex: string): [Memory, number, number] {
  const bytes = hexToBytes(hex);
  return [memoryOf(bytes.slice()), 0, bytes.length];
}

test('making: every message and key from fixed inputs is that of the vector', () => {
  expect(channelOutputs(inputs)).toEqual(outputs);
});

/** Goal: the initiator reads what the vector holds. Method: its own keys, the recorded messages. */
test('reading: the initiator opens every message of the vector', () => {
  const identity = newIdentity(hexToBytes(inputs.initiatorPrivate), dh);
  const { pending, message } = must(
    createInitiation({
      identity,
      remoteStatic: hexToBytes(outputs.responderPublic),
      psk: hexToBytes(inputs.psk),
      ephemeralPrivate: hexToBytes(inputs.initiatorEphemeral),
      senderIndex: inputs.initiatorIndex,
      timestamp: hexToBytes(inputs.timestamp),
      cookie: null,
      dh,
    }),
  );
  expect(bytesToHex(message)).toBe(outputs.initiation);
  const local = { identity, dh };
  const hint = must(openClockHint(hexToBytes(outputs.clockHint), pending, local));
  expect(bytesToHex(hint)).toBe(inputs.greatest);
  expect(must(consumeCookieReply(hexToBytes(outputs.cookieReply), pending)).length).toBe(16);

  const { secrets, remoteIndex } = must(
    consumeResponse(hexToBytes(outputs.response), pending, local),
  );
  expect(remoteIndex).toBe(inputs.responderIndex);
  expect(bytesToHex(secrets.handshakeHash)).toBe(outputs.handshakeHash);
  const origin = {
    secrets,
    ciphers,
    localIndex: inputs.initiatorIndex,
    remoteIndex,
    isInitiator: true,
    createdAtMs: 0,
  };
  const packetBytes = inputs.packet.length / 2;
  const target = new Uint8Array(200);
  for (const suite of ['aes-256-gcm', 'chacha20-poly1305'] as const) {
    const keypair = new SessionKeypair(origin);
    keypair.enableData(suite);
    const name = suite === 'aes-256-gcm' ? 'aesDataFromResponder' : 'chachaDataFromResponder';
    expect(keypair.openData(...whole(outputs[name]), memoryOf(target), 0)).toBe(packetBytes);
    expect(bytesToHex(target.slice(0, packetBytes))).toBe(inputs.packet);
    expect(keypair.openedTransportId).toBe(inputs.transportId);
  }
  const control = must(
    new SessionKeypair(origin).openControl(hexToBytes(outputs.controlFromResponder)),
  );
  expect([control.transportId, bytesToHex(control.plaintext)]).toEqual([
    inputs.transportId,
    inputs.packet,
  ]);
  expect(must(decodeUnknownChannel(hexToBytes(outputs.unknownChannel)))).toEqual({
    transportId: inputs.transportId,
    receiver: inputs.initiatorIndex,
    counter: control.counter,
  });
  const plain = new PlainKeypair(origin, 1420);
  expect(plain.openData(...whole(outputs.transportFromResponder), memoryOf(target), 0)).toBe(32);
  expect(bytesToHex(target.slice(0, packetBytes))).toBe(inputs.packet);
});
