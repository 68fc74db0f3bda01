import { expect, test } from 'bun:test';
import {
  PolicyWatch,
  policyRollback,
  RecordWatch,
  rollbackBetween,
  staleRecord,
  VersionWatch,
  versionFault,
} from '../../../../session/invariants/noRollback.ts';
import { claimOf, event } from './events.ts';

const clocks = { stateVersion: 5, ownerEpoch: 2, hubSeq: 9 };

test('each clock may stay or grow, and none may go back', () => {
  expect(rollbackBetween(clocks, clocks)).toBeNull();
  expect(rollbackBetween(clocks, { stateVersion: 6, ownerEpoch: 3, hubSeq: 10 })).toBeNull();
  for (const clock of ['stateVersion', 'ownerEpoch', 'hubSeq'] as const) {
    expect(rollbackBetween(clocks, { ...clocks, [clock]: clocks[clock] - 1 })).toContain(clock);
  }
});

test('what must be fresh is new, the rest may stay', () => {
  expect(versionFault(5, 5, false)).toBeNull();
  expect(versionFault(6, 5, true)).toBeNull();
  expect(versionFault(5, 5, true)).toContain('was used before');
  expect(versionFault(4, 5, false)).toContain('went back from 5 to 4');
  expect(policyRollback(1, 1)).toBeNull();
  expect(policyRollback(2, 1)).toContain('policy_version');
});

const told = (reasonCode: string, version: number) => ({ reasonCode, detail: { version } });

/** What is said of each version in force, in this order; what is told of a version stands before it. */
function policiesOf(...steps: readonly (number | ReturnType<typeof told>)[]): (string | null)[] {
  const watch = new PolicyWatch();
  return steps.flatMap((step) => {
    if (typeof step === 'number') return [watch.inForce(step)];
    watch.told(step);
    return [];
  });
}

test('a policy that was on trial may go, back to the one before it and no further', () => {
  const back = told('policy_rolled_back', 5);
  const onTrial = told('policy_on_trial', 5);
  expect(policiesOf(3, onTrial, 5, back, 5, 3, 3)).toEqual([null, null, null, null, null]);
  // Killed while it was on trial, before a line was written under it.
  expect(policiesOf(3, onTrial, back, 3, 4)).toEqual([null, null, null]);
  // Given up before the thread that follows it was told of either; and it follows it once, not again.
  expect(policiesOf(3, onTrial, 3, back, 3, 5, 5, 3)).toEqual([null, null, null, null, null, null]);
  expect(policiesOf(3, onTrial, 3, back, 3, 5, 3, 5, 3).at(-1)).toContain('went back from 5 to 3');
  // A log that begins in the middle of a trial.
  expect(policiesOf(5, back, 3)).toEqual([null, null]);
  expect(policiesOf(3, onTrial, 5, 3).at(-1)).toContain('went back from 5 to 3');
  expect(policiesOf(3, onTrial, 5, back, 2).at(-1)).toContain('went back from 3 to 2');
  expect(policiesOf(3, onTrial, 5, told('policy_rolled_back', 4), 3).at(-1)).toContain('I4');
  expect(policiesOf(3, 5, back, 3).at(-1)).toContain('I4');
  expect(policiesOf(3, onTrial, 5, told('policy_refused', 5), 3).at(-1)).toContain('I4');
  const kept = policiesOf(3, onTrial, 5, told('policy_confirmed', 5), back, 3);
  expect(kept.at(-1)).toContain('went back from 5 to 3');
});

test('a record is replaced by its successor', () => {
  const record = { ...clocks, revision: 7, claim: claimOf(5) };
  const next = { ...record, revision: 8 };
  expect(staleRecord(null, { ...record, revision: 1 })).toBeNull();
  expect(staleRecord(record, next)).toBeNull();
  expect(staleRecord(record, { ...next, claim: claimOf(6), stateVersion: 6 })).toBeNull();
  expect(staleRecord(null, record)).toContain('raises the revision');
  expect(staleRecord(record, { ...next, revision: 9 })).toContain('raises the revision');
  expect(staleRecord(record, { ...next, ownerEpoch: 1 })).toContain('ownerEpoch');
  expect(staleRecord(record, { ...next, claim: claimOf(5, 'other') })).toContain('used before');
});

const sent = (version: number, nonce: string, life = 1) => ({ device: 'd', life, version, nonce });

test('a claim takes a version of its own over all processes, a repeat the one it has', () => {
  const watch = new VersionWatch();
  expect(watch.claimed(sent(3, 'a'))).toBeNull();
  expect(watch.claimed(sent(3, 'a'))).toBeNull();
  expect(watch.claimed(sent(5, 'b'))).toBeNull();
  expect(watch.claimed(sent(9, 'c', 2))).toBeNull();
  expect(watch.claimed(sent(9, 'd', 2))).toContain('used version 9 after 9');
  expect(watch.claimed(sent(8, 'e', 3))).toContain('used version 8 after 9');
  watch.forget();
  expect(watch.claimed(sent(1, 'f', 4))).toBeNull();
});

test('a repeat of what another process claimed, of another version, or of a former claim, is none', () => {
  const of = (...repeat: Parameters<typeof sent>) => {
    const watch = new VersionWatch();
    watch.claimed(sent(3, 'a'));
    watch.claimed(sent(4, 'b'));
    return watch.claimed(sent(...repeat));
  };
  expect(of(4, 'b')).toBeNull();
  expect(of(4, 'b', 2)).toContain('repeats its claim of version 4');
  expect(of(5, 'b')).toContain('as another, of version 5');
  expect(of(3, 'a')).toContain('used version 3 after 4');
});

test('events take fresh versions where they move or claim; lost flash begins anew', () => {
  const watch = new VersionWatch();
  const see = (stateVersion: number, kind: 'transition' | 'claim' | 'notice', reasonCode = 'x') =>
    watch.see(event({ event: kind, stateVersion, reasonCode }));
  expect(see(1, 'transition')).toBeNull();
  expect(see(1, 'notice')).toBeNull();
  expect(see(2, 'claim')).toBeNull();
  expect(see(2, 'transition')).toContain('used before');
  expect(see(1, 'notice')).toContain('went back');
  expect(see(0, 'notice', 'flash_lost')).toBeNull();
  expect(see(1, 'claim')).toBeNull();
});

test('a hub commits newer claims, and none of its clocks goes back', () => {
  const watch = new RecordWatch();
  const commit = (stateVersion: number, change = {}) =>
    watch.see(event({ event: 'claim', reasonCode: 'claim_committed', stateVersion, ...change }));
  expect(commit(2)).toBeNull();
  expect(commit(3, { hubSeq: 2 })).toBeNull();
  expect(commit(3, { hubSeq: 3 })).toContain('used before');
  expect(watch.see(event({ stateVersion: 3, hubSeq: 2 }))).toContain('hubSeq');
  expect(watch.see(event({ sessionId: null, stateVersion: 0, hubSeq: 0 }))).toBeNull();
});

test('a burst of refusals is told when it is over: its clocks are those of that time', () => {
  const watch = new RecordWatch();
  const refusal = { event: 'refusal', reasonCode: 'store_unavailable', stateVersion: 4 } as const;
  expect(watch.see(event(refusal))).toBeNull();
  expect(
    watch.see(event({ event: 'claim', reasonCode: 'claim_committed', stateVersion: 13 })),
  ).toBeNull();
  expect(watch.see(event({ ...refusal, detail: { repeated: 1, window_ms: 1_000 } }))).toBeNull();
  expect(watch.see(event(refusal))).toContain('went back from 13 to 4');
});
