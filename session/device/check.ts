/**
 * The invariants that the device can see, asserted after every step, in every run.
 *
 * A violated one throws: the shell logs it, ends the session with `invariant_violated` and never
 * continues (docs/protocol.md, "Invariants"). The rules are in `session/invariants`, where the simulator and the
 * auditor of event streams find them.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { isInnerMtu } from '../innerMtu.ts';
import { overdue, unbounded } from '../invariants/boundedRecovery.ts';
import { earlyReturn, leftHold } from '../invariants/boundedSwitching.ts';
import { silentMove, unexplainedEnd } from '../invariants/explicit.ts';
import { openDoor } from '../invariants/failClosed.ts';
import { strayAnswer } from '../invariants/noReplay.ts';
import { versionFault } from '../invariants/noRollback.ts';
import { silentReset } from '../invariants/noSilentReset.ts';
import { straySending } from '../invariants/singleBinding.ts';
import { carriesData, type State } from '../transitions.ts';
import { recentSwitches } from './choice.ts';
import type { DeviceEffect, DeviceEvent } from './event.ts';
import type { DeviceConfig } from './limits.ts';
import { checkSizes } from './sizes.ts';
import { type Device, transportOf } from './state.ts';

export function check(
  before: Device,
  after: Device,
  event: DeviceEvent,
  effects: readonly DeviceEffect[],
  config: DeviceConfig,
): void {
  // Boot and birth begin in a state that no transition led to.
  const isCreation = event.kind === 'boot' || before.state === 'TERMINATED';
  checkBinding(after);
  refuse(
    silentReset({
      beforeId: before.sessionId,
      afterId: after.sessionId,
      hasEnded: isCreation,
      namedId: after.previousSessionId,
    }),
  );
  checkBounds(after);
  checkVersions(before, after, isCreation);
  checkAnswer(before, after, event);
  checkSwitching(before, after, config);
  checkMoves(before, after, event, effects);
  assert(
    after.phase === 'off' || isInnerMtu(after.mtuBytes),
    'the inner MTU is one that a hub takes',
  );
  checkSizes(before, after);
}

function refuse(violation: string | null): void {
  assert(violation === null, violation ?? '');
}

/** I1, I9: data goes over one transport that can be used, in a channel that the hub knows. */
function checkBinding(after: Device): void {
  const { activeId, channel, heldId } = after;
  assert(heldId === null || heldId === activeId, 'what an operator holds is the binding');
  refuse(straySending({ isCarrying: carriesData(after.state), activeId }));
  const isOpen = activeId !== null;
  const hasSession = after.sessionId !== null && after.memoryKey !== null;
  refuse(openDoor({ isOpen, hasSession, isChannelProven: channel?.isBound === true }));
  assert(
    !isOpen || transportOf(after, activeId)?.unusable === null,
    'a binding is on a transport that can be used',
  );
}

/** I3: what is bounded has its deadline, and none is left that was due: the step has dealt with them. */
function checkBounds(after: Device): void {
  const { recoveryDeadlineAtMs, transportTtlAtMs, birthDeadlineAtMs, sessionEndsAtMs } = after;
  if (after.phase !== 'running') return;
  if (after.state === 'RECOVERING') {
    refuse(unbounded('RECOVERING', { recoveryDeadlineAtMs, transportTtlAtMs, sessionEndsAtMs }));
  }
  if (after.state === 'BIRTH') refuse(unbounded('BIRTH', { birthDeadlineAtMs, sessionEndsAtMs }));
  if (after.state === 'TERMINATED') return;
  const deadlines = { recoveryDeadlineAtMs, transportTtlAtMs, birthDeadlineAtMs, sessionEndsAtMs };
  refuse(overdue(after.nowMs, deadlines));
}

/** I4. */
function checkVersions(before: Device, after: Device, isCreation: boolean): void {
  const isMove = after.state !== before.state && !isCreation;
  refuse(versionFault(after.stateVersion, before.stateVersion, isMove));
  assert(
    after.stateVersion <= after.ceiling || after.phase === 'off',
    'I4: no version above the durable ceiling',
  );
}

/** I5: what is taken for an answer answers the claim that was open, and the claim is closed by it. */
function checkAnswer(before: Device, after: Device, event: DeviceEvent): void {
  const isGrant = after.granted !== null && after.granted !== before.granted;
  const isSettled = after.answeredAtMs !== before.answeredAtMs && after.answeredAtMs !== null;
  if (!isGrant && !isSettled) return;
  if (event.kind === 'frame' && 'claim' in event.frame && event.frame.claim !== null) {
    refuse(strayAnswer(before.claim?.claim ?? null, event.frame.claim));
  } else assert(before.granted !== null, 'I5: nothing but an answer binds');
  assert(after.claim === null || after.claim !== before.claim, 'I5: an answered claim is closed');
}

/** I7. */
function checkSwitching(before: Device, after: Device, config: DeviceConfig): void {
  // The cap itself is asked for when a claim is opened; a policy may lower it before the answer.
  const switches = recentSwitches(after).length;
  const hadClaim = before.claim !== null || before.granted !== null;
  assert(
    switches <= config.limits.maxSwitchesPerMinute ||
      switches <= recentSwitches(before).length + (hadClaim ? 1 : 0),
    'I7: switches stay under the cap',
  );
  const open = after.claim;
  if (open === null || open.claim === before.claim?.claim) return;
  const { purpose, reasonCode } = open;
  refuse(leftHold(reasonCode, after.heldId !== null));
  const target = transportOf(before, open.claim.transportId);
  const penaltyUntilMs = target?.penaltyUntilMs ?? 0;
  refuse(earlyReturn({ purpose, reasonCode, nowMs: after.nowMs, penaltyUntilMs }));
}

/** I8: the state moves by reported transitions only. */
function checkMoves(
  before: Device,
  after: Device,
  event: DeviceEvent,
  effects: readonly DeviceEffect[],
): void {
  const reports = effects.flatMap((effect) => (effect.kind === 'report' ? [effect.event] : []));
  refuse(silentMove(stateOfReports(before, after, event), after.state, reports));
  refuse(unexplainedEnd(after.state, after.terminated));
}

/** Null where the first transition shows the state: a process begins anywhere. */
function stateOfReports(before: Device, after: Device, event: DeviceEvent): State | null {
  if (event.kind === 'boot') return null;
  return before.state === 'TERMINATED' ? after.state : before.state;
}
