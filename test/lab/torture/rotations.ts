/**
 * Rotations of signing keys as a torture makes them: those that have to be taken, and those that nobody may have taken.
 *
 * @module
 */
import { rotationBody } from '../../../policies/signed/body.ts';
import type { Claims } from '../../../policies/signed/claims.ts';
import type { Random } from '../../sim/random.ts';
import { type Act, type By, refused, taken, trialsOf, untimely } from './act.ts';
import { keyOf, STRANGER, SUCCESSORS_FROM } from './keys.ts';
import { claimsOf, OURS, sign, unsigned } from './operator.ts';
import { namedBy, trustedOf } from './trust.ts';
import type { Delivery } from './world.ts';

export type RotationKind =
  | 'rotation'
  | 'rotationByGone'
  | 'rotationUnsigned'
  | 'rotationForged'
  | 'rotationReplayed';

export class Rotations {
  readonly #random: Random;
  /** The newest that was signed. */
  #version = 0;
  #successor = SUCCESSORS_FROM - 1;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Null: there is none yet that could be replayed, or no key that has gone. */
  make(kind: RotationKind, by: By): Act | null {
    const { world, signer } = by;
    const random = this.#random;
    const refusal = (delivery: Delivery, code: string): Act => ({
      ...{ kind, deliveries: [delivery], proof: 'never', allowed: trialsOf(), confirms: null },
      ...{ expected: [[code]], ...refused(by) },
    });
    switch (kind) {
      case 'rotation':
        return this.taken(kind, by);
      case 'rotationByGone': {
        const { gone } = world.trust;
        if (gone.length === 0) return null;
        const former = random.pick(gone);
        return refusal(this.#delivery(sign(this.#claims(by), former), former), 'signer_unknown');
      }
      case 'rotationUnsigned': {
        const bytes = unsigned(sign(this.#claims(by), signer));
        return refusal(this.#delivery(bytes, signer), 'document_unsigned');
      }
      case 'rotationForged': {
        const isOpen = random.chance(50);
        const bytes = sign(this.#claims(by), STRANGER, isOpen ? STRANGER : signer);
        const code = isOpen ? 'signer_unknown' : 'signature_invalid';
        return refusal(this.#delivery(bytes, STRANGER), code);
      }
      case 'rotationReplayed': {
        const old = random.pick(world.taken.filter(({ rotatedBy }) => rotatedBy !== null));
        if (old === undefined) return null;
        // Its signer may have been rotated away since.
        const isTrusted = trustedOf(world.trust).includes(old.rotatedBy ?? STRANGER);
        const replayed = world.isDark ? 'clock_unknown' : 'document_replayed';
        return refusal(old, isTrusted ? replayed : 'signer_unknown');
      }
    }
  }

  /** It names a key that was never named before; `isClockLate`: the device cannot say at first whether it is the time for that. */
  taken(kind: string, by: By, isClockLate = false): Act {
    const { world, signer } = by;
    const claims = this.#claims(by);
    const delivery = this.#delivery(sign(claims, signer), signer);
    const act = {
      ...({ kind, proof: 'never', allowed: trialsOf(), confirms: null } as const),
      ...{ deliveries: isClockLate ? [delivery, delivery] : [delivery] },
      ...{ isApart: isClockLate, isClockLate },
    };
    const trust = namedBy(world.trust, signer, this.#successor);
    const code = trust === null ? 'push_full' : 'signer_rotated';
    const early = [untimely(world, claims.expiresS)];
    if (world.isDark && !isClockLate) return { ...act, expected: [early], ...refused(by) };
    const expected = isClockLate ? [early, [code]] : [[code]];
    if (trust === null) return { ...act, expected, ...refused(by) };
    return { ...act, expected, ...taken(by, claims.notBeforeS), trust };
  }

  #claims({ world }: By): Claims {
    this.#version += 1;
    this.#successor += 1;
    const order = { version: this.#version, target: this.#random.pick(OURS), table: {} };
    const body = rotationBody(keyOf(this.#successor).publicKey);
    return claimsOf({ kind: 'rotation', ...order }, world.nowS, body);
  }

  #delivery(bytes: Uint8Array, rotatedBy: number): Delivery {
    return { bytes, isRetained: this.#random.chance(50), place: null, rotatedBy };
  }
}
