/**
 * I4 on the wire: each claim that leaves a machine has a version never used before, over all its processes, and what is
 * sent once more is the same claim of the same process.
 *
 * What machines say of their claims is judged elsewhere (`devices.ts`); here it is what they really sent. Asked where
 * frames can be read from outside.
 *
 * @module
 */
import { VersionWatch } from '../../../session/invariants/noRollback.ts';
import { decodeFrame } from '../../../session/wire/decode.ts';
import {
  MESSAGE_TYPE,
  TRANSPORT_BYTES_MIN,
  TRANSPORT_HEADER_BYTES,
} from '../../../session/wire/messages.ts';
import type { Forgotten, Report, Sent, Watch } from './watch.ts';

const TAG_BYTES = TRANSPORT_BYTES_MIN - TRANSPORT_HEADER_BYTES;

interface Machine {
  readonly versions: VersionWatch;
  life: number;
}

export class Claims implements Watch {
  readonly #report: Report;
  readonly #isSealed: boolean;
  readonly #machines = new Map<string, Machine>();

  /** @param isSealed with real ciphers: nobody outside can read what a device claims. */
  constructor(report: Report, isSealed: boolean) {
    this.#report = report;
    this.#isSealed = isSealed;
  }

  onSent({ from, isUp, bytes }: Sent): void {
    if (this.#isSealed || !isUp || bytes[0] !== MESSAGE_TYPE.control) return;
    const frame = decodeFrame(bytes.subarray(TRANSPORT_HEADER_BYTES, bytes.length - TAG_BYTES));
    if (!frame.ok || (frame.value.type !== 'attach' && frame.value.type !== 'reattach')) return;
    const { stateVersion: version, nonce } = frame.value.claim;
    const { versions, life } = this.#of(from);
    this.#report('claimSent', from, versions.claimed({ device: from, life, version, nonce }));
  }

  onDeath(who: string): void {
    this.#of(who).life += 1;
  }

  onForgotten(who: string, what: Forgotten): void {
    if (what === 'all') this.#of(who).versions.forget();
  }

  #of(who: string): Machine {
    const known = this.#machines.get(who);
    if (known !== undefined) return known;
    const machine = { versions: new VersionWatch(), life: 0 };
    this.#machines.set(who, machine);
    return machine;
  }
}
