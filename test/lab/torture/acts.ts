/**
 * What is done to the device of a torture: a push of its operator, and what a broker makes of it that means ill.
 *
 * Such a broker delays, drops, repeats, alters, invents, shows to the wrong one, and says of what it likes that it was retained.
 *
 * @module
 */

import { commandBody } from '../../../policies/signed/body.ts';
import { bytesToHex } from '../../../session/bytes.ts';
import type { Random } from '../../sim/random.ts';
import { type Act, type By, refused, taken, trialsOf, untimely } from './act.ts';
import { STRANGER } from './keys.ts';
import {
  ALONE,
  BEGAN_AGO_S,
  CALM,
  claimsOf,
  type Order,
  OURS,
  policyTable,
  sign,
  THEIRS,
  unsigned,
} from './operator.ts';
import { type RotationKind, Rotations } from './rotations.ts';
import { trustedOf } from './trust.ts';
import { type Delivery, WINDOW_MS, type World } from './world.ts';

const TRIAL = [['policy_on_trial']] as const;
const CONFIRMED = [...TRIAL, ['policy_confirmed']] as const;
const ROLLED_BACK = [...TRIAL, ['policy_rolled_back']] as const;
/** The operator signs each of them for another target: which of the two is asked first depends on it. */
const OLD = ['document_older', 'document_replayed'] as const;
const DAMAGED = ['document_malformed', 'document_unsigned', 'signer_unknown', 'signature_invalid'];
const DAY_S = 86_400;
/** Without a clock it is believed at once, and holds the clock up for as long. */
const EARLY_DARK_S = 7_200;
const WINDOW_S = WINDOW_MS / 1_000;

/** Drawn as often as it is here. */
export const KINDS = [
  ...(['valid', 'rotation', 'valid', 'valid', 'unproven', 'rotation', 'unproven'] as const),
  ...(['twoAtOnce', 'rotationLate', 'commandLate', 'provenLate', 'rotation'] as const),
  ...(['older', 'wrongTarget', 'expired', 'early', 'unsigned', 'forged', 'corrupted'] as const),
  ...(['replayed', 'heldBack', 'dropped', 'olderBehind'] as const),
  ...(['command', 'commandRetained', 'commandMisplaced'] as const),
  ...(['emergency', 'emergencyEnd'] as const),
  ...(['rotationByGone', 'rotationUnsigned', 'rotationForged', 'rotationReplayed'] as const),
  'byGone',
] as const;
export type ActKind = (typeof KINDS)[number];
/** They begin without a clock. */
export const isLate = (kind: ActKind) => kind === 'commandLate' || kind === 'rotationLate';
type CommandKind = 'command' | 'commandRetained' | 'commandMisplaced' | 'commandLate';

export class Acts {
  readonly #random: Random;
  readonly #rotations: Rotations;
  /** The newest that was signed. */
  #version = 1;
  #emergency = 0;
  #command = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#rotations = new Rotations(random);
  }

  /** @param kind as in {@link KINDS}. */
  make(kind: ActKind, world: World): Act {
    const signer = this.#random.pick(trustedOf(world.trust));
    const act = this.#made(kind, { world, signer });
    if (act === null) return this.make('valid', world);
    // Whoever was named has shown itself.
    const isRetired = act.trust.retired > world.trust.retired;
    return isRetired ? { ...act, expected: [...act.expected, ['signer_rotated']] } : act;
  }

  /** Null: what it needs is not there yet. */
  #made(kind: ActKind, by: By): Act | null {
    const { world, signer } = by;
    const { nowS, isDark, learnedS } = world;
    const act = {
      ...({ kind, deliveries: [], proof: 'never', allowed: trialsOf(), confirms: null } as const),
      ...refused(by),
    };
    const refusal = (bytes: Uint8Array, ...codes: readonly string[]): Act => ({
      ...{ ...act, proof: 'holds', deliveries: [this.#delivery(bytes)], expected: [codes] },
    });
    switch (kind) {
      case 'valid':
      case 'unproven':
      case 'provenLate':
        return this.#tried(kind, by);
      case 'twoAtOnce': {
        const [one, other] = [this.#policy(by), this.#policy(by)];
        return {
          ...{ ...act, ...taken(by, one.notBeforeS), proof: 'holds', confirms: other.version },
          deliveries: [this.#delivery(one.bytes), this.#delivery(other.bytes)],
          allowed: trialsOf(one.version, other.version),
          expected: [...CONFIRMED, ['push_busy'], ...CONFIRMED],
        };
      }
      case 'heldBack':
      case 'olderBehind': {
        // The one that was signed first comes behind the newer one: long behind, or while that is on trial.
        const [late, newer] = [this.#policy(by), this.#policy(by)];
        const { version, notBeforeS } = newer;
        const isApart = kind === 'heldBack';
        // For another target than the newer one its turn comes behind the trial.
        const busy = isApart ? [] : [['push_busy', '']];
        return {
          ...{ ...act, ...taken(by, notBeforeS), proof: 'holds', confirms: version },
          ...{ allowed: trialsOf(version), isApart, expected: [...CONFIRMED, OLD, ...busy] },
          deliveries: [this.#delivery(newer.bytes), this.#delivery(late.bytes)],
        };
      }
      case 'dropped':
        this.#policy(by);
        return { ...act, expected: [] };
      case 'older': {
        const version = this.#random.between(1, world.confirmed);
        return refusal(this.#signed(by, { version, target: this.#random.pick(OURS) }), ...OLD);
      }
      case 'wrongTarget':
        return refusal(
          this.#policy(by, { target: this.#random.pick(THEIRS) }).bytes,
          'wrong_target',
        );
      case 'expired': {
        // Without a clock only what it took tells a device what has expired.
        if (isDark && learnedS === 0) return null;
        const expiresS = (isDark ? learnedS : nowS) - this.#random.below(3 * DAY_S);
        const times = { notBeforeS: expiresS - DAY_S, expiresS };
        return refusal(this.#policy(by, times).bytes, 'document_expired');
      }
      case 'early': {
        const [leastS, mostS] = isDark ? [1, EARLY_DARK_S] : [2 * WINDOW_S, DAY_S];
        const notBeforeS = nowS + this.#random.between(leastS, mostS);
        if (isDark) return this.#tried(kind, by, { notBeforeS });
        return refusal(this.#policy(by, { notBeforeS }).bytes, 'document_early');
      }
      case 'unsigned':
        return refusal(unsigned(this.#policy(by).bytes), 'document_unsigned');
      case 'forged': {
        const isOpen = this.#random.chance(50);
        const forger = { ...by, signer: STRANGER };
        const { bytes } = this.#policy(forger, {}, isOpen ? STRANGER : signer);
        return refusal(bytes, isOpen ? 'signer_unknown' : 'signature_invalid');
      }
      case 'byGone': {
        const { gone } = world.trust;
        if (gone.length === 0) return null;
        const former = { ...by, signer: this.#random.pick(gone) };
        const isPolicy = this.#random.chance(50);
        const bytes = isPolicy ? this.#policy(former).bytes : this.#calmed(former, false).bytes;
        return refusal(bytes, 'signer_unknown');
      }
      case 'corrupted':
        return refusal(this.#corrupted(this.#policy(by).bytes), ...DAMAGED, 'document_too_large');
      case 'replayed': {
        const old = this.#random.pick([...world.taken]);
        if (old === undefined) return null;
        // A policy is said to be replayed, a command gets the answer of the first time, and both may have expired since. Its signer may have
        // been rotated away, and the clock lost.
        const codes = ['document_replayed', 'document_expired', 'document_older', ''];
        const since = ['signer_unknown', 'clock_unknown'];
        return { ...act, proof: 'holds', deliveries: [old], expected: [[...codes, ...since]] };
      }
      case 'command':
      case 'commandRetained':
      case 'commandMisplaced':
        return this.#commanded(kind, by);
      case 'emergency':
      case 'emergencyEnd': {
        const isEnd = kind === 'emergencyEnd';
        const { version, bytes, notBeforeS, expiresS } = this.#calmed(by, isEnd);
        if (isDark && learnedS >= expiresS) return refusal(bytes, 'document_expired');
        return {
          ...{ ...act, ...taken(by, notBeforeS), deliveries: [this.#delivery(bytes)] },
          expected: [[isEnd ? 'emergency_ended' : 'emergency_began']],
          emergency: isEnd ? null : { version, expiresS },
        };
      }
      case 'commandLate':
      case 'rotationLate':
        // Then it would not know the time with a clock, either.
        if (nowS + WINDOW_S < learnedS) return null;
        return kind === 'commandLate'
          ? this.#commanded(kind, by)
          : this.#rotations.taken(kind, by, true);
      default:
        return this.#rotations.make(kind satisfies RotationKind, by);
    }
  }

  /** A policy that is taken, and what becomes of it. */
  #tried(kind: 'valid' | 'unproven' | 'provenLate' | 'early', by: By, more?: Partial<Order>): Act {
    const { version, bytes, notBeforeS } = this.#policy(by, more);
    const isGood = kind === 'valid' || kind === 'early';
    return {
      ...{ kind, deliveries: [this.#delivery(bytes)], allowed: trialsOf(version) },
      ...taken(by, notBeforeS),
      proof: isGood ? 'holds' : kind === 'unproven' ? 'never' : 'late',
      expected: isGood ? CONFIRMED : ROLLED_BACK,
      confirms: isGood ? version : null,
    };
  }

  #commanded(kind: CommandKind, by: By): Act {
    const { world, signer } = by;
    this.#command += 1;
    // A device takes them in the order of their versions, as people sign them: milliseconds.
    const version = world.nowS * 1_000 + (this.#command % 1_000);
    const bytes = this.#random.bytes(16);
    const id = bytesToHex(bytes);
    const order: Order = { kind: 'command', version, target: ALONE, table: {} };
    const body = commandBody({ name: 'refresh_health', link: null }, bytes);
    const claims = claimsOf(order, world.nowS, body);
    const isMisplaced = kind === 'commandMisplaced';
    const place = isMisplaced
      ? { name: 'rebind' as const, id: bytesToHex(this.#random.bytes(16)) }
      : { name: 'refresh_health' as const, id };
    const isRetained = kind === 'commandRetained';
    const delivery = { bytes: sign(claims, signer), isRetained, place, rotatedBy: null };
    const act = { kind, proof: 'never', confirms: null, deliveries: [delivery] } as const;
    const refusal = (code: string): Act => ({
      ...{ ...act, ...refused(by), allowed: trialsOf(), expected: [[code]] },
    });
    if (isMisplaced) return refusal('wrong_topic');
    if (isRetained) return refusal('command_retained');
    const early = untimely(world, claims.expiresS);
    const isClockLate = kind === 'commandLate';
    if (world.isDark && !isClockLate) return refusal(early);
    const done = [['command_taken'], ['command_done']];
    return {
      ...{ ...act, ...taken(by, claims.notBeforeS) },
      allowed: { trials: new Set(), command: id },
      ...(isClockLate
        ? {
            deliveries: [delivery, delivery],
            isApart: true,
            isClockLate,
            expected: [[early], ...done],
          }
        : { expected: done }),
    };
  }

  /** An emergency of the next version; `isEnd`: without a field it ends the one there is. */
  #calmed({ world, signer }: By, isEnd: boolean) {
    this.#emergency += 1;
    const version = this.#emergency;
    const table = isEnd ? {} : { switching: { max_switches_per_minute: CALM } };
    const claims = claimsOf({ kind: 'emergency', version, table }, world.nowS);
    const { notBeforeS, expiresS } = claims;
    return { version, bytes: sign(claims, signer), notBeforeS, expiresS };
  }

  /** A policy of the next version. */
  #policy(by: By, more: Partial<Order> = {}, named = by.signer) {
    this.#version += 1;
    const order = { version: this.#version, target: this.#random.pick(OURS), ...more };
    const notBeforeS = order.notBeforeS ?? by.world.nowS - BEGAN_AGO_S;
    const bytes = this.#signed(by, { ...order, notBeforeS }, named);
    return { version: this.#version, notBeforeS, bytes };
  }

  #signed({ world, signer }: By, order: Omit<Order, 'kind' | 'table'>, named = signer): Uint8Array {
    const table = policyTable(order.version);
    return sign(claimsOf({ kind: 'policy', table, ...order }, world.nowS), signer, named);
  }

  /** Whether it was retained is what the broker says. */
  #delivery(bytes: Uint8Array): Delivery {
    return { bytes, isRetained: this.#random.chance(50), place: null, rotatedBy: null };
  }

  #corrupted(bytes: Uint8Array): Uint8Array {
    const random = this.#random;
    if (random.chance(20)) return bytes.subarray(0, random.between(1, bytes.length - 1));
    if (random.chance(10)) return Uint8Array.from([...bytes, ...random.bytes(9_000)]);
    const changed = bytes.slice();
    const at = random.below(bytes.length);
    changed[at] = changed[at]! ^ (1 << random.below(8));
    return changed;
  }
}
