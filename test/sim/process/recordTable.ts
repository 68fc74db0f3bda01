/**
 * Session records as one process' dictionary, with the rules of the real store; and a whole store of one
 * hub made of it, that answers at once.
 *
 * A store with delays, losses and partitions is the world's: it calls {@link Ownership.swap} when it likes.
 *
 * @module
 */
import { judgeSwap, type RecordStore, type SwapResult } from '../../../hub/compareAndSwap.ts';
import type { EnrolledDevice } from '../../../hub/device.ts';
import { Ownership } from '../../../hub/ownership.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
import type { HubStore, SwapAnswer, SwapRequest } from './hubProcess.ts';

export class RecordTable implements RecordStore {
  readonly #records = new Map<string, SessionRecord>();
  /** Called for every record that was written, before anybody is told. */
  onCommit: (before: SessionRecord | null, after: SessionRecord) => void = () => {};

  read(device: string): SessionRecord | null {
    return this.#records.get(device) ?? null;
  }

  readAll(): SessionRecord[] {
    return [...this.#records.values()];
  }

  /** @throws InvariantError where the record would go back. */
  compareAndSwap(device: string, expectedRevision: number, record: SessionRecord): SwapResult {
    const before = this.read(device);
    const result = judgeSwap(before, device, expectedRevision, record);
    if (result.outcome === 'committed') {
      this.#records.set(device, record);
      this.onCommit(before, record);
    }
    return result;
  }
}

/** Everything that one hub finds again after a restart. */
export class PromptStore implements HubStore {
  readonly records: RecordTable;
  readonly #ownership: Ownership;
  readonly #devices = new Map<string, EnrolledDevice>();
  #highWaterMs = 0;

  constructor(records: RecordTable, devices: readonly EnrolledDevice[]) {
    this.records = records;
    this.#ownership = new Ownership(records);
    this.putDevices(devices);
  }

  swap(request: SwapRequest, answer: (answer: SwapAnswer) => void): void {
    answer(this.#ownership.swap(request));
  }

  read(device: string): SessionRecord | null {
    return this.records.read(device);
  }

  readAll(): SessionRecord[] {
    return this.records.readAll();
  }

  compareAndSwap(device: string, expectedRevision: number, record: SessionRecord): SwapResult {
    return this.records.compareAndSwap(device, expectedRevision, record);
  }

  devices(): EnrolledDevice[] {
    return [...this.#devices.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  device(publicKey: string): EnrolledDevice | null {
    return this.#devices.get(publicKey) ?? null;
  }

  putDevices(devices: readonly EnrolledDevice[]): void {
    for (const device of devices) this.#devices.set(device.publicKey, device);
  }

  readHighWaterMs(): number {
    return this.#highWaterMs;
  }

  writeHighWaterMs(atMs: number): void {
    this.#highWaterMs = atMs;
  }
}
