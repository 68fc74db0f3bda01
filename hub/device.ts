/**
 * A device as an operator enrolled it: who it is and what it may use.
 *
 * Plain data, shared by the store, the tunnel thread and the operator commands. Whether it has a
 * session is another matter (`session/hub/record.ts`).
 *
 * @module
 */
import { equalBytes } from '../session/bytes.ts';
import { NO_PSK } from '../session/channel/identity.ts';

export type DeviceMode = 'session' | 'plain';

export interface EnrolledDevice {
  /** Static public key, base64. The device's identity everywhere. */
  readonly publicKey: string;
  readonly name: string;
  /** Never inferred from what the device sends: that would be a downgrade. */
  readonly mode: DeviceMode;
  /** `10.77.0.5/32`, or null where the pool has no such family. */
  readonly inner4: string | null;
  readonly inner6: string | null;
  /** Networks behind the device that it may send from and is sent to. */
  readonly allowed: readonly string[];
  /** 32 bytes, all zero where there is none. */
  readonly psk: Uint8Array;
  /** Hub time. */
  readonly enrolledAtMs: number;
  readonly revokedAtMs: number | null;
}

/** What `jvpn enroll --list` and the control socket show; never the preshared key. */
export function describeDevice(device: EnrolledDevice): Readonly<Record<string, unknown>> {
  return {
    name: device.name,
    public_key: device.publicKey,
    mode: device.mode,
    inner4: device.inner4,
    inner6: device.inner6,
    allowed: device.allowed,
    has_psk: !equalBytes(device.psk, NO_PSK),
    enrolled_at_ms: device.enrolledAtMs,
    revoked_at_ms: device.revokedAtMs,
  };
}
