import { expect, test } from 'bun:test';
import { bytesToHex } from '../../../../session/bytes.ts';
import { consumeInitiation, createInitiation } from '../../../../session/channel/initiation.ts';
import { consumeResponse, createResponse } from '../../../../session/channel/response.ts';
import { wipeSecrets } from '../../../../session/channel/secrets.ts';
import { timestampOf } from '../../../../session/channel/timestamp.ts';
import { nobleDh } from '../../../../session/noise/portableDh.ts';
import { dh, handshake, initiate, must, newEnds } from './twoEnds.ts';

test('both ends derive the same keys, each direction its own, none twice', () => {
  const { device, hub } = handshake(newEnds(1));
  expect(device.handshakeHash).toEqual(hub.handshakeHash);
  const pairs = [
    [device.plain, hub.plain],
    [device.control, hub.control],
    [device.data['aes-256-gcm'], hub.data['aes-256-gcm']],
    [device.data['chacha20-poly1305'], hub.data['chacha20-poly1305']],
  ] as const;
  const keys = new Set<string>();
  for (const [ours, theirs] of pairs) {
    expect(ours.send).toEqual(theirs.receive);
    expect(ours.receive).toEqual(theirs.send);
    keys.add(bytesToHex(ours.send)).add(bytesToHex(ours.receive));
  }
  expect(keys.size).toBe(8);
});

test('the responder learns who, when and under which index', () => {
  const ends = newEnds(2);
  const { message, pending } = initiate(ends, 1_700_000_000_000);
  const consumed = must(consumeInitiation(message, { identity: ends.hub, dh }));
  expect(consumed.remoteStatic).toEqual(ends.device.publicKey);
  expect(consumed.timestamp).toEqual(timestampOf(1_700_000_000_000));
  expect(consumed.senderIndex).toBe(pending.senderIndex);
  expect(consumed.mac1).toEqual(pending.mac1);
  expect(message.length).toBe(148);
});

test('native and portable X25519 make the same handshake', () => {
  const ends = newEnds(3);
  const { message } = initiate(ends);
  const portable = must(consumeInitiation(message, { identity: ends.hub, dh: nobleDh }));
  expect(portable.remoteStatic).toEqual(ends.device.publicKey);
});

test('an initiation for another hub is refused by its mac1, before any DH', () => {
  const ends = newEnds(4);
  const { message } = initiate(ends);
  const never = () => {
    throw new Error('no DH for strangers');
  };
  expect(consumeInitiation(message, { identity: ends.device, dh: never })).toEqual({
    ok: false,
    code: 'mac1Wrong',
  });
});

test('a hub key of low order is the operator’s mistake and named', () => {
  const ends = newEnds(5);
  const request = { identity: ends.device, psk: ends.psk, senderIndex: 1, cookie: null, dh };
  const created = createInitiation({
    ...request,
    remoteStatic: new Uint8Array(32),
    ephemeralPrivate: ends.random.bytes(32),
    timestamp: timestampOf(0),
  });
  expect(created).toEqual({ ok: false, code: 'lowOrderKey' });
});

test('a refused response changes nothing: the true one still completes', () => {
  const ends = newEnds(6);
  const { message, pending } = initiate(ends);
  const local = { identity: ends.device, dh };
  const respond = (psk: Uint8Array) =>
    createResponse(must(consumeInitiation(message, { identity: ends.hub, dh })), {
      psk,
      ephemeralPrivate: ends.random.bytes(32),
      senderIndex: 77,
      cookie: null,
      dh,
    }).message;

  const wrongPsk = respond(new Uint8Array(32));
  expect(consumeResponse(wrongPsk, pending, local)).toMatchObject({ code: 'authenticationFailed' });
  const right = respond(ends.psk);
  const misdirected = right.slice();
  misdirected[8] = (misdirected[8] ?? 0) ^ 1;
  expect(consumeResponse(misdirected, pending, local)).toMatchObject({ code: 'wrongReceiver' });
  const noMac = right.slice();
  noMac[60] = (noMac[60] ?? 0) ^ 1;
  expect(consumeResponse(noMac, pending, local)).toMatchObject({ code: 'mac1Wrong' });
  expect(consumeResponse(right, pending, local).ok).toBe(true);
});

test('wiping leaves no key behind, and a completed handshake no ephemeral', () => {
  const { device } = handshake(newEnds(7));
  wipeSecrets(device);
  for (const keys of [device.plain, device.control, ...Object.values(device.data)]) {
    expect([...keys.send, ...keys.receive].every((byte) => byte === 0)).toBe(true);
  }
  const ends = newEnds(7);
  const { message, pending } = initiate(ends);
  const response = createResponse(must(consumeInitiation(message, { identity: ends.hub, dh })), {
    psk: ends.psk,
    ephemeralPrivate: ends.random.bytes(32),
    senderIndex: 1,
    cookie: null,
    dh,
  });
  must(consumeResponse(response.message, pending, { identity: ends.device, dh }));
  expect(pending.noise.ephemeralPrivate.every((byte) => byte === 0)).toBe(true);
});

test('no bytes make a consumer throw, and none that were damaged pass', () => {
  const ends = newEnds(8);
  const { message, pending } = initiate(ends);
  const response = createResponse(must(consumeInitiation(message, { identity: ends.hub, dh })), {
    psk: ends.psk,
    ephemeralPrivate: ends.random.bytes(32),
    senderIndex: 1,
    cookie: null,
    dh,
  }).message;
  for (let i = 0; i < 1500; i++) {
    const badFirst = ends.random.damaged(message);
    const first = consumeInitiation(badFirst, { identity: ends.hub, dh });
    // mac2 is judged by the cookie checker alone: a change there is no change to the handshake.
    const differs = bytesToHex(badFirst.subarray(0, 132)) !== bytesToHex(message.subarray(0, 132));
    if (differs || badFirst.length !== 148) expect(first.ok).toBe(false);
    const badSecond = ends.random.damaged(response);
    if (bytesToHex(badSecond.subarray(0, 76)) === bytesToHex(response.subarray(0, 76))) continue;
    expect(consumeResponse(badSecond, pending, { identity: ends.device, dh }).ok).toBe(false);
  }
  expect(consumeResponse(response, pending, { identity: ends.device, dh }).ok).toBe(true);
});
