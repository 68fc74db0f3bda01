/**
 * The device of the ownership world: it holds the session's memory key and claims where it likes.
 *
 * Its proofs are real. Everything else of a device is the claim world's subject.
 *
 * @module
 */
import { claimBytes, prove } from '../../../../session/proof.ts';
import type { Attach, Reattach } from '../../../../session/wire/frames.ts';
import { handshakeHash, type SeatNews, sourceOf } from './process.ts';
import { HUBS, type Hub } from './state.ts';

const SESSION_ID = '5e'.repeat(16);
const LINK = { linkKind: 'ethernet', linkName: 'eth0', mtuBytes: 1_440, noticeMs: null } as const;

const claimOf = ({ name }: Hub, stateVersion: number) => ({
  sessionId: SESSION_ID,
  stateVersion,
  transportId: HUBS.indexOf(name) + 1,
  nonce: stateVersion.toString(16).padStart(16, '0'),
});

const arrival = (hub: Hub, frame: Attach | Reattach): SeatNews => ({
  kind: 'frame',
  channelId: 1,
  transportId: frame.claim.transportId,
  source: sourceOf(hub.name),
  bytes: 300,
  isNewest: true,
  frame,
});

export function opening(hub: Hub): SeatNews {
  const claim = claimOf(hub, 1);
  return arrival(hub, {
    type: 'attach',
    claim,
    isNew: true,
    previousSessionId: null,
    proof: null,
    ciphers: ['chacha20-poly1305'],
    reasonCode: 'session_created',
    ...LINK,
  });
}

export function reattach(hub: Hub, version: number, memoryKey: Uint8Array): SeatNews {
  const claim = claimOf(hub, version);
  const hash = handshakeHash(hub.name, hub.life);
  return arrival(hub, {
    type: 'reattach',
    claim,
    proof: prove('reattach', memoryKey, hash, claimBytes(claim)),
    token: null,
    purpose: 'recovery',
    reasonCode: 'carrier_lost',
    ...LINK,
  });
}
