/**
 * The way of signed documents through a device: staged on flash, on trial, confirmed or rolled back by itself.
 *
 * ```text
 *            arrived            written             applied, proven              written
 *  confirmed ───────► staging ───────────► on trial ─────────────────► confirming ───────► confirmed (the new one)
 *      ▲                 │ not durable        │ confirm window over,       │ not durable: again until the window is over
 *      │                 ▼ (refused)          │ not applied
 *      └───────────────────────────────────── rolled back ◄──── a start that finds a policy on trial, whatever ended the process
 * ```
 *
 * ◆ At every moment flash holds the confirmed policy whole, or nothing and the configuration's counts: a document on trial lies
 * beside it and takes its place in one write. A start never follows a policy on trial: nobody can say that it was not what
 * ended the process. What is on flash is done: nothing is applied, run or trusted before it is durable.
 *
 * Pure: events with their time in, effects out. After an InvariantError nothing may be used.
 *
 * Source: docs/push.md.
 *
 * @module
 */
import { assert } from '../../session/assert.ts';
import type { Policy } from '../schema.ts';
import { believed, type Clock } from './admit.ts';
import { isRetired } from './anchors.ts';
import { policyOf } from './body.ts';
import {
  emergencyAtStart,
  emergencyDeadline,
  lookAtEmergency,
  newEmergency,
  tightened,
} from './lasting.ts';
import { reopenDocument } from './open.ts';
import type { PushRecord } from './record.ts';
import { isRefused } from './refusal.ts';
import type { PushEffect, PushEvent, PushState, PushStep, Setup } from './state.ts';
import type { PushRecovery } from './store.ts';
import { brokenBy, onArrived, refusalAnswer, reportOf } from './take.ts';

/** Between two tries to write or to apply what has to be (chosen). */
const RETRY_MS = 10_000;
/** Why a slot is written at a start. */
const STALE: Readonly<Partial<Record<PushRecovery, string>>> = {
  oneSlotLost: 'lost',
  slotsDiffer: 'older',
};

/** What a start reads: a `PushStore`. */
export interface Opened {
  readonly record: PushRecord;
  readonly recovery: PushRecovery;
  readonly isWhole: boolean;
}

/** After a start, with what flash holds. What to follow is {@link policyInForce}. */
export function openPush(
  setup: Setup,
  { record, recovery, isWhole }: Opened,
  { atMs, clock }: { readonly atMs: number; readonly clock: Clock },
): PushStep {
  const effects: PushEffect[] = [];
  if (recovery === 'bothSlotsLost') effects.push(reportOf('push_state_lost', {}));
  const stale = STALE[recovery];
  if (stale !== undefined) effects.push(reportOf('push_slot_stale', { why: stale }));
  const confirmed = confirmedAtStart(setup.configured, record, effects);
  if (record.pending !== null) {
    const document = reopenDocument(record.pending);
    const version = isRefused(document) ? 0 : document.version;
    effects.push(reportOf('policy_rolled_back', { version, why: 'restarted' }));
  }
  const state: PushState = {
    setup,
    record,
    confirmed,
    trial: null,
    ...emergencyAtStart(record, confirmed, atMs, clock, effects),
    writing: null,
    isUnfollowed: false,
    isHalfSaved: !isWhole,
    // It failed a moment ago.
    retryAtMs: isWhole ? null : atMs + RETRY_MS,
    answers: [],
  };
  return pursue(state, effects, atMs);
}

/** What the device has to follow at this moment. */
export function policyInForce({ confirmed, trial, emergency }: PushState): Policy {
  return tightened(trial?.policy ?? confirmed, emergency);
}

/** One event, and what it makes due at its time: the end of a trial or of an emergency, and what is tried again. Times never go back. */
export function stepPush(state: PushState, event: PushEvent): PushStep {
  const { atMs } = event;
  const { state: next, effects } = react(state, event);
  const over = endTrial(next, atMs);
  const ended = 'clock' in event ? endEmergency(over.state, atMs, event.clock) : stay(over.state);
  return pursue(ended.state, [...effects, ...over.effects, ...ended.effects], atMs);
}

/** When a `tick` is due, or null. A spurious one is harmless. */
export function nextPushDeadline(state: PushState): number | null {
  const { trial, retryAtMs, writing } = state;
  if (writing !== null) return null;
  const times = [trial?.endsAtMs, emergencyDeadline(state), retryAtMs].filter(
    (time) => time != null,
  );
  return times.length === 0 ? null : Math.min(...times);
}

function react(state: PushState, event: PushEvent): PushStep {
  switch (event.kind) {
    case 'arrived':
      return onArrived(state, event);
    case 'written':
      return event.isDurable ? onDurable(state, event) : onNotDurable(state, event.atMs);
    case 'applied':
      return onApplied(state, event);
    case 'configured':
      return onConfigured(state, event.policy);
    case 'proven': {
      const { trial } = state;
      // Before it is applied, what the session does says nothing about it; behind its window the trial ends with this step.
      if (trial?.isApplied !== true) return stay(state);
      return stay({ ...state, trial: { ...trial, isProven: true } });
    }
    case 'answered': {
      const { id, outcome } = event;
      const asked = state.answers.find((one) => one.id === id);
      // More have come since than are remembered.
      if (asked === undefined) return stay(state);
      const answers = state.answers.map((one) => (one === asked ? { ...one, outcome } : one));
      const { name } = asked;
      return { state: { ...state, answers }, effects: [{ kind: 'answer', id, name, outcome }] };
    }
    case 'tick':
      return stay(state);
  }
}

function onApplied(
  state: PushState,
  { atMs, version, isApplied }: PushEvent & { kind: 'applied' },
): PushStep {
  const { trial, writing } = state;
  const next = { ...state, isUnfollowed: !isApplied };
  // A confirmation that is being written is not withdrawn: what flash says by then counts.
  const isTrial = trial?.document.version === version && writing?.purpose.kind !== 'confirm';
  if (trial !== null && isTrial) {
    if (!isApplied) return rollBack({ ...next, isUnfollowed: false }, 'not_applied');
    return stay({ ...next, trial: { ...trial, isApplied } });
  }
  return stay(isApplied ? next : { ...next, retryAtMs: atMs + RETRY_MS });
}

/** Another file, by whoever may write on the device: it takes the place of what was pushed, trial included, if it is newer. */
function onConfigured(state: PushState, configured: Policy): PushStep {
  const { record, trial, writing } = state;
  const effects: PushEffect[] = [];
  const confirmed = confirmedAtStart(configured, record, effects);
  assert(confirmed.version >= state.confirmed.version, 'I4: no older policy takes the place');
  const next = { ...state, setup: { ...state.setup, configured }, confirmed };
  const isOutrun = trial !== null && trial.policy.version <= confirmed.version;
  if (isOutrun && writing?.purpose.kind !== 'confirm') return rollBack(next, 'reconfigured');
  return { state: next, effects: [...effects, follow(next)] };
}

function onDurable(state: PushState, event: PushEvent & { kind: 'written' }): PushStep {
  const { writing } = state;
  assert(writing !== null, 'what was written was asked for');
  const { record, purpose } = writing;
  const retryAtMs = state.isUnfollowed ? state.retryAtMs : null;
  const next: PushState = { ...state, record, writing: null, retryAtMs, isHalfSaved: false };
  const retired = record.rotated.retired.filter(
    ({ keyId }) => !isRetired(state.record.rotated, keyId),
  );
  const rotated = retired.map(({ keyId }) => reportOf('signer_rotated', { retired: keyId }));
  const { state: after, effects } = onPurpose(next, purpose, event);
  return { state: after, effects: [...rotated, ...effects] };
}

function onPurpose(
  state: PushState,
  purpose: NonNullable<PushState['writing']>['purpose'],
  { atMs, clock }: PushEvent & { kind: 'written' },
): PushStep {
  switch (purpose.kind) {
    case 'stage': {
      const { document, policy } = purpose;
      const endsAtMs = atMs + policy.push.confirmWindowMs;
      const trial = { document, policy, endsAtMs, isApplied: false, isProven: false };
      const next = { ...state, trial };
      const { version } = document;
      return { state: next, effects: [reportOf('policy_on_trial', { version }), follow(next)] };
    }
    case 'confirm': {
      const { trial } = state;
      assert(trial !== null, 'what is confirmed was on trial');
      const { version } = trial.document;
      const report = reportOf('policy_confirmed', { version });
      // Another configuration may have come meanwhile, and be newer.
      const { confirmed } = state;
      const isNewest = version >= confirmed.version;
      const next = { ...state, confirmed: isNewest ? trial.policy : confirmed, trial: null };
      return { state: next, effects: isNewest ? [report] : [report, follow(next)] };
    }
    case 'clean':
      return stay(state);
    case 'emergency': {
      const { document, overrides } = purpose;
      const { version } = document;
      const emergency =
        overrides === null
          ? null
          : newEmergency(document, overrides, atMs, believed(clock, state.record));
      const next = { ...state, emergency, overEmergency: null };
      const report =
        emergency === null
          ? reportOf('emergency_ended', { version, why: 'withdrawn' })
          : reportOf('emergency_began', { version, expires_s: document.expiresS });
      const { trial } = state;
      const isBroken = trial !== null && overrides !== null && brokenBy(trial.policy, overrides);
      if (!isBroken) return { state: next, effects: [report, follow(next)] };
      const back = rollBack(next, 'emergency');
      return { state: back.state, effects: [report, ...back.effects] };
    }
    case 'rotation':
      return {
        state,
        effects: [reportOf('signer_rotated', { version: purpose.document.version })],
      };
    case 'command': {
      const { command, document } = purpose;
      const { name, id } = command;
      const { expiresS } = document;
      const run: PushEffect = { kind: 'run', command, expiresS };
      return { state, effects: [reportOf('command_taken', { command: name, id }), run] };
    }
  }
}

/** Nothing of it counts, whatever the medium has: what counts will be written over it, and what must be written tried again. */
function onNotDurable(state: PushState, atMs: number): PushStep {
  const { writing } = state;
  assert(writing !== null, 'what was written was asked for');
  const { purpose } = writing;
  const retryAtMs = atMs + RETRY_MS;
  const next: PushState = { ...state, writing: null, retryAtMs, isHalfSaved: true };
  if (purpose.kind === 'confirm' || purpose.kind === 'clean') return stay(next);
  const { kind, version } = purpose.document;
  const answers =
    purpose.kind === 'command'
      ? next.answers.filter(({ id }) => id !== purpose.command.id)
      : next.answers;
  const report = reportOf('push_not_durable', { kind, version });
  const answer = refusalAnswer(purpose.document, 'push_not_durable');
  return { state: { ...next, answers }, effects: [report, ...answer] };
}

function endTrial(state: PushState, atMs: number): PushStep {
  const { trial, writing } = state;
  // A confirmation that is being written is not withdrawn: what flash says by then counts.
  const isHeld = trial === null || writing?.purpose.kind === 'confirm';
  return isHeld || atMs < trial.endsAtMs ? stay(state) : rollBack(state, 'confirm_window_over');
}

function endEmergency(before: PushState, atMs: number, clock: Clock): PushStep {
  const { state, reports } = lookAtEmergency(before, atMs, clock);
  return { state, effects: reports.length === 0 ? [] : [...reports, follow(state)] };
}

function rollBack(state: PushState, why: string): PushStep {
  const version = state.trial?.document.version ?? 0;
  const next = { ...state, trial: null };
  return {
    state: next,
    effects: [follow(next), reportOf('policy_rolled_back', { version, why })],
  };
}

/** Begin what is due, if anything: a policy to follow again, one that proved itself, or what flash should not hold any more. */
function pursue(before: PushState, earlier: readonly PushEffect[], atMs: number): PushStep {
  const { record, trial, writing, retryAtMs, isUnfollowed, isHalfSaved } = before;
  const isDue = retryAtMs === null || atMs >= retryAtMs;
  const isFree = writing === null && isDue;
  const state = isDue ? { ...before, isUnfollowed: false } : before;
  const effects = isDue && isUnfollowed ? [...earlier, follow(state)] : earlier;
  const cleaned: PushRecord = {
    ...record,
    pending: trial === null ? null : record.pending,
    emergency: (before.emergency ?? before.overEmergency) ? record.emergency : null,
    isEmergencyOver: before.overEmergency !== null,
  };
  if (!isFree) return { state, effects };
  if (trial?.isProven === true) {
    const confirmed = { ...cleaned, confirmed: trial.document.bytes, pending: null };
    return write(state, effects, confirmed, { kind: 'confirm' });
  }
  const isClean =
    cleaned.pending === record.pending &&
    cleaned.emergency === record.emergency &&
    cleaned.isEmergencyOver === record.isEmergencyOver;
  if (!isClean || isHalfSaved) return write(state, effects, cleaned, { kind: 'clean' });
  return { state: { ...state, retryAtMs: null }, effects };
}

function write(
  state: PushState,
  effects: readonly PushEffect[],
  record: PushRecord,
  purpose: NonNullable<PushState['writing']>['purpose'],
): PushStep {
  return {
    state: { ...state, writing: { record, purpose } },
    effects: [...effects, { kind: 'write', record }],
  };
}

function confirmedAtStart(configured: Policy, record: PushRecord, effects: PushEffect[]): Policy {
  if (record.confirmed === null) return configured;
  const document = reopenDocument(record.confirmed);
  const loaded = isRefused(document) ? document : policyOf(document);
  if (isRefused(loaded)) {
    // Another release wrote it. The configuration's policy is valid, or the agent would not have started.
    effects.push(reportOf(loaded.refused, { kind: 'policy', why: loaded.detail }));
    return configured;
  }
  return loaded.policy.version >= configured.version ? loaded.policy : configured;
}

const follow = (state: PushState): PushEffect => ({
  kind: 'apply',
  policy: policyInForce(state),
  isOnTrial: state.trial !== null,
});

const stay = (state: PushState): PushStep => ({ state, effects: [] });
