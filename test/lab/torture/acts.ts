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
import type { Allowed } from './device.ts';
import {
  ALONE,
  CALM,
  claimsOf,
  type Order,
  OURS,
  policyTable,
  sign,
  THEIRS,
  unsigned,
} from './operator.ts';
import type { Delivery, World } from './world.ts';

/** How the session takes a policy. */
export type Proof = 'holds' | 'never' | 'late';

export interface Act {
  readonly kind: ActKind;
  /** In order; at one moment, unless `isApart`: the second one comes when the first one is through. */
  readonly deliveries: readonly Delivery[];
  readonly isApart?: boolean;
  readonly proof: Proof;
  readonly allowed: Allowed;
  /** What an uninterrupted device says, each as the codes of which it is one, '' for none; in any order. */
  readonly expected: readonly (readonly string[])[];
  /** The version that holds behind it, of an uninterrupted device; null: the one before. */
  readonly confirms: number | null;
  /** The emergency that it begins, null: it ends the one there is; left out: neither. */
  readonly emergency?: { readonly version: number; readonly expiresS: number } | null;
}

const TRIAL = [['policy_on_trial']] as const;
const CONFIRMED = [...TRIAL, ['policy_confirmed']] as const;
const ROLLED_BACK = [...TRIAL, ['policy_rolled_back']] as const;
/** The operator signs each of them for another target: which of the two is asked first depends on it. */
const OLD = ['document_older', 'document_replayed'] as const;
const DAMAGED = ['document_malformed', 'document_unsigned', 'signer_unknown', 'signature_invalid'];
const DAY_S = 86_400;

/** Drawn as often as it is here. */
export const KINDS = [
  ...(['valid', 'valid', 'valid', 'unproven', 'unproven', 'provenLate'] as const),
  ...(['older', 'wrongTarget', 'expired', 'early', 'unsigned', 'forged', 'corrupted'] as const),
  ...(['replayed', 'heldBack', 'dropped', 'twoAtOnce', 'olderBehind'] as const),
  ...(['command', 'commandRetained', 'commandMisplaced'] as const),
  ...(['emergency', 'emergencyEnd'] as const),
] as const;
export type ActKind = (typeof KINDS)[number];

export class Acts {
  readonly #random: Random;
  /** The newest that was signed. */
  #version = 1;
  #emergency = 0;
  #command = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** @param kind as in {@link KINDS}. */
  make(kind: ActKind, world: World): Act {
    const act = {
      kind,
      deliveries: [],
      proof: 'never',
      allowed: trialsOf(),
      confirms: null,
    } as const;
    const { nowS } = world;
    const refused = (bytes: Uint8Array, ...codes: readonly string[]): Act => ({
      ...{ ...act, proof: 'holds', deliveries: [this.#delivery(bytes)], expected: [codes] },
    });
    switch (kind) {
      case 'valid':
      case 'unproven':
      case 'provenLate': {
        const { version, bytes } = this.#policy(nowS);
        const isGood = kind === 'valid';
        return {
          ...{ ...act, deliveries: [this.#delivery(bytes)], allowed: trialsOf(version) },
          proof: isGood ? 'holds' : kind === 'unproven' ? 'never' : 'late',
          expected: isGood ? CONFIRMED : ROLLED_BACK,
          confirms: isGood ? version : null,
        };
      }
      case 'twoAtOnce': {
        const [one, other] = [this.#policy(nowS), this.#policy(nowS)];
        return {
          ...{ ...act, proof: 'holds', confirms: other.version },
          deliveries: [this.#delivery(one.bytes), this.#delivery(other.bytes)],
          allowed: trialsOf(one.version, other.version),
          expected: [...CONFIRMED, ['push_busy'], ...CONFIRMED],
        };
      }
      case 'heldBack':
      case 'olderBehind': {
        // The one that was signed first comes behind the newer one: long behind, or while that is on trial.
        const [late, newer] = [this.#policy(nowS), this.#policy(nowS)];
        const isApart = kind === 'heldBack';
        // For another target than the newer one its turn comes behind the trial.
        const busy = isApart ? [] : [['push_busy', '']];
        return {
          ...{ ...act, proof: 'holds', confirms: newer.version, allowed: trialsOf(newer.version) },
          deliveries: [this.#delivery(newer.bytes), this.#delivery(late.bytes)],
          isApart,
          expected: [...CONFIRMED, OLD, ...busy],
        };
      }
      case 'dropped':
        this.#policy(nowS);
        return { ...act, expected: [] };
      case 'older': {
        const version = this.#random.between(1, world.confirmed);
        return refused(this.#signed(nowS, { version, target: this.#random.pick(OURS) }), ...OLD);
      }
      case 'wrongTarget':
        return refused(
          this.#policy(nowS, { target: this.#random.pick(THEIRS) }).bytes,
          'wrong_target',
        );
      case 'expired': {
        const expiresS = nowS - this.#random.below(3 * DAY_S);
        const times = { notBeforeS: expiresS - DAY_S, expiresS };
        return refused(this.#policy(nowS, times).bytes, 'document_expired');
      }
      case 'early': {
        const notBeforeS = nowS + this.#random.between(1, DAY_S);
        return refused(this.#policy(nowS, { notBeforeS }).bytes, 'document_early');
      }
      case 'unsigned':
        return refused(unsigned(this.#policy(nowS).bytes), 'document_unsigned');
      case 'forged': {
        const isOpen = this.#random.chance(50);
        const bytes = this.#policy(nowS, {}, isOpen ? 'openly' : 'inTheirName').bytes;
        return refused(bytes, isOpen ? 'signer_unknown' : 'signature_invalid');
      }
      case 'corrupted':
        return refused(this.#corrupted(this.#policy(nowS).bytes), ...DAMAGED, 'document_too_large');
      case 'replayed': {
        const old = this.#random.pick([...world.taken]);
        if (old === undefined) return this.make('valid', world);
        // A policy is said to be replayed, a command gets the answer of the first time, and both may have expired since.
        const codes = ['document_replayed', 'document_expired', 'document_older', ''];
        return { ...act, proof: 'holds', deliveries: [old], expected: [codes] };
      }
      case 'command':
      case 'commandRetained':
      case 'commandMisplaced':
        return this.#commanded(kind, world);
      case 'emergency':
      case 'emergencyEnd': {
        const isEnd = kind === 'emergencyEnd';
        this.#emergency += 1;
        const version = this.#emergency;
        const table = isEnd ? {} : { switching: { max_switches_per_minute: CALM } };
        const claims = claimsOf({ kind: 'emergency', version, table }, nowS);
        const { expiresS } = claims;
        return {
          ...{ ...act, deliveries: [this.#delivery(sign(claims))] },
          expected: [[isEnd ? 'emergency_ended' : 'emergency_began']],
          emergency: isEnd ? null : { version, expiresS },
        };
      }
    }
  }

  #commanded(kind: 'command' | 'commandRetained' | 'commandMisplaced', world: World): Act {
    this.#command += 1;
    // A device takes them in the order of their versions, as people sign them: milliseconds.
    const version = world.nowS * 1_000 + (this.#command % 1_000);
    const bytes = this.#random.bytes(16);
    const id = bytesToHex(bytes);
    const order: Order = { kind: 'command', version, target: ALONE, table: {} };
    const body = commandBody({ name: 'refresh_health', link: null }, bytes);
    const document = sign(claimsOf(order, world.nowS, body));
    const isMisplaced = kind === 'commandMisplaced';
    const place = isMisplaced
      ? { name: 'rebind' as const, id: bytesToHex(this.#random.bytes(16)) }
      : { name: 'refresh_health' as const, id };
    const isRetained = kind === 'commandRetained';
    const code = isMisplaced ? 'wrong_topic' : 'command_retained';
    const isGood = kind === 'command';
    return {
      ...{ kind, proof: 'never', confirms: null },
      deliveries: [{ bytes: document, isRetained, place }],
      allowed: { trials: new Set(), command: isGood ? id : null },
      expected: isGood ? [['command_taken'], ['command_done']] : [[code]],
    };
  }

  /** A policy of the next version. */
  #policy(nowS: number, more: Partial<Order> = {}, forged: Parameters<typeof sign>[1] = 'no') {
    this.#version += 1;
    const order = { version: this.#version, target: this.#random.pick(OURS), ...more };
    return { version: this.#version, bytes: this.#signed(nowS, order, forged) };
  }

  #signed(
    nowS: number,
    order: Omit<Order, 'kind' | 'table'>,
    forged: Parameters<typeof sign>[1] = 'no',
  ): Uint8Array {
    const table = policyTable(order.version);
    return sign(claimsOf({ kind: 'policy', table, ...order }, nowS), forged);
  }

  /** Whether it was retained is what the broker says. */
  #delivery(bytes: Uint8Array): Delivery {
    return { bytes, isRetained: this.#random.chance(50), place: null };
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

const trialsOf = (...versions: readonly number[]): Allowed => ({
  trials: new Set(versions),
  command: null,
});
