/**
 * What a device has to choose from at a moment: its links as its process knows them, by the policy in force.
 *
 * @module
 */
import { linkRules } from '../../../policies/links.ts';
import { VERSIONS_KEPT } from '../../../session/device/save.ts';
import type { Choice } from '../checkers/withheld.ts';
import type { DeviceSite } from './deviceSite.ts';

/** Null: it sleeps, does not run, or has no binding. */
export function choiceOf({ machine, process, inForce }: DeviceSite): Choice | null {
  const { device } = process;
  const active = device?.transports.find(({ transportId }) => transportId === device.activeId);
  if (!machine.isAwake || device === null || active === undefined) return null;
  const { failback, failbackStableMs } = inForce.switching;
  const ways = device.transports.map((transport) => {
    const { liveness, unusable, penaltyUntilMs, transportId, linkName } = transport;
    const { answeredAtMs, missedInRow, stableSinceMs } = liveness;
    const rules = linkRules(inForce.links, linkName, transport.linkKind);
    return {
      ...{ transportId, linkName, penaltyUntilMs, answeredAtMs, missedInRow, stableSinceMs },
      ...{ preference: rules.preference, hasBudget: rules.dailyBytesMax > 0 },
      isUsable: unusable === null && rules.costClass !== 'never',
    };
  });
  const own = ways.find(({ transportId }) => transportId === active.transportId)!;
  const isSettled = device.claim === null && device.granted === null && device.plannedAtMs === null;
  const hasVersions = device.ceiling - device.stateVersion > VERSIONS_KEPT;
  // Where its budget may be spent the device wants to be anywhere else.
  const isItsOwn = device.heldId === null && own.isUsable && !own.hasBudget;
  return {
    ...{ nowMs: machine.clock.monotonicMs(), failback, failbackStableMs },
    activePreference: own.preference,
    isFree: device.state === 'ATTACHED' && isSettled && hasVersions && isItsOwn,
    planNotBeforeMs: device.planNotBeforeMs,
    rivals: ways.filter((way) => way.isUsable && way !== own),
  };
}
