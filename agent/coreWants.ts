/**
 * What the core waits for, computed once for each of its states: they never change in place.
 *
 * @module
 */
import { nextDeadline } from '../session/device/deadlines.ts';
import type { DeviceConfig } from '../session/device/limits.ts';
import { tellEveryMs } from '../session/device/pace.ts';
import type { Device } from '../session/device/state.ts';

export class CoreWants {
  /** When it wants a tick at the latest, monotonic; null: only the world can move it. */
  deadlineMs: number | null = null;
  /** How often it wants to hear what moved. */
  tellMs = 0;
  #of: Device | null = null;

  /** Itself, true for `device` until the next call. */
  at(device: Device, config: DeviceConfig): CoreWants {
    if (this.#of === device) return this;
    this.#of = device;
    this.deadlineMs = nextDeadline(device);
    this.tellMs = tellEveryMs(device, config);
    return this;
  }
}
