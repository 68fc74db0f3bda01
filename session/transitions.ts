/**
 * Every legal move of a session, and nothing else.
 *
 * Pure data: the device (`session/device`) and the hub's view (`session/hub`) both obey it,
 * `docs/protocol.md` draws it, and `test/unit/session/transitions.test.ts` snapshots the whole
 * state × trigger grid, the forbidden cells included.
 *
 * @module
 */
import { assert } from './assert.ts';

export const STATES = [
  'BIRTH',
  'ATTACHED',
  'VOLATILE',
  'DEGRADED',
  'RECOVERING',
  'TERMINATED',
] as const;
export type State = (typeof STATES)[number];

export const TRIGGERS = [
  'attach_accepted', // the hub committed the first binding
  'attach_rejected', // a fatal refusal of an attach
  'birth_deadline_exceeded', // nobody granted a binding in time
  'quality_below_floor', // loss, latency or jitter over the policy's limit
  'switch_planned', // failback, operator request or spent budget, and the governor agreed
  'transport_dead', // the binding no longer delivers
  'quality_restored', // below the leave values for the settle time
  'reattach_accepted', // the hub committed another binding, or the same one again
  'switch_abandoned', // the plan failed or was refused, and quality holds
  'switch_abandoned_degraded', // the plan failed or was refused, and quality does not hold
  'volatility_persisted', // bad quality for longer than the policy allows
  'policy_exceeded', // the policy asks to end a degraded session
  'recovery_window_exceeded', // no binding within the recovery window
  'reattach_rejected', // a fatal refusal, as the answer to the newest claim
  'session_ttl_expired',
  'transport_ttl_expired',
  'operator_terminated',
  'security_failure', // identity conflict, violated invariant
  'ownership_ambiguous',
] as const;
export type Trigger = (typeof TRIGGERS)[number];

interface Transition {
  readonly on: Trigger;
  readonly from: readonly State[];
  readonly to: State;
}

const CARRYING = ['ATTACHED', 'VOLATILE', 'DEGRADED'] as const;
const LIVING = ['BIRTH', 'ATTACHED', 'VOLATILE', 'DEGRADED', 'RECOVERING'] as const;

// biome-ignore format: this is a table
export const TRANSITIONS = [
  { on: 'attach_accepted',           from: ['BIRTH'],                            to: 'ATTACHED'   },
  { on: 'attach_rejected',           from: ['BIRTH'],                            to: 'TERMINATED' },
  { on: 'birth_deadline_exceeded',   from: ['BIRTH'],                            to: 'TERMINATED' },
  { on: 'quality_below_floor',       from: ['ATTACHED'],                         to: 'VOLATILE'   },
  { on: 'switch_planned',            from: ['ATTACHED'],                         to: 'VOLATILE'   },
  { on: 'transport_dead',            from: CARRYING,                             to: 'RECOVERING' },
  { on: 'quality_restored',          from: ['VOLATILE', 'DEGRADED'],             to: 'ATTACHED'   },
  { on: 'reattach_accepted',         from: ['VOLATILE', 'DEGRADED', 'RECOVERING'], to: 'ATTACHED' },
  { on: 'switch_abandoned',          from: ['VOLATILE'],                         to: 'ATTACHED'   },
  { on: 'switch_abandoned_degraded', from: ['VOLATILE'],                         to: 'DEGRADED'   },
  { on: 'volatility_persisted',      from: ['VOLATILE'],                         to: 'DEGRADED'   },
  { on: 'policy_exceeded',           from: ['DEGRADED'],                         to: 'TERMINATED' },
  { on: 'recovery_window_exceeded',  from: ['RECOVERING'],                       to: 'TERMINATED' },
  { on: 'reattach_rejected',         from: ['ATTACHED', 'VOLATILE', 'DEGRADED', 'RECOVERING'], to: 'TERMINATED' },
  { on: 'session_ttl_expired',       from: LIVING,                               to: 'TERMINATED' },
  { on: 'transport_ttl_expired',     from: LIVING,                               to: 'TERMINATED' },
  { on: 'operator_terminated',       from: LIVING,                               to: 'TERMINATED' },
  { on: 'security_failure',          from: LIVING,                               to: 'TERMINATED' },
  { on: 'ownership_ambiguous',       from: LIVING,                               to: 'TERMINATED' },
] as const satisfies readonly Transition[];

const moves = new Map<string, State>();
for (const { on, from, to } of TRANSITIONS) {
  for (const state of from) {
    const cell = `${state} ${on}`;
    assert(!moves.has(cell), `one row per cell: ${cell}`);
    moves.set(cell, to);
  }
}

/** The state after `trigger`, or `null` where the protocol forbids it. */
export function nextState(state: State, trigger: Trigger): State | null {
  return moves.get(`${state} ${trigger}`) ?? null;
}

/** Whether data may be sent on a binding in `state` (docs/protocol.md, "States"). */
export function carriesData(state: State): boolean {
  return state === 'ATTACHED' || state === 'VOLATILE' || state === 'DEGRADED';
}
