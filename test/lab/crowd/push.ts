/**
 * Signed documents on a simulated device: the agent's own code from the bytes to the confirmation, on a flash that keeps nothing.
 *
 * @module
 */
import { Push } from '../../../agent/push.ts';
import { loadPolicy } from '../../../policies/load.ts';
import type { Policy } from '../../../policies/schema.ts';
import type { Identity } from '../../../policies/signed/admit.ts';
import { PUSH_RECORD_BYTES } from '../../../policies/signed/record.ts';

export interface CrowdPushParts {
  readonly identity: Identity;
  readonly signers: readonly Uint8Array[];
  /** A policy is followed from now on, and has to prove itself if it is on trial. */
  readonly onFollowed: () => void;
  readonly onReport: () => void;
}

/** Ten thousand devices with 64 KiB each would be a measurement of memory. */
const FORGETFUL = {
  slotBytes: PUSH_RECORD_BYTES,
  readSlot: () => null,
  writeSlot: () => ({ ok: true, value: null }) as const,
  writtenBytes: 0,
};

const CLOCK = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

/** The shipped policy, the same value for all. */
const CONFIGURED: Policy = (() => {
  const loaded = loadPolicy({});
  if (!loaded.ok) throw new Error('the shipped policy is good');
  return loaded.policy;
})();

export class CrowdPush {
  readonly #push: Push;

  constructor({ identity, signers, onFollowed, onReport }: CrowdPushParts) {
    this.#push = new Push({
      flash: FORGETFUL,
      ...{ identity, signers, configured: CONFIGURED, policyVersionMin: 0, clock: CLOCK },
      loadSign1: async () => (await import('../../../agent/cose.ts')).COSE,
    });
    this.#push.begin({
      follow: () => {
        onFollowed();
        return true;
      },
      onConfirmed: () => {},
      note: () => {},
      onReport,
      carryOut: async () => ({ outcome: 'command_withheld', why: 'not_attached' }),
      onAnswer: () => {},
      onFault: (message) => console.error(`${identity.device[0]}: ${message}`),
    });
  }

  get policy(): Pick<Policy, 'name' | 'version'> {
    return this.#push.policy;
  }

  arrived(bytes: Uint8Array, isRetained: boolean): void {
    this.#push.arrived(bytes, isRetained);
  }

  /** The session is ATTACHED, and the hub has answered. */
  proven(): void {
    const { onTrial } = this.#push;
    if (onTrial !== null) this.#push.proven(onTrial);
  }

  reported(): object {
    return this.#push.reported();
  }
}
