/**
 * What the hub under load stores: each record follows from its device and revision, so that a record that was found can
 * be compared whole with the one that was written.
 *
 * @module
 */
import type { EnrolledDevice } from '../../../hub/device.ts';
import { encodeKey, NO_PSK } from '../../../session/channel/identity.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';

export const DEVICES = 8;
/** Revisions of one session, before another takes its place. */
const SESSION_REVISIONS = 40;
const START_AT_MS = 1_700_000_000_000;

export const keyOf = (device: number): string => encodeKey(new Uint8Array(32).fill(device + 1));

export function deviceOf(device: number): EnrolledDevice {
  return {
    publicKey: keyOf(device),
    name: `gateway-${device}`,
    mode: 'session',
    inner4: `10.77.0.${device + 2}/32`,
    inner6: null,
    allowed: [],
    psk: NO_PSK,
    enrolledAtMs: START_AT_MS,
    revokedAtMs: null,
  };
}

export function recordOf(device: number, revision: number): SessionRecord {
  const session = Math.floor(revision / SESSION_REVISIONS);
  const sessionId = sessionIdOf(device, session);
  const stateVersion = revision * 3;
  const nonce = revision.toString(16).padStart(16, '0');
  return {
    device: keyOf(device),
    revision,
    sessionId,
    previousSessionId: session === 0 ? null : sessionIdOf(device, session - 1),
    terminated: null,
    stateVersion,
    claim: { sessionId, stateVersion, transportId: 3, nonce },
    claimKind: 'reattach',
    claimPurpose: 'recovery',
    hasRenewedKeys: false,
    transportId: 1 + (revision % 3),
    linkKind: 'ethernet',
    linkName: 'eth0',
    owner: 'hub',
    ownerEpoch: 1 + Math.floor(revision / 10),
    hubSeq: revision,
    secret: new Uint8Array(32).fill(revision % 251),
    previousSecret: new Uint8Array(32).fill((revision - 1) % 251),
    memoryKey: new Uint8Array(32).fill(device),
    predecessorMemoryKey: null,
    inner4: `10.77.0.${device + 2}/32`,
    inner6: null,
    cipher: 'aes-256-gcm',
    createdAtMs: START_AT_MS + session,
    transportlessSinceMs: null,
    recoveringSinceMs: null,
    switchedAtMs: Array.from({ length: revision % 7 }, (_, at) => START_AT_MS + revision + at),
  };
}

const sessionIdOf = (device: number, session: number) =>
  (device * 2 ** 20 + session + 1).toString(16).padStart(32, '0');
