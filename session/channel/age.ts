/**
 * How old a channel may get, as pure arithmetic on monotonic times (CLOCK_BOOTTIME: suspended time
 * counts).
 *
 * A plain peer's keypair lives as WireGuard says. A session peer's lives an hour while it carries
 * only control frames, so that idle LTE does not pay for handshakes, and as WireGuard's from its
 * first data packet on. "Due" means that a handshake is wanted, "expired" that nothing may be
 * sealed or opened any more; both include their limit.
 *
 * Source: WireGuard whitepaper §6.1; docs/protocol.md, "Channel and keys".
 *
 * @module
 */

/** Times of a plain peer. Tests shorten them. */
export interface PlainTimes {
  readonly rekeyAfterMs: number;
  readonly rejectAfterMs: number;
  /** Between two attempts of one handshake, before jitter. */
  readonly rekeyTimeoutMs: number;
  readonly rekeyAttemptMs: number;
  readonly keepaliveMs: number;
  /** Largest jitter that may be added to a retry. */
  readonly jitterMaxMs: number;
}

export const PLAIN_TIMES: PlainTimes = {
  rekeyAfterMs: 120_000,
  rejectAfterMs: 180_000,
  rekeyTimeoutMs: 5_000,
  rekeyAttemptMs: 90_000,
  keepaliveMs: 10_000,
  jitterMaxMs: 333,
};

/** Times of a session peer. */
export interface SessionTimes {
  readonly idleRekeyAfterMs: number;
  readonly idleRejectAfterMs: number;
  /** From the first data packet. */
  readonly dataRekeyAfterMs: number;
  readonly dataRejectAfterMs: number;
}

export const SESSION_TIMES: SessionTimes = {
  idleRekeyAfterMs: 3_600_000,
  idleRejectAfterMs: 3_660_000,
  dataRekeyAfterMs: 120_000,
  dataRejectAfterMs: 180_000,
};

export interface PlainAge {
  readonly createdAtMs: number;
  readonly isInitiator: boolean;
}

/** When a keypair that we SEND with asks for a new one, or null: only its initiator renews it. */
export function plainRekeySendingAtMs(age: PlainAge, times = PLAIN_TIMES): number | null {
  return age.isInitiator ? age.createdAtMs + times.rekeyAfterMs : null;
}

/** When one that we only RECEIVE with does: late enough to leave the first chance to sending. */
export function plainRekeyReceivingAtMs(age: PlainAge, times = PLAIN_TIMES): number | null {
  if (!age.isInitiator) return null;
  return age.createdAtMs + times.rejectAfterMs - times.keepaliveMs - times.rekeyTimeoutMs;
}

export function plainExpiresAtMs(age: PlainAge, times = PLAIN_TIMES): number {
  return age.createdAtMs + times.rejectAfterMs;
}

export interface SessionAge {
  readonly createdAtMs: number;
  /** Null while only control frames were carried. */
  readonly firstDataAtMs: number | null;
}

export function sessionRekeyAtMs(age: SessionAge, times = SESSION_TIMES): number {
  const idleAtMs = age.createdAtMs + times.idleRekeyAfterMs;
  if (age.firstDataAtMs === null) return idleAtMs;
  return Math.min(idleAtMs, age.firstDataAtMs + times.dataRekeyAfterMs);
}

export function sessionExpiresAtMs(age: SessionAge, times = SESSION_TIMES): number {
  const idleAtMs = age.createdAtMs + times.idleRejectAfterMs;
  if (age.firstDataAtMs === null) return idleAtMs;
  return Math.min(idleAtMs, age.firstDataAtMs + times.dataRejectAfterMs);
}

export function isSessionRekeyDue(age: SessionAge, atMs: number, times = SESSION_TIMES): boolean {
  return atMs >= sessionRekeyAtMs(age, times);
}

export function isSessionExpired(age: SessionAge, atMs: number, times = SESSION_TIMES): boolean {
  return atMs >= sessionExpiresAtMs(age, times);
}
