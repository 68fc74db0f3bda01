/**
 * Enrolling, revoking and listing, as an operator asks for them: through a running hub or beside one.
 *
 * `ControlRequest` in, `ControlAnswer` out, so that the command line and the control socket share
 * every check and every sentence.
 *
 * @module
 */
import { answered, type ControlAnswer, type ControlRequest, refused } from '../hal/control.ts';
import { describeDevice, type EnrolledDevice } from './device.ts';
import { type Enrolment, enrol, type Pools, revoke } from './enrolment.ts';

export const REGISTRY_METHODS = ['devices', 'enroll', 'revoke'] as const;

/** Where enrolled devices are kept. */
export interface DeviceStore {
  /** All of them, the revoked included, by name. */
  devices(): EnrolledDevice[];
  device(publicKey: string): EnrolledDevice | null;
  /** Write devices in one transaction: all of them or none. */
  putDevices(devices: readonly EnrolledDevice[]): void;
}

export interface RegistryParts {
  readonly store: DeviceStore;
  readonly pools: Pools;
  /** Hub time. */
  readonly nowMs: () => number;
  /** Devices as they are now, and as they were before, if at all. After they were stored. */
  readonly onChanged: (after: EnrolledDevice, before: EnrolledDevice | null) => void;
}

export class Registry {
  readonly #parts: RegistryParts;

  constructor(parts: RegistryParts) {
    this.#parts = parts;
  }

  /** Null where the method is not one of {@link REGISTRY_METHODS}. */
  handle(request: ControlRequest): ControlAnswer | null {
    const { store, pools, nowMs } = this.#parts;
    switch (request.method) {
      case 'devices':
        return answered(store.devices().map(describeDevice));
      case 'enroll': {
        const wanted = {
          publicKey: textOf(request['public_key']),
          name: textOf(request['name']),
          mode: textOf(request['mode'] ?? 'session') as 'session' | 'plain',
          inner4: textOrNull(request['inner4']),
          inner6: textOrNull(request['inner6']),
          allowed: Array.isArray(request['allowed']) ? request['allowed'].map(textOf) : [],
          psk: textOrNull(request['psk']),
          isReplacing: request['replace'] === true,
        };
        return this.#write(enrol(wanted, store.devices(), pools, nowMs()));
      }
      case 'revoke':
        return this.#write(revoke(textOf(request['device']), store.devices(), nowMs()));
      default:
        return null;
    }
  }

  #write(outcome: Enrolment): ControlAnswer {
    if (!outcome.ok) return refused(outcome.code, outcome.message);
    const { store, onChanged } = this.#parts;
    const before = outcome.changed.map(({ publicKey }) => store.device(publicKey));
    store.putDevices(outcome.changed);
    for (const [at, device] of outcome.changed.entries()) onChanged(device, before[at] ?? null);
    return answered(describeDevice(outcome.device));
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
