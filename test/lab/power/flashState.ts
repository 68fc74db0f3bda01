/**
 * What the device under load remembers, made so that each save can be told from every other.
 *
 * @module
 */
import type { Durable } from '../../../session/device/event.ts';

export const PRIVATE_KEY = new Uint8Array(32).fill(7);

export function durableOf(serial: number, session: number, versionCeiling: number): Durable {
  const secret = new Uint8Array(32).fill(serial % 251);
  new DataView(secret.buffer).setBigUint64(0, BigInt(serial));
  return {
    versionCeiling,
    sessionId: session.toString(16).padStart(32, '0'),
    secret,
    terminated: null,
    inner4: '10.77.0.5/32',
    inner6: 'fd77::5/128',
  };
}

/** Which save a secret comes from, 0 for none. */
export function serialOf(secret: Uint8Array | null): number {
  if (secret === null) return 0;
  return Number(new DataView(secret.buffer, secret.byteOffset, 8).getBigUint64(0));
}
