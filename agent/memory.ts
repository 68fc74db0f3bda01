/**
 * What the agent remembers across restarts: the flash store, joined to the session's wishes.
 *
 * Seals the resumption secret, keeps the reserved timestamps with the rest, and hands back at boot
 * what a session needs to resume. Runs on the main thread: a write may wait for the medium.
 *
 * @module
 */
import type { Flash } from '../hal/flash.ts';
import { systemRandom } from '../hal/linux/means.ts';
import type { RandomBytes } from '../hal/means.ts';
import type { HalFailure } from '../hal/result.ts';
import type { Durable, Remembered } from '../session/device/event.ts';
import { type FlashSession, RECORD_BYTES } from '../session/flash/record.ts';
import { TIMESTAMPS } from '../session/flash/reservation.ts';
import { deriveSealKey, openSecret, SEAL_NONCE_BYTES, sealSecret } from '../session/flash/seal.ts';
import { type FlashContent, FlashStore, type Recovery } from '../session/flash/store.ts';
import { isReasonCode, type ReasonCode } from '../session/reasons.ts';
import type { TimestampGrant } from './messages.ts';

export const FLASH_SLOT_BYTES = RECORD_BYTES;
/**
 * Handshake timestamps are reserved this far ahead: one write in hours, not one per rekey. At boot a
 * short block has to do, so that a daemon that is restarted for ever does not run away from the clock.
 */
const TIMESTAMP_BOOT_BLOCK_S = 600;

export class Memory {
  readonly recovery: Recovery;
  readonly #store: FlashStore<HalFailure>;
  readonly #sealKey: Uint8Array;
  readonly #random: RandomBytes;
  #content: FlashContent;
  /** Detail of the newest failed write, or null. */
  lastFailure: string | null = null;

  constructor(flash: Flash, privateKey: Uint8Array, random: RandomBytes = systemRandom) {
    this.#random = random;
    this.#store = new FlashStore<HalFailure>(flash);
    this.recovery = this.#store.recovery;
    this.#sealKey = deriveSealKey(privateKey);
    this.#content = this.#store.content ?? {
      versionCeiling: 0,
      timestampReserved: 0,
      policyVersion: 0,
      session: null,
    };
  }

  /** What a session may go on with, or null where there is nothing to remember. */
  get remembered(): Remembered | null {
    if (this.#store.content === null) return null;
    const { versionCeiling, session } = this.#content;
    const sealed = session?.sealedSecret ?? new Uint8Array(0);
    const opened = session === null ? null : openSecret(this.#sealKey, session.sessionId, sealed);
    const terminated = session?.lastTerminated ?? null;
    return {
      versionCeiling,
      sessionId: session?.sessionId ?? null,
      secret: opened?.ok ? opened.value : null,
      terminated:
        terminated === null
          ? null
          : isReasonCode(terminated)
            ? terminated
            : 'superseded_by_new_session',
    };
  }

  /** Version of the newest policy ever applied, 0 for none. */
  get policyVersion(): number {
    return this.#content.policyVersion;
  }

  /** Remember the policy in force (I4: it never goes back). False where flash cannot be written. */
  applyPolicy(policyVersion: number): boolean {
    if (policyVersion === this.#content.policyVersion) return true;
    return this.#write({ ...this.#content, policyVersion });
  }

  /** Make the session's wishes durable. False: nothing of it may be relied on. */
  save(durable: Durable): boolean {
    const { versionCeiling, sessionId, secret, terminated, inner4, inner6 } = durable;
    const session: FlashSession | null =
      sessionId === null
        ? null
        : {
            sessionId,
            sealedSecret:
              secret === null
                ? new Uint8Array(0)
                : sealSecret(this.#sealKey, this.#random(SEAL_NONCE_BYTES), sessionId, secret),
            lastTerminated: terminated,
            inner4,
            inner6,
          };
    return this.#write({
      ...this.#content,
      versionCeiling: Math.max(versionCeiling, this.#content.versionCeiling),
      session,
    });
  }

  /**
   * Reserve handshake timestamps above everything used so far and above `atLeastMs` (wall time).
   * Null: not durable, so none may be used.
   */
  reserveTimestamps(atLeastMs: number, isBoot = false): TimestampGrant | null {
    const fromS = Math.max(Math.ceil(atLeastMs / 1_000), this.#content.timestampReserved + 1);
    const timestampReserved = fromS + (isBoot ? TIMESTAMP_BOOT_BLOCK_S : TIMESTAMPS.block);
    if (!this.#write({ ...this.#content, timestampReserved })) return null;
    return { fromMs: fromS * 1_000, untilMs: timestampReserved * 1_000 };
  }

  /**
   * Write down that the session on flash is over, without the session's help. Returns the version that this takes:
   * above every one that the session may have used.
   */
  endSession(reasonCode: ReasonCode): number {
    const { session } = this.#content;
    const versionCeiling = this.#content.versionCeiling + 1;
    if (session !== null && session.lastTerminated === null) {
      const ended = { ...session, lastTerminated: reasonCode };
      this.#write({ ...this.#content, versionCeiling, session: ended });
    }
    return versionCeiling;
  }

  #write(content: FlashContent): boolean {
    const outcome = this.#store.save(content);
    this.lastFailure = outcome.ok ? null : `${outcome.code}: ${outcome.detail}`;
    if (outcome.ok) this.#content = content;
    return outcome.ok;
  }
}
