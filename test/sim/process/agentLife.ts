/**
 * What one life of a simulated agent's process has, and what its main thread is asked for.
 *
 * @module
 */
import type { DurableWish } from '../../../agent/durable.ts';
import type { Memory } from '../../../agent/memory.ts';
import type { SessionShell } from '../../../agent/sessionShell.ts';
import type { Spending } from '../../../agent/spending.ts';
import type { Turn } from '../../../agent/turn.ts';
import type { Policy } from '../../../policies/schema.ts';
import type { Pushed } from './pushed.ts';

/** Work for the main thread. */
export type Wish =
  | DurableWish
  | { readonly kind: 'policy'; readonly policy: Policy }
  | { readonly kind: 'document'; readonly bytes: Uint8Array }
  | { readonly kind: 'proven'; readonly version: number };

/** One life of the process. */
export interface Life {
  readonly memory: Memory;
  readonly spending: Spending;
  /** Null: no document has come yet. */
  push: Pushed | null;
  policyVersion: number;
  /** Of the policy whose bounds hold: one on trial has none. */
  boundsVersion: number;
  /** Of the newest event; left out: there is none yet. */
  stateVersion?: number;
  readonly shell: SessionShell;
  readonly turn: Turn;
}
