/**
 * Rules about penalties, denials and repeated rotations: good and bad stories.
 *
 * @module
 */
import type { ProbeAck } from '../../../../session/wire/frames.ts';
import { Penalties } from '../../../sim/checkers/penalties.ts';
import { Rotations } from '../../../sim/checkers/rotations.ts';
import type { Report, Watch } from '../../../sim/checkers/watch.ts';
import { Wishes } from '../../../sim/checkers/wishes.ts';
import { type Choice, type Rival, WithheldRivals } from '../../../sim/checkers/withheld.ts';
import { DATA, framed, moved, type Rule, said, sent } from './observed.ts';

let heldUntilMs = 0;
/** T1 is penalised until `heldUntilMs`; the device's clock says 700 s, its policy one minute at most. */
const penalties = (report: Report): Watch =>
  new Penalties(report, {
    penaltyMaxMs: () => 60_000,
    penaltiesOf: () => [{ transportId: 1, penaltyUntilMs: heldUntilMs }],
    clockMs: () => 700_000,
  });
const fails = (atMs: number) =>
  moved('ATTACHED', 'RECOVERING', {
    ...{ atMs, reasonCode: 'carrier_lost', detail: { transportId: 1 } },
  });

const FIVE_AND_ONE = [694_000, 695_000, 696_000, 697_000, 698_000, 699_000];
/** T1 fails at these times; then it is held until so long. */
function failed(watch: Watch, atMs: readonly number[], untilMs: number): void {
  for (const at of atMs) watch.onSaid?.(fails(at));
  heldUntilMs = untilMs;
  watch.onSweep?.(0);
}

/** A plan to T1 that is refused, or undone by a claim to stay, may cost a penalty. */
function refused(watch: Watch, hasPlan: boolean): void {
  const detail = { transportId: 1, purpose: 'planned' };
  if (hasPlan) watch.onSaid?.(said({ event: 'claim', atMs: 699_000, detail }));
  watch.onSaid?.(said({ event: 'refusal', atMs: 699_000, reasonCode: 'policy_denied' }));
  heldUntilMs = 704_000;
  watch.onSweep?.(0);
}

const wishesOf =
  (mayPlan: boolean) =>
  (report: Report): Watch =>
    new Wishes(report, {
      paceOf: () => ({ maxSwitchesPerMinute: 4, cooldownMs: 5_000 }),
      clockMs: () => 20_000,
      linkOf: () => 'wifi0',
      mayPlan: () => mayPlan,
      hasVersionsLeft: () => true,
    });
const wishes = wishesOf(true);
const switched = (atMs: number) => said({ event: 'switch', atMs });
const denial = (atMs: number, denied: string, wanted = 'failback') =>
  said({ atMs, reasonCode: 'switch_denied', detail: { transportId: 2, wanted, denied } });
/** Refused before the governor is asked. */
const noPlan = said({
  ...{ atMs: 20_000, reasonCode: 'switch_denied' },
  detail: { wanted: 'operator_rebind', linkName: 'wifi0' },
});
const stays = said({ event: 'claim', atMs: 2_000, detail: { purpose: 'stay' } });

/** An operator asks, 3 s after a switch or later, and is answered or not. */
function ask(watch: Watch, switchedAtMs: number, isSaidBefore: boolean): void {
  watch.onSaid?.(switched(switchedAtMs));
  if (isSaidBefore)
    watch.onSaid?.(denial(switchedAtMs + 1_000, 'cooldown_active', 'operator_rebind'));
  watch.onAsked?.('device-0', 'wifi0');
  watch.onSweep?.(0);
}

let choice: Choice | null;
/** T2 over wifi0 is preferred and has answered since 15 s; the device's clock says 20 s, its policy ten seconds of that. */
function choose(rival: Partial<Rival>, change: Partial<Choice> = {}): void {
  const wifi = {
    ...{ transportId: 2, linkName: 'wifi0', preference: 10, hasBudget: false, penaltyUntilMs: 0 },
    ...{ answeredAtMs: 19_900, missedInRow: 0, stableSinceMs: 15_000 },
  };
  choice = {
    ...{ nowMs: 20_000, failback: 'better', failbackStableMs: 10_000, activePreference: 30 },
    ...{ isFree: true, planNotBeforeMs: 0, rivals: [{ ...wifi, ...rival }] },
    ...change,
  };
}
const rivals = (report: Report): Watch => new WithheldRivals(report, () => choice);
/** Said at 20 s of such a link, under such a policy. */
function told(watch: Watch, denied: string, rival: Partial<Rival>, change: Partial<Choice> = {}) {
  choose(rival, change);
  watch.onSaid?.(denial(20_000, denied));
}
/** Looked at twice, so long apart, and what stands in the way is said or not. */
function watched(watch: Watch, rival: Partial<Rival>, forMs: number, isSaid = false): void {
  choose(rival);
  watch.onSaid?.(switched(1_000));
  if (isSaid) watch.onSaid?.(denial(20_000, 'hold_down_active'));
  watch.onSweep?.(0);
  choose(
    { answeredAtMs: 20_000 + forMs, ...rival },
    { nowMs: 20_000 + forMs, failbackStableMs: 30_000 },
  );
  watch.onSweep?.(forMs);
}
const ROTATE = framed({
  ...{ type: 'rotate', sessionId: 'aa'.repeat(16), proof: new Uint8Array(32).fill(5) },
});
const rotateAt = (watch: Watch, atMs: number) => watch.onSent?.(sent(ROTATE, { atMs }));
const rotations = (report: Report): Watch => new Rotations(report, false, 5_000);

/** ROTATE, and again so much later, behind so many packets and a question that has its answer or not. */
function rotate(watch: Watch, pauseMs: number, packets = 0, isAnswered = true): void {
  for (let count = 0; count < packets; count++) watch.onSent?.(sent(DATA, { atMs: 900 }));
  const askedAtMs = isAnswered ? 950 : 760;
  watch.onSent?.(sent(framed({ type: 'probe', probeId: 7 }), { atMs: askedAtMs }));
  const answer: ProbeAck = {
    ...{ type: 'probeAck', probeId: 7, view: 'carrying', transportId: 1, stateVersion: 1 },
    token: new Uint8Array(8),
  };
  if (isAnswered) watch.onArrived?.({ atMs: 970, to: 'device-0', bytes: framed(answer) });
  rotateAt(watch, 1_000);
  rotateAt(watch, 1_000 + pauseMs);
}

// biome-ignore format: a story a line
export const GOVERNOR_RULES: readonly Rule[] = [
  {
    // The third failure costs twenty seconds.
    rule: 'I7 ownPenalty', make: penalties,
    good: (watch) => failed(watch, [670_000, 680_000, 690_000], 710_000),
    bad: (watch) => failed(watch, [670_000, 680_000, 690_000], 709_999),
  },
  {
    rule: 'I7 ownPenalty', make: penalties,
    good: (watch) => failed(watch, [690_000, 699_000], 709_000),
    bad: (watch) => failed(watch, [690_000, 699_000], 709_001),
  },
  {
    // No more than the policy's limit.
    rule: 'I7 ownPenalty', make: penalties,
    good: (watch) => failed(watch, FIVE_AND_ONE, 759_000),
    bad: (watch) => failed(watch, FIVE_AND_ONE, 859_000),
  },
  {
    // Ten minutes after the penalty the flaps are forgiven.
    rule: 'I7 ownPenalty', make: penalties,
    good: (watch) => failed(watch, [90_000, 699_000], 704_000),
    bad: (watch) => failed(watch, [90_000, 699_000], 709_000),
  },
  {
    rule: 'I7 ownPenalty', make: penalties,
    good: (watch) => refused(watch, true),
    bad: (watch) => refused(watch, false),
  },
  {
    rule: 'I8 denialSaid', make: wishes,
    good: (watch) => ask(watch, 17_000, true),
    bad: (watch) => ask(watch, 17_000, false),
  },
  {
    // What was denied for the cooldown is another matter when that is over.
    rule: 'I8 denialSaid', make: wishes,
    good: (watch) => ask(watch, 15_001, true),
    bad: (watch) => ask(watch, 15_000, true),
  },
  {
    rule: 'I8 denialSaid', make: wishes,
    good: (watch) => {
      watch.onSaid?.(switched(0));
      watch.onSaid?.(denial(1_000, 'cooldown_active', 'quality_loss'));
      watch.onSaid?.(moved('VOLATILE', 'DEGRADED', { atMs: 1_000, reasonCode: 'switch_denied', detail: { denied: 'cooldown_active' } }));
    },
    bad: (watch) => {
      watch.onSaid?.(switched(0));
      watch.onSaid?.(moved('VOLATILE', 'DEGRADED', { atMs: 1_000, reasonCode: 'switch_denied', detail: { denied: 'cooldown_active' } }));
    },
  },
  {
    // Where nothing stands in the way the governor has to say what does.
    rule: 'I8 denialSaid', make: wishes,
    good: (watch) => { watch.onSaid?.(switched(17_000)); watch.onSaid?.(denial(20_000, 'cooldown_active', 'operator_rebind')); },
    bad: (watch) => { watch.onSaid?.(switched(17_000)); watch.onSaid?.(noPlan); },
  },
  {
    rule: 'I8 denialTrue', make: wishes,
    good: (watch) => { watch.onSaid?.(switched(0)); watch.onSaid?.(denial(4_999, 'cooldown_active')); },
    bad: (watch) => { watch.onSaid?.(switched(0)); watch.onSaid?.(denial(5_000, 'cooldown_active')); },
  },
  {
    // Two slots of the cap are for recovery.
    rule: 'I8 denialTrue', make: wishes,
    good: (watch) => { for (const atMs of [0, 1]) watch.onSaid?.(switched(atMs)); watch.onSaid?.(denial(2, 'switch_rate_limited')); },
    bad: (watch) => { for (const atMs of [0, 1]) watch.onSaid?.(switched(atMs)); watch.onSaid?.(denial(2, 'cooldown_active')); },
  },
  {
    rule: 'I8 denialTrue', make: wishes,
    good: (watch) => {
      for (const atMs of [0, 1, 2, 3]) watch.onSaid?.(switched(atMs));
      watch.onSaid?.(said({ event: 'refusal', atMs: 4, reasonCode: 'switch_rate_limited', detail: { waitMs: 59_996 } }));
    },
    bad: (watch) => {
      for (const atMs of [0, 1, 2]) watch.onSaid?.(switched(atMs));
      watch.onSaid?.(said({ event: 'refusal', atMs: 4, reasonCode: 'switch_rate_limited', detail: { waitMs: 59_996 } }));
    },
  },
  {
    // A claim that was answered makes it another matter.
    rule: 'I8 denialOnce', make: wishes,
    good: (watch) => { watch.onSaid?.(switched(0)); watch.onSaid?.(denial(1_000, 'cooldown_active')); watch.onSaid?.(stays); watch.onSaid?.(denial(3_000, 'cooldown_active')); },
    bad: (watch) => { watch.onSaid?.(switched(0)); watch.onSaid?.(denial(1_000, 'cooldown_active')); watch.onSaid?.(denial(3_000, 'cooldown_active')); },
  },
  {
    // Also where something else was denied meanwhile; another wish is another matter.
    rule: 'I8 denialOnce', make: wishes,
    good: (watch) => { watch.onSaid?.(switched(0)); for (const wanted of ['failback', 'quality_loss', 'operator_rebind']) watch.onSaid?.(denial(1_000, 'cooldown_active', wanted)); },
    bad: (watch) => { watch.onSaid?.(switched(0)); for (const wanted of ['failback', 'quality_loss', 'failback']) watch.onSaid?.(denial(1_000, 'cooldown_active', wanted)); },
  },
  {
    // A link in its hold-down beside the binding is told of.
    rule: 'I8 denialSaid', make: rivals,
    good: (watch) => watched(watch, {}, 7_000, true),
    bad: (watch) => watched(watch, {}, 7_000),
  },
  {
    // Between two looks, or while it does not answer, nobody can tell of it.
    rule: 'I8 denialSaid', make: rivals,
    good: (watch) => { watched(watch, {}, 5_000); watched(watch, { missedInRow: 1 }, 7_000); },
    bad: (watch) => watched(watch, { penaltyUntilMs: 90_000 }, 7_000),
  },
  {
    rule: 'I8 denialTrue', make: rivals,
    good: (watch) => told(watch, 'hold_down_active', { stableSinceMs: 10_001 }),
    bad: (watch) => told(watch, 'hold_down_active', { stableSinceMs: 10_000 }),
  },
  {
    rule: 'I8 denialTrue', make: rivals,
    good: (watch) => told(watch, 'penalty_active', { penaltyUntilMs: 20_001 }),
    bad: (watch) => told(watch, 'penalty_active', { penaltyUntilMs: 20_000 }),
  },
  {
    rule: 'I8 denialTrue', make: rivals,
    good: (watch) => told(watch, 'budget_spent', { hasBudget: true }),
    bad: (watch) => told(watch, 'budget_spent', {}),
  },
  {
    rule: 'I8 denialTrue', make: rivals,
    good: (watch) => told(watch, 'failback_on_failure', {}, { failback: 'on_failure' }),
    bad: (watch) => told(watch, 'failback_on_failure', {}),
  },
  {
    rule: 'I8 denialTrue', make: rivals,
    good: (watch) => told(watch, 'failback_not_better', { stableSinceMs: 10_000 }),
    bad: (watch) => told(watch, 'failback_not_better', { stableSinceMs: 10_000 }, { failback: 'always' }),
  },
  {
    rule: 'I8 denialTrue', make: rivals,
    good: (watch) => told(watch, 'switch_abandoned', {}, { planNotBeforeMs: 20_001 }),
    bad: (watch) => told(watch, 'switch_abandoned', {}, { planNotBeforeMs: 20_000 }),
  },
  {
    // A session that ends in the turn that said so has nothing left to choose from.
    rule: 'I8 denialTrue', make: rivals,
    good: (watch) => { choice = null; watch.onSaid?.(denial(20_000, 'improvement_too_small', 'quality_loss')); },
    bad: (watch) => { choose({}, { rivals: [] }); watch.onSaid?.(denial(20_000, 'improvement_too_small', 'quality_loss')); },
  },
  {
    // Nobody is kept from a link that is no better, or does not answer.
    rule: 'I8 denialTrue', make: rivals,
    good: (watch) => { choose({ preference: 40 }); watch.onSaid?.(denial(20_000, 'improvement_too_small', 'quality_rtt')); },
    bad: (watch) => told(watch, 'hold_down_active', { preference: 40 }),
  },
  {
    rule: 'I8 denialTrue', make: rivals,
    good: (watch) => told(watch, 'hold_down_active', { missedInRow: 1 }),
    bad: (watch) => told(watch, 'hold_down_active', { missedInRow: 2 }),
  },
  {
    // Another rule, another binding or another policy makes it another matter.
    rule: 'I8 denialOnce', make: rivals,
    good: (watch) => {
      told(watch, 'hold_down_active', { penaltyUntilMs: 30_000 });
      watch.onSaid?.(denial(20_000, 'penalty_active'));
      watch.onSaid?.(stays);
      watch.onSaid?.(denial(20_000, 'penalty_active'));
      watch.onSaid?.(said({ atMs: 20_000, reasonCode: 'policy_applied' }));
      watch.onSaid?.(denial(20_000, 'penalty_active'));
    },
    bad: (watch) => { for (const _ of [1, 2]) told(watch, 'hold_down_active', {}); },
  },
  {
    rule: 'liveness calmRotation', make: rotations,
    good: (watch) => rotate(watch, 250),
    bad: (watch) => rotate(watch, 240),
  },
  {
    // Beside a flow, or in doubt, it may be repeated as soon as an answer is overdue.
    rule: 'liveness calmRotation', make: rotations,
    good: (watch) => { rotate(watch, 40, 10); rotate(watch, 40, 0, false); },
    bad: (watch) => rotate(watch, 40, 9),
  },
];
