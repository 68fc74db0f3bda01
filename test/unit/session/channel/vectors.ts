/**
 * One whole channel from fixed inputs, as test/vectors/channel.json holds it: what another
 * implementation of docs/protocol.md has to produce byte for byte.
 *
 * @module
 */

import { bytesToHex, hexToBytes } from '../../../../session/bytes.ts';
import { createClockHint } from '../../../../session/channel/clockHint.ts';
import { CookieChecker } from '../../../../session/channel/cookie.ts';
import { newIdentity } from '../../../../session/channel/identity.ts';
import { consumeInitiation, createInitiation } from '../../../../session/channel/initiation.ts';
import { PlainKeypair } from '../../../../session/channel/plainKeypair.ts';
import { createResponse } from '../../../../session/channel/response.ts';
import type { DirectionKeys } from '../../../../session/channel/secrets.ts';
import { SessionKeypair } from '../../../../session/channel/sessionKeypair.ts';
import { memoryOf } from '../../../../session/memory.ts';
import { encodeUnknownChannel, unknownChannelOf } from '../../../../session/wire/unknownChannel.ts';
import { ciphers, dh, must } from './twoEnds.ts';

export interface ChannelInputs {
  readonly initiatorPrivate: string;
  readonly responderPrivate: string;
  readonly initiatorEphemeral: string;
  readonly responderEphemeral: string;
  readonly psk: string;
  readonly initiatorIndex: number;
  readonly responderIndex: number;
  readonly timestamp: string;
  readonly cookie: string;
  readonly cookieSecret: string;
  readonly address: string;
  readonly nonce: string;
  readonly greatest: string;
  readonly transportId: number;
  readonly packet: string;
}

/** Everything that follows from `inputs`, in hex; `initiator` keys are the initiator's view. */
export function channelOutputs(inputs: ChannelInputs) {
  const hex = hexToBytes;
  const device = newIdentity(hex(inputs.initiatorPrivate), dh);
  const hub = newIdentity(hex(inputs.responderPrivate), dh);
  const request = {
    identity: device,
    remoteStatic: hub.publicKey,
    psk: hex(inputs.psk),
    ephemeralPrivate: hex(inputs.initiatorEphemeral),
    senderIndex: inputs.initiatorIndex,
    timestamp: hex(inputs.timestamp),
    dh,
  };
  const plain = must(createInitiation({ ...request, cookie: null })).message;
  const withCookie = must(createInitiation({ ...request, cookie: hex(inputs.cookie) })).message;
  const consumed = must(consumeInitiation(plain, { identity: hub, dh }));
  const nonce = hex(inputs.nonce);
  const greatest = hex(inputs.greatest);
  const clockHint = createClockHint(consumed, { identity: hub, greatest, nonce, dh });
  const checker = new CookieChecker(hub.publicKey);
  checker.useSecret(hex(inputs.cookieSecret), 0);
  const cookieReply = checker.reply(plain, hex(inputs.address), nonce, 0);

  const response = createResponse(consumed, {
    psk: request.psk,
    ephemeralPrivate: hex(inputs.responderEphemeral),
    senderIndex: inputs.responderIndex,
    cookie: null,
    dh,
  });
  const { secrets } = response;
  const origin = {
    secrets,
    ciphers,
    localIndex: inputs.responderIndex,
    remoteIndex: inputs.initiatorIndex,
    isInitiator: false,
    createdAtMs: 0,
  };
  const packet = hex(inputs.packet);
  const source = memoryOf(packet.slice());
  const sealData = (suite: 'aes-256-gcm' | 'chacha20-poly1305') => {
    const keypair = new SessionKeypair(origin);
    keypair.enableData(suite);
    const target = new Uint8Array(packet.length + 32);
    keypair.sealData(inputs.transportId, source, 0, packet.length, memoryOf(target), 0);
    return bytesToHex(target);
  };
  const plainKeypair = new PlainKeypair(origin, 1420);
  const transport = new Uint8Array(plainKeypair.sealedBytes(packet.length));
  plainKeypair.sealData(source, 0, packet.length, memoryOf(transport), 0);

  const control = new SessionKeypair(origin).sealControl(inputs.transportId, packet);

  const pair = ({ send, receive }: DirectionKeys) => ({
    initiatorToResponder: bytesToHex(receive),
    responderToInitiator: bytesToHex(send),
  });
  return {
    initiatorPublic: bytesToHex(device.publicKey),
    responderPublic: bytesToHex(hub.publicKey),
    initiation: bytesToHex(plain),
    initiationWithCookie: bytesToHex(withCookie),
    cookieReply: bytesToHex(cookieReply),
    clockHint: bytesToHex(clockHint),
    response: bytesToHex(response.message),
    handshakeHash: bytesToHex(secrets.handshakeHash),
    plainKeys: pair(secrets.plain),
    controlKeys: pair(secrets.control),
    aesDataKeys: pair(secrets.data['aes-256-gcm']),
    chachaDataKeys: pair(secrets.data['chacha20-poly1305']),
    transportFromResponder: bytesToHex(transport),
    aesDataFromResponder: sealData('aes-256-gcm'),
    chachaDataFromResponder: sealData('chacha20-poly1305'),
    controlFromResponder: bytesToHex(control),
    unknownChannel: bytesToHex(encodeUnknownChannel(must(unknownChannelOf(control)))),
  };
}
