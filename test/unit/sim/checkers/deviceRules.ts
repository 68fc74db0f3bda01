/**
 * Rules about what devices say: good and bad stories.
 *
 * @module
 */
import { MESSAGE_TYPE } from '../../../../session/wire/messages.ts';
import { Answers } from '../../../sim/checkers/answers.ts';
import { Devices } from '../../../sim/checkers/devices.ts';
import { Durability, type Durable } from '../../../sim/checkers/durability.ts';
import { Governor } from '../../../sim/checkers/governor.ts';
import { Policies } from '../../../sim/checkers/policies.ts';
import { Restarts } from '../../../sim/checkers/restarts.ts';
import type { Report, Watch } from '../../../sim/checkers/watch.ts';
import {
  claimed,
  claimOf,
  framed,
  fromHub,
  moved,
  nextOf,
  OTHER_KEY,
  type Rule,
  SECRET,
  said,
  saidByHub,
  sent,
} from './observed.ts';

const BOUNDS = { ttlMs: 900_000, transportTtlMs: 60_000, recoveryWindowMs: 30_000 };
const devices = (report: Report): Watch =>
  new Devices(report, {
    boundsOf: () => ({ ...BOUNDS, penaltyMaxMs: 60_000, slackMs: 0 }),
    clockMs: () => 40_000,
    wokeAtMs: () => null,
  });

const DURABLE: Durable = {
  ...{ versionCeiling: 5, policyVersion: 5, sessionId: 's1', secret: SECRET, terminated: null },
};
const durability = (report: Report): Watch => new Durability(report, () => DURABLE);
const attached = (secret: Uint8Array) => ({
  ...moved('BIRTH', 'ATTACHED', { stateVersion: 2 }),
  held: { secret, memoryKey: null },
});

/** A session that ends after two minutes, in a recovery until 30 s. */
const policies = (report: Report): Watch =>
  new Policies(report, {
    boundsOf: () => ({
      ...{ ttlMs: 100_000, transportTtlMs: 60_000, recoveryWindowMs: 30_000 },
      ...{ birthDeadlineMs: 20_000, degradedMaxMs: 10_000 },
    }),
    runningOf: () => ({
      ...{ sessionEndsAtMs: 120_000, transportTtlAtMs: null, recoveryDeadlineAtMs: 30_000 },
      ...{ birthDeadlineAtMs: null, degradedEndsAtMs: 25_000 },
    }),
    durableVersionOf: () => 5,
  });
const applied = (atMs: number, version = 5) =>
  said({ atMs, reasonCode: 'policy_applied', detail: { version } });
const ofPolicy = (
  reasonCode: 'policy_on_trial' | 'policy_confirmed' | 'policy_rolled_back',
  version: number,
) => said({ atMs: 20_000, reasonCode, detail: { version } });
const onTrial = (watch: Watch, version: number) => {
  watch.onSaid?.(ofPolicy('policy_on_trial', version));
  watch.onSaid?.(applied(20_000, version));
};

/** DEGRADED may last, until the next policy. */
const patientThenStrict = (report: Report): Watch => {
  const maxMs = [null];
  const session = { ttlMs: 100_000, transportTtlMs: 60_000, recoveryWindowMs: 30_000 };
  const running = { sessionEndsAtMs: null, transportTtlAtMs: null, recoveryDeadlineAtMs: null };
  return new Policies(report, {
    boundsOf: () => ({
      ...{ ...session, birthDeadlineMs: 20_000 },
      degradedMaxMs: maxMs.length > 0 ? (maxMs.shift() ?? null) : 10_000,
    }),
    runningOf: () => ({ ...running, birthDeadlineAtMs: null, degradedEndsAtMs: 30_000 }),
    durableVersionOf: () => 5,
  });
};
const degradedUntil = (watch: Watch, atMs: number) => {
  watch.onSaid?.(moved('VOLATILE', 'DEGRADED', { atMs: 1_000 }));
  watch.onSaid?.(applied(20_000));
  watch.onSaid?.(moved('DEGRADED', 'TERMINATED', { atMs, reasonCode: 'policy_exceeded' }));
};

const GOVERNED = { maxSwitchesPerMinute: 2, cooldownMs: 5_000, failbackStableMs: 20_000 };
const governor = (report: Report): Watch => new Governor(report, () => GOVERNED);
/** Three switches a minute, two from the next policy on. */
const governed = (report: Report): Watch => {
  const caps = [3, 2];
  const rulesOf = () => ({
    maxSwitchesPerMinute: caps.shift() ?? 0,
    cooldownMs: 0,
    failbackStableMs: 0,
  });
  return new Governor(report, rulesOf);
};
const switched = (atMs: number) => said({ event: 'switch', atMs });
const planned = (atMs: number, reasonCode: 'failback' | 'quality_loss') =>
  said({ event: 'claim', atMs, reasonCode, detail: { transportId: 1, purpose: 'planned' } });

/** An operator's rebind to transport 2 is granted. */
const rebound = (atMs: number) =>
  moved('VOLATILE', 'ATTACHED', {
    ...{ atMs, reasonCode: 'operator_rebind' },
    detail: { trigger: 'reattach_accepted', transportId: 2 },
  });

/** The store holds version 2, of hub-0. */
const answers = (report: Report): Watch =>
  new Answers(
    report,
    false,
    () => nextOf(),
    () => 13_000,
    () => 0,
  );
const reject = (stateVersion: number) =>
  framed({
    ...{ type: 'reject', claim: claimOf(stateVersion), reasonCode: 'stale_state_version' },
    ...{ isFatal: false, retryAfterMs: 0, recordedVersion: 2 },
  });
const refusal = said({
  event: 'refusal',
  reasonCode: 'stale_state_version',
  detail: { fatal: false },
});
const opened = (stateVersion: number, purpose: string) =>
  claimed(stateVersion, { nonce: claimOf(stateVersion).nonce, purpose });

/** Of a run in which nothing ends a session. */
const restarts = (report: Report): Watch => new Restarts(report, true, () => ['device-0']);
const hubIsBack = saidByHub({ event: 'notice', atMs: 0, reasonCode: 'hub_restarted' });

// biome-ignore format: a story a line
export const DEVICE_RULES: readonly Rule[] = [
  {
    rule: 'liveness sessionKept', make: restarts,
    good: (watch) => { watch.onSaid?.(moved('ATTACHED', 'RECOVERING')); watch.onSaid?.(moved('RECOVERING', 'ATTACHED')); },
    bad: (watch) => { watch.onSaid?.(moved('ATTACHED', 'RECOVERING')); watch.onSaid?.(moved('RECOVERING', 'TERMINATED')); },
  },
  {
    rule: 'liveness restartFound', make: restarts,
    good: (watch) => {
      watch.onSaid?.(hubIsBack);
      watch.onSent?.(sent(Uint8Array.of(MESSAGE_TYPE.initiation), { atMs: 20_000 }));
      watch.onSweep?.(60_000);
    },
    bad: (watch) => { watch.onSaid?.(hubIsBack); watch.onSent?.(sent(framed({ type: 'probe', probeId: 1 }))); watch.onSweep?.(30_000); },
  },
  {
    // The next process has all the time again, and a question is no handshake.
    rule: 'liveness restartFound', make: restarts,
    good: (watch) => { watch.onSaid?.(hubIsBack); watch.onDeath?.('hub-0'); watch.onSweep?.(60_000); },
    bad: (watch) => { watch.onSaid?.(hubIsBack); watch.onDeath?.('device-0'); watch.onSweep?.(60_000); },
  },
  {
    rule: 'I4 deviceVersions', make: devices,
    good: (watch) => { watch.onSaid?.(claimed(1)); watch.onSaid?.(claimed(2)); },
    bad: (watch) => { watch.onSaid?.(claimed(2)); watch.onSaid?.(claimed(2)); },
  },
  {
    rule: 'I2 deviceSessions', make: devices,
    good: (watch) => {
      watch.onSaid?.(moved('BIRTH', 'ATTACHED'));
      watch.onSaid?.(moved('ATTACHED', 'TERMINATED', { stateVersion: 2 }));
      watch.onSaid?.(said({ sessionId: 's2', stateVersion: 2, reasonCode: 'session_created', detail: { previousSessionId: 's1' } }));
    },
    bad: (watch) => {
      watch.onSaid?.(moved('BIRTH', 'ATTACHED'));
      watch.onSaid?.(said({ sessionId: 's2', reasonCode: 'session_created' }));
    },
  },
  {
    rule: 'I8 deviceMoves', make: devices,
    good: (watch) => watch.onSaid?.(moved('BIRTH', 'ATTACHED')),
    bad: (watch) => watch.onSaid?.(moved('TERMINATED', 'ATTACHED')),
  },
  {
    // The device's clock says 40 s.
    rule: 'I3 deviceRecovery', make: devices,
    good: (watch) => { watch.onSaid?.(moved('ATTACHED', 'RECOVERING', { atMs: 10_000 })); watch.onSweep?.(0); },
    bad: (watch) => { watch.onSaid?.(moved('ATTACHED', 'RECOVERING', { atMs: 9_000 })); watch.onSweep?.(0); },
  },
  {
    rule: 'I5 deviceAnswers', make: devices,
    good: (watch) => {
      watch.onSaid?.(claimed(1));
      watch.onSaid?.(moved('BIRTH', 'ATTACHED', { stateVersion: 2, detail: { trigger: 'attach_accepted' } }));
    },
    bad: (watch) => watch.onSaid?.(moved('BIRTH', 'ATTACHED', { detail: { trigger: 'attach_accepted' } })),
  },
  {
    rule: 'I7 devicePenalties', make: devices,
    good: (watch) => {
      watch.onSaid?.(moved('ATTACHED', 'RECOVERING', { detail: { transportId: 1 } }));
      watch.onSaid?.(said({ event: 'claim', stateVersion: 2, atMs: 5_000, detail: { transportId: 1, purpose: 'planned' } }));
    },
    bad: (watch) => {
      watch.onSaid?.(moved('ATTACHED', 'RECOVERING', { detail: { transportId: 1 } }));
      watch.onSaid?.(said({ event: 'claim', stateVersion: 2, atMs: 4_999, detail: { transportId: 1, purpose: 'planned' } }));
    },
  },
  {
    rule: 'I4 versionDurable', make: durability,
    good: (watch) => watch.onSaid?.(claimed(5)),
    bad: (watch) => watch.onSaid?.(claimed(6)),
  },
  {
    rule: 'I2 sessionDurable', make: durability,
    good: (watch) => watch.onSaid?.(claimed(5)),
    bad: (watch) => watch.onSaid?.(said({ event: 'claim', sessionId: 's2' })),
  },
  {
    rule: 'I4 secretDurable', make: durability,
    good: (watch) => watch.onSaid?.(attached(SECRET.slice())),
    bad: (watch) => watch.onSaid?.(attached(OTHER_KEY)),
  },
  {
    rule: 'I4 policyDurable', make: policies,
    good: (watch) => watch.onSaid?.(applied(20_000)),
    bad: (watch) => watch.onSaid?.(applied(20_000, 6)),
  },
  {
    rule: 'I4 policyVersions', make: policies,
    good: (watch) => { watch.onSaid?.(applied(20_000, 4)); watch.onSaid?.(applied(20_000)); },
    bad: (watch) => { watch.onSaid?.(applied(20_000)); watch.onSaid?.(applied(20_000, 4)); },
  },
  {
    // A policy that was on trial may be followed by the one before it, and by no older one.
    rule: 'I4 policyVersions', make: policies,
    good: (watch) => {
      for (const version of [3, 5]) onTrial(watch, version);
      watch.onSaid?.(ofPolicy('policy_rolled_back', 5));
      watch.onSaid?.(applied(20_000, 3));
    },
    bad: (watch) => {
      for (const version of [3, 5]) onTrial(watch, version);
      watch.onSaid?.(ofPolicy('policy_rolled_back', 5));
      watch.onSaid?.(applied(20_000, 2));
    },
  },
  {
    // Once it is confirmed, nothing takes it back.
    rule: 'I4 policyVersions', make: policies,
    good: (watch) => {
      for (const version of [3, 5]) onTrial(watch, version);
      watch.onSaid?.(ofPolicy('policy_rolled_back', 4));
      watch.onSaid?.(applied(20_000));
    },
    bad: (watch) => {
      for (const version of [3, 5]) onTrial(watch, version);
      watch.onSaid?.(ofPolicy('policy_confirmed', 5));
      watch.onSaid?.(ofPolicy('policy_rolled_back', 5));
      watch.onSaid?.(applied(20_000, 3));
    },
  },
  {
    rule: 'I3 policyBounds', make: policies,
    good: (watch) => watch.onSaid?.(applied(20_000)),
    bad: (watch) => watch.onSaid?.(applied(19_999)),
  },
  {
    // The recovery began too early for where it ends.
    rule: 'I3 policyBounds', make: policies,
    good: (watch) => {
      watch.onSaid?.(moved('ATTACHED', 'RECOVERING', { atMs: 0 }));
      watch.onSaid?.(applied(20_000));
    },
    bad: (watch) => {
      watch.onSaid?.(moved('ATTACHED', 'RECOVERING', { atMs: -1 }));
      watch.onSaid?.(applied(20_000));
    },
  },
  {
    // DEGRADED began too early for where it ends.
    rule: 'I3 policyBounds', make: policies,
    good: (watch) => {
      watch.onSaid?.(moved('VOLATILE', 'DEGRADED', { atMs: 15_000 }));
      watch.onSaid?.(applied(20_000));
    },
    bad: (watch) => {
      watch.onSaid?.(moved('VOLATILE', 'DEGRADED', { atMs: 14_999 }));
      watch.onSaid?.(applied(20_000));
    },
  },
  {
    // No policy ended it before; the one that came at 20 s gives it ten seconds.
    rule: 'I3 policyBounds', make: patientThenStrict,
    good: (watch) => degradedUntil(watch, 30_000),
    bad: (watch) => degradedUntil(watch, 29_999),
  },
  {
    rule: 'I7 ownCap', make: governor,
    good: (watch) => { for (const atMs of [0, 1_000, 60_000]) watch.onSaid?.(switched(atMs)); },
    bad: (watch) => { for (const atMs of [0, 1_000, 59_999]) watch.onSaid?.(switched(atMs)); },
  },
  {
    // The cap was three when the third was claimed, and is two when it is granted; the fourth was claimed since.
    rule: 'I7 ownCap', make: governed,
    good: (watch) => {
      for (const atMs of [0, 1_000]) watch.onSaid?.(switched(atMs));
      watch.onSaid?.(planned(2_000, 'quality_loss'));
      watch.onSaid?.(applied(2_001));
      watch.onSaid?.(switched(2_002));
    },
    bad: (watch) => {
      for (const atMs of [0, 1_000]) watch.onSaid?.(switched(atMs));
      watch.onSaid?.(applied(2_001));
      watch.onSaid?.(planned(2_002, 'quality_loss'));
      watch.onSaid?.(switched(2_003));
    },
  },
  {
    rule: 'I7 ownCooldown', make: governor,
    good: (watch) => { watch.onSaid?.(switched(0)); watch.onSaid?.(planned(5_000, 'quality_loss')); },
    bad: (watch) => { watch.onSaid?.(switched(0)); watch.onSaid?.(planned(4_999, 'quality_loss')); },
  },
  {
    rule: 'I7 ownHoldDown', make: governor,
    good: (watch) => { watch.onSaid?.(said({ detail: { transportId: 1 } })); watch.onSaid?.(planned(20_000, 'failback')); },
    bad: (watch) => { watch.onSaid?.(said({ detail: { transportId: 1 } })); watch.onSaid?.(planned(19_999, 'failback')); },
  },
  {
    rule: 'I7 ownHold', make: governor,
    good: (watch) => {
      watch.onSaid?.(rebound(0));
      watch.onSaid?.(planned(60_000, 'quality_loss'));
      watch.onSaid?.(moved('ATTACHED', 'RECOVERING', { atMs: 100_000, detail: { transportId: 2 } }));
      watch.onSaid?.(planned(200_000, 'failback'));
    },
    bad: (watch) => { watch.onSaid?.(rebound(0)); watch.onSaid?.(planned(200_000, 'failback')); },
  },
  {
    // What the operator chose is left for its quality, and the link before it is gone back to.
    rule: 'I7 ownHold', make: governor,
    good: (watch) => {
      watch.onSaid?.(rebound(0));
      watch.onSaid?.(said({ event: 'switch', atMs: 60_000, detail: { transportId: 3 } }));
      watch.onSaid?.(planned(200_000, 'failback'));
    },
    bad: (watch) => {
      watch.onSaid?.(rebound(0));
      watch.onSaid?.(said({ event: 'switch', atMs: 60_000, detail: { transportId: 2 } }));
      watch.onSaid?.(planned(200_000, 'failback'));
    },
  },
  {
    rule: 'I5 repeatAnswered', make: answers,
    good: (watch) => watch.onSent?.(fromHub(reject(1))),
    bad: (watch) => watch.onSent?.(fromHub(reject(2))),
  },
  {
    rule: 'I5 refusalOfItsClaim', make: answers,
    good: (watch) => { watch.onSaid?.(opened(3, 'recovery')); watch.onSent?.(fromHub(reject(3))); watch.onSaid?.(refusal); },
    bad: (watch) => { watch.onSent?.(fromHub(reject(3))); watch.onSaid?.(opened(4, 'recovery')); watch.onSaid?.(refusal); },
  },
  {
    // The device's clock says 13 s.
    rule: 'I1 planUndone', make: answers,
    good: (watch) => { watch.onSaid?.(said({ event: 'claim', atMs: 1_000, detail: { purpose: 'planned' } })); watch.onSweep?.(0); },
    bad: (watch) => { watch.onSaid?.(said({ event: 'claim', atMs: 999, detail: { purpose: 'planned' } })); watch.onSweep?.(0); },
  },
];
