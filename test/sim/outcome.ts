/**
 * What a run leaves behind: violations, what happened, and a hash that is the same for every replay.
 *
 * @module
 */
import type { FaultKind } from './fault.ts';
import type { Scenario } from './scenario.ts';

/** `liveness`: a bound was missed after everything was healed, or a verdict was wrong; `spin`: no progress; `crash`: a process threw. */
export type InvariantId =
  | 'I1'
  | 'I2'
  | 'I3'
  | 'I4'
  | 'I5'
  | 'I6'
  | 'I7'
  | 'I8'
  | 'I9'
  | 'I10'
  | 'I11'
  | 'I12'
  | 'clone'
  | 'data'
  | 'liveness'
  | 'spin'
  | 'crash';

export interface Violation {
  readonly invariant: InvariantId;
  /** Which rule noticed, as stable as an id. */
  readonly checker: string;
  readonly sentence: string;
  readonly atMs: number;
}

export type PacketFate =
  | 'delivered'
  | 'lost'
  | 'copy'
  | 'cut'
  | 'silent'
  | 'captive'
  | 'tooLong'
  | 'queueFull'
  | 'stale'
  | 'nobody';

export type TraceLine =
  | {
      readonly kind: 'packet';
      readonly sentAtMs: number;
      /** Null: never. */
      readonly arrivedAtMs: number | null;
      readonly from: string;
      readonly to: string;
      readonly link: string;
      readonly what: string;
      readonly fate: PacketFate;
    }
  /** A transition, commit, fault, crash or claim. */
  | {
      readonly kind: 'note';
      readonly atMs: number;
      readonly who: string;
      readonly text: string;
    };

/** What was seen, so that a fault or a reason that never happens is noticed. */
export interface Coverage {
  /** Faults that changed something. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  readonly fates: Readonly<Partial<Record<PacketFate, number>>>;
  /** By `device STATE` and `hub STATE`. */
  readonly states: Readonly<Record<string, number>>;
  /** By `device code`, `hub code`. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Anything else worth knowing that it happened. */
  readonly moments: Readonly<Record<string, number>>;
}

export interface Outcome {
  readonly scenario: Scenario;
  readonly violations: readonly Violation[];
  readonly simulatedMs: number;
  readonly events: number;
  readonly commits: number;
  /** Packets that came out of a tun. */
  readonly delivered: number;
  /** After everything healed: how long until everybody was back, and stayed. Null: not in time. */
  readonly backAfterMs: number | null;
  readonly coverage: Coverage;
  /** Transitions and switches of all machines, in their order. */
  readonly moves: readonly string[];
  /** Over every traced line; equal for equal seed and commit. */
  readonly hash: string;
  readonly trace: readonly TraceLine[];
}
