import { expect, test } from 'bun:test';
import { Handshakes } from '../../../agent/handshakes.ts';
import type { TunnelSetup } from '../../../agent/messages.ts';
import { createClockHint } from '../../../session/channel/clockHint.ts';
import { consumeInitiation } from '../../../session/channel/initiation.ts';
import { createResponse } from '../../../session/channel/response.ts';
import { timestampOf } from '../../../session/channel/timestamp.ts';
import { plainMemory } from '../../../session/memory.ts';
import { ciphers, dh, type Ends, must, newEnds } from '../session/channel/twoEnds.ts';

const GREATEST_MS = 1_700_000_000_000;

function deviceOf(ends: Ends): Handshakes {
  const setup: Pick<TunnelSetup, 'privateKey' | 'hubPublicKey' | 'psk' | 'clock'> = {
    privateKey: ends.device.privateKey,
    hubPublicKey: ends.hub.publicKey,
    psk: ends.psk,
    clock: { fromMs: 1_000, untilMs: 1_000_000 },
  };
  const random = (count: number) => ends.random.bytes(count);
  return new Handshakes(setup as TunnelSetup, ciphers, () => 0, {
    dh,
    random,
    newMemory: plainMemory,
  });
}

/** `count` initiations, one replacing the other. */
function initiations(device: Handshakes, count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, at) => {
    const message = device.initiate(1, at + 1, at);
    if (message === null) throw new Error('a timestamp is left');
    return message;
  });
}

function hintFor(ends: Ends, message: Uint8Array, seen: Uint8Array | null = null): Uint8Array {
  const consumed = must(consumeInitiation(message, { identity: ends.hub, dh }));
  const greatest = seen ?? timestampOf(GREATEST_MS);
  return createClockHint(consumed, {
    identity: ends.hub,
    greatest,
    nonce: ends.random.bytes(24),
    dh,
  });
}

test('a hint counts for each of the three newest initiations: a repeat leaves before it is back', () => {
  for (const at of [1, 2, 3]) {
    const ends = newEnds(at);
    const device = deviceOf(ends);
    const sent = initiations(device, 4);
    const seenMs = device.onClockHint(hintFor(ends, sent[at]!));
    expect(Math.abs(Number(seenMs) - GREATEST_MS)).toBeLessThan(20);
    expect(device.wantsTimestampsMs).toBeGreaterThanOrEqual(Math.floor(Number(seenMs)));
  }
});

test('a hint for an older initiation opens nowhere', () => {
  const ends = newEnds(5);
  const device = deviceOf(ends);
  const [oldest] = initiations(device, 4);
  expect(device.onClockHint(hintFor(ends, oldest!))).toBe('wrongReceiver');
});

test('a hint counts no more when the response is there', () => {
  const ends = newEnds(6);
  const device = deviceOf(ends);
  const [first, second] = initiations(device, 2);
  const consumed = must(consumeInitiation(second!, { identity: ends.hub, dh }));
  const { message } = createResponse(consumed, {
    psk: ends.psk,
    ephemeralPrivate: ends.random.bytes(32),
    senderIndex: 9,
    cookie: null,
    dh,
  });
  expect(device.onResponse(message, 5)).toMatchObject({ transportId: 1 });
  expect(device.onClockHint(hintFor(ends, first!))).toBe('unexpectedHint');
  device.initiate(1, 7, 6);
  expect(device.onClockHint(hintFor(ends, first!))).toBe('wrongReceiver');
});

test('a hint that names nothing newer than what was sent is none: initiations overtook one another', () => {
  const ends = newEnds(7);
  const device = deviceOf(ends);
  const [older, newer] = initiations(device, 2);
  const { timestamp } = must(consumeInitiation(newer!, { identity: ends.hub, dh }));
  expect(device.onClockHint(hintFor(ends, older!, timestamp))).toBe('unexpectedHint');
  expect(device.onClockHint(hintFor(ends, newer!, timestamp))).toBe('unexpectedHint');
});
