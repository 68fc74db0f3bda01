/**
 * Two ends that make real handshakes with each other, all randomness from a seed.
 *
 * @module
 */
import { nodeDh } from '../../../../hal/linux/ciphers.ts';
import { type Identity, newIdentity } from '../../../../session/channel/identity.ts';
import { consumeInitiation, createInitiation } from '../../../../session/channel/initiation.ts';
import { nobleCiphers } from '../../../../session/channel/noble.ts';
import { consumeResponse, createResponse } from '../../../../session/channel/response.ts';
import type { ChannelSecrets } from '../../../../session/channel/secrets.ts';
import { timestampOf } from '../../../../session/channel/timestamp.ts';
import type { Result } from '../../../../session/result.ts';
import { Seeded } from './seeded.ts';

export const dh = nodeDh;
export const ciphers = nobleCiphers;

export function must<T>(result: Result<T, string>): T {
  if (!result.ok) throw new Error(result.code);
  return result.value;
}

export interface Ends {
  readonly random: Seeded;
  readonly device: Identity;
  readonly hub: Identity;
  readonly psk: Uint8Array;
}

export function newEnds(seed: number): Ends {
  const random = new Seeded(seed);
  const [device, hub] = [random.bytes(32), random.bytes(32)].map((key) => newIdentity(key, dh));
  if (device === undefined || hub === undefined) throw new Error('two identities');
  return { random, device, hub, psk: random.bytes(32) };
}

export function initiate(ends: Ends, wallMs = 1_700_000_000_000, cookie: Uint8Array | null = null) {
  return must(
    createInitiation({
      identity: ends.device,
      remoteStatic: ends.hub.publicKey,
      psk: ends.psk,
      ephemeralPrivate: ends.random.bytes(32),
      senderIndex: ends.random.next(),
      timestamp: timestampOf(wallMs),
      cookie,
      dh,
    }),
  );
}

export interface Handshake {
  readonly device: ChannelSecrets;
  readonly hub: ChannelSecrets;
  readonly deviceIndex: number;
  readonly hubIndex: number;
}

export function handshake(ends: Ends): Handshake {
  const { message, pending } = initiate(ends);
  const consumed = must(consumeInitiation(message, { identity: ends.hub, dh }));
  const response = createResponse(consumed, {
    psk: ends.psk,
    ephemeralPrivate: ends.random.bytes(32),
    senderIndex: ends.random.next(),
    cookie: null,
    dh,
  });
  const done = must(consumeResponse(response.message, pending, { identity: ends.device, dh }));
  return {
    device: done.secrets,
    hub: response.secrets,
    deviceIndex: response.remoteIndex,
    hubIndex: done.remoteIndex,
  };
}
