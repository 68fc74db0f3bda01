/**
 * What one hub has of the store: the shared records, and devices and hub time's mark of its own.
 *
 * @module
 */
import type { SwapResult } from '../../../hub/compareAndSwap.ts';
import type { EnrolledDevice } from '../../../hub/device.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
import type { Fuse } from '../machine/powerCut.ts';
import type { HubStore, SwapAnswer, SwapRequest } from '../process/hubProcess.ts';
import type { Hand, SimStore } from './simStore.ts';

/** Ends the daemon, as a database does that cannot be written. */
export class StoreDown extends Error {
  override readonly name = 'StoreDown';
}

export class HubStoreClient implements HubStore {
  readonly #hub: string;
  readonly #store: SimStore;
  readonly #fuse: Fuse;
  readonly #devices = new Map<string, EnrolledDevice>();
  /** Hands an answer to the process: when its machine is awake. */
  readonly #later: Hand;
  #highWaterMs = 0;

  constructor(
    hub: string,
    store: SimStore,
    fuse: Fuse,
    devices: readonly EnrolledDevice[],
    later: Hand,
  ) {
    this.#hub = hub;
    this.#store = store;
    this.#fuse = fuse;
    this.#later = later;
    for (const device of devices) this.#devices.set(device.publicKey, device);
  }

  swap(request: SwapRequest, answer: (answer: SwapAnswer) => void): void {
    this.#fuse.call();
    this.#store.swap(this.#hub, request, this.#later, answer);
    this.#fuse.call();
  }

  read(device: string): SessionRecord | null {
    this.#reach();
    return this.#store.record(device);
  }

  readAll(): SessionRecord[] {
    this.#reach();
    return this.#store.records();
  }

  compareAndSwap(device: string, expectedRevision: number, record: SessionRecord): SwapResult {
    this.#reach();
    const result = this.#store.compareAndSwap(this.#hub, device, expectedRevision, record);
    this.#fuse.call();
    return result;
  }

  /** @throws StoreDown while the hub cannot reach it. */
  #reach(): void {
    this.#fuse.call();
    if (!this.#store.isReachable(this.#hub)) throw new StoreDown();
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
    this.#fuse.call();
    this.#highWaterMs = atMs;
    this.#fuse.call();
  }
}
