/**
 * The compare-and-swap service: seats ask from the tunnel thread, the store answers from here.
 *
 * A store that fails is an outcome that nobody knows, never a refusal: the seat repeats the identical
 * swap until it is told. Also ends sessions from outside their seat, with a raised epoch, so that
 * whatever the seat had on its way compares false.
 *
 * @module
 */
import { InvariantError } from '../session/assert.ts';
import type { SessionRecord } from '../session/hub/record.ts';
import type { ReasonCode } from '../session/reasons.ts';
import type { RecordStore } from './compareAndSwap.ts';
import type { EnrolledDevice } from './device.ts';
import type { FromHub, ToHub } from './messages.ts';

/** Only seats write besides us, one swap at a time each. */
const END_TRIES_MAX = 5;

export class Ownership {
  /** Swaps that the store could not carry out. */
  failureCount = 0;
  committedCount = 0;
  lastFailure: string | null = null;
  readonly #store: RecordStore;

  constructor(store: RecordStore) {
    this.#store = store;
  }

  /** @throws InvariantError where the record would go back; then nothing was written. */
  swap(request: Extract<FromHub, { kind: 'swap' }>): Extract<ToHub, { kind: 'swapped' }> {
    const { device, life, swapId, expectedRevision, record } = request;
    const answer = { kind: 'swapped', device, life, swapId } as const;
    try {
      const { outcome, current } = this.#store.compareAndSwap(device, expectedRevision, record);
      if (outcome === 'committed') this.committedCount += 1;
      return { ...answer, outcome, current };
    } catch (error) {
      if (error instanceof InvariantError) throw error;
      this.#note(error);
      return { ...answer, outcome: 'unknown', current: null };
    }
  }

  /** End the session of `device` in the record; what the store holds then. */
  end(device: string, reasonCode: ReasonCode): SessionRecord | null {
    for (let tries = 0; tries < END_TRIES_MAX; tries++) {
      const record = this.#store.read(device);
      if (record === null || record.terminated !== null) return record;
      const ended: SessionRecord = {
        ...record,
        revision: record.revision + 1,
        terminated: reasonCode,
        stateVersion: record.stateVersion + 1,
        ownerEpoch: record.ownerEpoch + 1,
        hubSeq: record.hubSeq + 1,
        recoveringSinceMs: null,
        transportlessSinceMs: null,
      };
      const { outcome } = this.#store.compareAndSwap(device, record.revision, ended);
      if (outcome === 'committed') return ended;
    }
    throw new Error(`the record of ${device} could not be ended`);
  }

  /** What the tunnel thread is told of a device that was enrolled, changed or revoked. */
  onDevice(
    after: EnrolledDevice,
    before: EnrolledDevice | null,
  ): Extract<ToHub, { kind: 'device' }> {
    const hasChanged = before !== null && after.revokedAtMs === null;
    const record = hasChanged
      ? this.end(after.publicKey, 'operator_terminated')
      : this.#store.read(after.publicKey);
    return { kind: 'device', device: after, record };
  }

  #note(error: unknown): void {
    this.failureCount += 1;
    this.lastFailure = error instanceof Error ? error.message : String(error);
  }
}
