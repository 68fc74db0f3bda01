/**
 * What a rollout is told, what of it has to outlive its process, what happens to it and what it does.
 *
 * @module
 */
import type { Target } from '../signed/claims.ts';
import type { Share } from './canary.ts';
import type { Condition } from './condition.ts';
import type { Reported, Sought } from './outcome.ts';
import type { Health } from './view.ts';

export const STAGES = ['begin', 'canary', 'soak', 'rest', 'reverting', 'done', 'aborted'] as const;
export type Stage = (typeof STAGES)[number];

export interface Plan {
  /** Hashed with names: `canaryOf`. */
  readonly id: string;
  readonly target: Target;
  readonly sought: Sought;
  /** Null: to all at once, and nothing is watched. */
  readonly canary: {
    readonly share: Share;
    readonly soakMs: number;
    readonly conditions: readonly Condition[];
    /** Of the policy before, as it is signed anew. Above `sought.version`. */
    readonly revertVersion: number;
    /** As {@link Plan.patienceMs}, of the policy before: a trial of the new one may have to end first. */
    readonly revertPatienceMs: number;
  } | null;
  /** How long a device that is there may say nothing of a document. */
  readonly patienceMs: number;
  /** How old the newest report of a device may be to count as hearing it. */
  readonly freshMs: number;
}

/** What has to outlive the process. */
export interface Progress {
  readonly stage: Stage;
  readonly canary: readonly string[];
  readonly soakedMs: number;
  /** The whole target was sent it, so a revert goes there too. */
  readonly isWide: boolean;
  /** Why it was aborted, or null. */
  readonly why: string | null;
}

export const BEGINNING: Progress = {
  ...{ stage: 'begin', canary: [], soakedMs: 0, isWide: false, why: null },
};

/** Times are monotonic. */
export type RolloutEvent = { readonly atMs: number } & (
  | { readonly kind: 'reported'; readonly device: string; readonly reported: Reported }
  | {
      readonly kind: 'health';
      readonly device: string;
      readonly health: Health;
      readonly isRetained: boolean;
    }
  | { readonly kind: 'presence'; readonly device: string; readonly online: boolean }
  /** Whether the broker is heard. */
  | { readonly kind: 'link'; readonly isUp: boolean }
  /** What the broker had kept has been heard. Begins, or goes on. */
  | { readonly kind: 'ready' }
  /** The operator wants it back. Before `ready`: nothing is published again first. */
  | { readonly kind: 'abort' }
  /** Somebody else published for the target. */
  | { readonly kind: 'overtaken' }
  /** Whatever is decided is decided here: at least once a second. */
  | { readonly kind: 'tick' }
);

/** In order. */
export type RolloutEffect =
  | { readonly kind: 'save'; readonly progress: Progress }
  | { readonly kind: 'publish'; readonly document: 'forward' | 'revert'; readonly to: Target }
  /** What is retained for this device alone is not needed any more. */
  | { readonly kind: 'clear'; readonly device: string }
  | { readonly kind: 'finish'; readonly isGood: boolean; readonly why: string };
