/**
 * Where a plan of a device may go that costs nothing.
 *
 * @module
 */
import { linkRules } from '../../../policies/links.ts';
import type { DeviceSite } from './deviceSite.ts';

/** Transports over other links that are usable, free by policy, and not penalised. */
export function freeWays(site: DeviceSite, transportId: number): readonly number[] {
  const { process, machine, inForce } = site;
  const nowMs = machine.clock.monotonicMs();
  return site.otherWays(transportId).filter((way) => {
    const known = process.device?.transports.find((one) => one.transportId === way);
    if (known === undefined || known.unusable !== null || known.penaltyUntilMs > nowMs) {
      return false;
    }
    return linkRules(inForce.links, known.linkName, known.linkKind).costClass === 'free';
  });
}
