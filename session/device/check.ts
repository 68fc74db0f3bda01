/**
 * The invariants that the device can see, asserted after every step, in every run.
 *
 * A violated one throws: the shell logs it, ends the session with `invariant_violated` and never
 * continues (docs/protocol.md, "Invariants").
 *
 * @module
 */
import { assert } from '../assert.ts';
import { isInnerMtu } from '../innerMtu.ts';
import { OUTCOMES_MAX, OUTSTANDING_MAX } from '../liveness/liveness.ts';
import { carriesData } from '../transitions.ts';
import { recentSwitches } from './choice.ts';
import type { DeviceEvent } from './event.ts';
import type { DeviceConfig } from './limits.ts';
import { type Device, transportOf } from './state.ts';

/** Longest list of past things that the state keeps. */
const HISTORY_MAX = 64;

export function check(
  before: Device,
  after: Device,
  event: DeviceEvent,
  config: DeviceConfig,
): void {
  assert(
    carriesData(after.state) === (after.activeId !== null),
    'I1: data goes over exactly one transport, exactly while we carry',
  );
  assert(
    after.activeId === null || (after.channel !== null && after.memoryKey !== null),
    'a binding has a channel and the key of the process that attached',
  );
  assert(
    after.activeId === null || transportOf(after, after.activeId)?.unusable === null,
    'a binding is on a transport that can be used',
  );
  const isCreation = event.kind === 'boot' || before.state === 'TERMINATED';
  assert(
    after.sessionId === before.sessionId || isCreation,
    'I2: a session id changes only through TERMINATED',
  );
  if (after.state === 'RECOVERING')
    assert(
      after.recoveryDeadlineAtMs !== null && after.transportTtlAtMs !== null,
      'I3: recovery has its deadlines',
    );
  if (after.state === 'BIRTH' && after.phase !== 'off')
    assert(after.birthDeadlineAtMs !== null, 'I3: birth has a deadline');
  assert(after.stateVersion >= before.stateVersion, 'I4: the version never goes back');
  assert(
    after.stateVersion <= after.ceiling || after.phase === 'off',
    'I4: no version above the durable ceiling',
  );
  assert(
    after.state === before.state || after.stateVersion > before.stateVersion || isCreation,
    'I8: every transition takes a version',
  );
  // The cap itself is asked for when a claim is opened; a policy may lower it before the answer.
  const switches = recentSwitches(after).length;
  const hadClaim = before.claim !== null || before.granted !== null;
  assert(
    switches <= config.limits.maxSwitchesPerMinute ||
      switches <= recentSwitches(before).length + (hadClaim ? 1 : 0),
    'I7: switches stay under the cap',
  );
  if (after.state === 'TERMINATED')
    assert(after.terminated !== null, 'I8: TERMINATED has a reason');
  assert(
    after.phase === 'off' || isInnerMtu(after.mtuBytes),
    'the inner MTU is one that a hub takes',
  );
  checkBounds(after);
}

/** I11: nothing of the state grows with time or with what a peer sends. */
function checkBounds({ transports, triedIds, recoveriesMs, ownClaims }: Device): void {
  for (const { liveness } of transports) {
    assert(liveness.outstanding.length <= OUTSTANDING_MAX, 'I11: outstanding probes are bounded');
    assert(liveness.late.length <= OUTSTANDING_MAX, 'I11: late probes are bounded');
    assert(liveness.outcomes.length <= OUTCOMES_MAX, 'I11: outcomes are bounded');
  }
  assert(triedIds.length <= HISTORY_MAX, 'I11: tries are bounded');
  assert(recoveriesMs.length <= HISTORY_MAX, 'I11: remembered recoveries are bounded');
  assert(ownClaims.length <= HISTORY_MAX, 'I11: remembered claims are bounded');
}
