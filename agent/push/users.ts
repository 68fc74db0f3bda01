/**
 * What takes signed documents needs of whoever runs it.
 *
 * @module
 */
import type { Policy } from '../../policies/schema.ts';
import type { Command } from '../../policies/signed/body.ts';
import type { PushEffect } from '../../policies/signed/state.ts';
import type { CarriedOut } from '../commands.ts';
import type { PushCode } from '../pushRefusals.ts';
import type { CommandRequest } from '../telemetry.ts';
import type { Detail } from './told.ts';

export interface PushUsers {
  /** False: it is not followed, the one before is. */
  readonly follow: (policy: Policy, isOnTrial: boolean) => boolean;
  /** It proved itself and is on flash: to be followed for good, its bounds included. */
  readonly onConfirmed: (version: number) => void;
  /** Never rejects. */
  readonly carryOut: (command: Command, expiresS: number) => Promise<CarriedOut>;
  /** @param request of the command that it answers, the newest of this id; null: not known any more. */
  readonly onAnswer: (answer: Answer, why: string | null, request: CommandRequest | null) => void;
  readonly note: (event: 'notice' | 'refusal' | 'alarm', code: PushCode, detail: Detail) => void;
  /** What `reported` says is another one. */
  readonly onReport: () => void;
  /**
   * Nothing is taken any more. `isPending`: a policy is on trial, an emergency holds, or something else is not followed yet; nobody
   * looks after that either, so a start has to.
   */
  readonly onFault: (message: string, isPending: boolean) => void;
}

type Answer = Omit<PushEffect & { kind: 'answer' }, 'kind'>;
