/**
 * Time, the only way the shells read it.
 *
 * Deadlines, ages, leases and TTLs use `monotonicMs`, which counts suspend (docs/protocol.md,
 * "Channel and keys"); `wallMs` is for logs and for the WireGuard timestamp and may jump.
 *
 * @module
 */
export interface Clock {
  /** Milliseconds since boot, suspend included; a fraction down to microseconds. Never goes back. */
  monotonicMs(): number;
  /** Milliseconds since 1970 UTC as the system believes; 1970 on a gateway without a clock battery. */
  wallMs(): number;
}
