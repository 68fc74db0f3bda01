/**
 * What a device has of signed documents at one moment, and what `staging.ts` asks of whoever runs it.
 *
 * @module
 */

import type { DOCUMENT_STEPS } from '../../session/reasons/documents.ts';
import type { Policy } from '../schema.ts';
import type { Clock, Identity } from './admit.ts';
import type { Command, CommandName, CommandPlace, Overrides } from './body.ts';
import type { SignedDocument } from './open.ts';
import type { PushRecord } from './record.ts';
import type { RefusalCode } from './refusal.ts';

/** What stays as it is while the process runs. */
export interface Setup {
  readonly identity: Identity;
  /** Public keys that the configuration trusts, 32 bytes each. */
  readonly signers: readonly Uint8Array[];
  /** What the configuration names; followed where nothing was pushed that is as new. */
  readonly configured: Policy;
  /** Version of the newest policy that was ever confirmed or configured (`policyVersion` of the flash record), 0 for none. */
  readonly policyVersionMin: number;
}

export interface Trial {
  readonly document: SignedDocument;
  readonly policy: Policy;
  /** CLOCK_BOOTTIME; suspended time counts. */
  readonly endsAtMs: number;
  readonly isApplied: boolean;
  /** It has proven itself; what is left is to write that down. */
  readonly isProven: boolean;
}

export interface Emergency {
  readonly document: SignedDocument;
  readonly overrides: Overrides;
  /** When it has held as long as it may, whatever the clock says. */
  readonly untilMs: number;
  /** As the clock says now; at most `untilMs`. */
  readonly endsAtMs: number;
  /** Of the wall clock to the one of `atMs`, when it was seen last; null: it was not known. */
  readonly aheadMs: number | null;
  /** Since when the wall clock goes without a jump. */
  readonly stoodSinceMs: number;
}

export interface Answered {
  readonly id: string;
  readonly name: CommandName;
  /** Null while it is carried out. */
  readonly outcome: string | null;
}

/** What a write is for, and so what follows it. */
export type Purpose =
  | { readonly kind: 'stage'; readonly document: SignedDocument; readonly policy: Policy }
  | { readonly kind: 'confirm' }
  | { readonly kind: 'clean' }
  | {
      readonly kind: 'emergency';
      readonly document: SignedDocument;
      /** Null: it ends the one before. */
      readonly overrides: Overrides | null;
    }
  | { readonly kind: 'rotation'; readonly document: SignedDocument }
  | { readonly kind: 'command'; readonly document: SignedDocument; readonly command: Command };

export interface PushState {
  readonly setup: Setup;
  /** What flash is known to hold. */
  readonly record: PushRecord;
  /** The policy that proved itself last, or the configured one. There always is one. */
  readonly confirmed: Policy;
  readonly trial: Trial | null;
  readonly emergency: Emergency | null;
  /** By the clock it is over, and that clock has to stand before flash forgets it. Null while one holds. */
  readonly overEmergency: Emergency | null;
  readonly writing: { readonly record: PushRecord; readonly purpose: Purpose } | null;
  /** The policy in force was not taken by whoever has to follow it. */
  readonly isUnfollowed: boolean;
  /** A save failed, and a slot may hold what it was to hold: the next start must not find that. */
  readonly isHalfSaved: boolean;
  /** When to try again what failed and has to be done sooner or later. */
  readonly retryAtMs: number | null;
  /** The newest commands, at most {@link ANSWERS_MAX}. */
  readonly answers: readonly Answered[];
}

/** Older ones are refused by their version (chosen). */
export const ANSWERS_MAX = 16;

/** Times are CLOCK_BOOTTIME in ms. */
export type PushEvent = { readonly atMs: number } & (
  | {
      /** Its signature was judged by `openDocument`. */
      readonly kind: 'arrived';
      readonly clock: Clock;
      readonly isRetained: boolean;
      /** Left out: it came where everything but commands comes. */
      readonly place?: CommandPlace | null;
      readonly document: SignedDocument;
    }
  /** The outcome of the newest `write`. */
  | { readonly kind: 'written'; readonly clock: Clock; readonly isDurable: boolean }
  /** The outcome of an `apply` of this version. */
  | { readonly kind: 'applied'; readonly version: number; readonly isApplied: boolean }
  /** The configuration names this policy now; an older one than was ever confirmed or configured never gets here (I4). */
  | { readonly kind: 'configured'; readonly policy: Policy }
  /** The session has held under the newest `apply` (docs/push.md, "A policy on trial"). */
  | { readonly kind: 'proven' }
  | { readonly kind: 'answered'; readonly id: string; readonly outcome: string }
  | { readonly kind: 'tick'; readonly clock: Clock }
);

export type ReportDetail = Readonly<Record<string, string | number>>;

/** In order; the outcome of `write` and `apply` comes back as an event. */
export type PushEffect =
  /** Make it durable: `PushStore.save`. */
  | { readonly kind: 'write'; readonly record: PushRecord }
  /** Follow this policy. `onTrial`: say so in `proven`. */
  | { readonly kind: 'apply'; readonly policy: Policy; readonly isOnTrial: boolean }
  /** Audit, count, and publish to `policy/reported`. */
  | {
      readonly kind: 'report';
      readonly code: RefusalCode | keyof typeof DOCUMENT_STEPS;
      readonly detail: ReportDetail;
    }
  /** Carry it out, once, and not behind its expiry (seconds since 1970): others may be before it. */
  | { readonly kind: 'run'; readonly command: Command; readonly expiresS: number }
  /** Say what came of a command, to whoever sent it: what carrying it out gave, or why it was not taken. */
  | {
      readonly kind: 'answer';
      readonly id: string;
      readonly name: CommandName;
      readonly outcome: string;
    };

export interface PushStep {
  readonly state: PushState;
  readonly effects: readonly PushEffect[];
}
