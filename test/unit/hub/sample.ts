/**
 * Devices and records for the hub's tests.
 *
 * @module
 */
import type { EnrolledDevice } from '../../../hub/device.ts';
import { encodeKey, NO_PSK } from '../../../session/channel/identity.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';

/** A key that is told apart by its number. */
export const key = (number: number): string =>
  encodeKey(new Uint8Array(32).fill(number & 0xff).fill(number >> 8, 0, 1));

export function device(number: number, more: Partial<EnrolledDevice> = {}): EnrolledDevice {
  return {
    publicKey: key(number),
    name: `gateway-${number}`,
    mode: 'session',
    inner4: `10.77.0.${number + 1}/32`,
    inner6: null,
    allowed: [],
    psk: NO_PSK,
    enrolledAtMs: 1_000,
    revokedAtMs: null,
    ...more,
  };
}

export function record(number: number, more: Partial<SessionRecord> = {}): SessionRecord {
  const sessionId = '0a'.repeat(16);
  return {
    device: key(number),
    revision: 1,
    sessionId,
    previousSessionId: null,
    terminated: null,
    stateVersion: 10,
    claim: { sessionId, stateVersion: 10, transportId: 3, nonce: '01'.repeat(8) },
    claimKind: 'attach',
    claimPurpose: 'recovery',
    hasRenewedKeys: true,
    transportId: 3,
    linkKind: 'ethernet',
    linkName: 'eth0',
    owner: 'hub',
    ownerEpoch: 1,
    hubSeq: 4,
    secret: new Uint8Array(32).fill(1),
    previousSecret: null,
    memoryKey: new Uint8Array(32).fill(2),
    predecessorMemoryKey: new Uint8Array(32).fill(3),
    inner4: '10.77.0.2/32',
    inner6: null,
    cipher: 'aes-256-gcm',
    createdAtMs: 1_700_000_000_000.25,
    transportlessSinceMs: null,
    recoveringSinceMs: 1_700_000_000_005.5,
    switchedAtMs: [1_700_000_000_001, 1_700_000_000_002.5],
    ...more,
  };
}
