/**
 * What has to be so after everything healed, and by when.
 *
 * @module
 */
import { NOBODY } from '../../session/hub/takeover.ts';
import { policyOf } from './policy.ts';
import type { Simulation } from './simulation.ts';
import type { DeviceSite } from './site/deviceSite.ts';
import type { Beats } from './traffic/beats.ts';

/** Data has to have flown both ways within this. */
const FRESH_MS = 3_000;
/** A session that ended is followed by another one after at most this. */
const REOPEN_MS = 60_000;
/** The refused side of an identity conflict keeps quiet for this long. */
const CONFLICT_MS = 600_000;
/** Handshakes, boots, a store that answers, quality that settles. */
const MARGIN_MS = 60_000;

/** How long everybody may take to come back. */
export function livenessBoundMs({ devices, hubs, observer }: Simulation): number {
  // Also one that lost its newest flash slot looks like an old copy of itself.
  const hasConflicts = observer.seen.reasons['device identity_conflict'] !== undefined;
  const mayConflict = hasConflicts || devices.some(({ isClone }) => isClone);
  const bounds = [...devices, ...hubs].map(({ policy }) => {
    const { session, liveness } = policyOf(policy);
    const silentMs = 3 * Math.max(liveness.heartbeatIdleMs, liveness.meteredKeepaliveMs);
    return session.recoveryWindowMs + session.birthDeadlineMs + silentMs;
  });
  return Math.max(...bounds) + REOPEN_MS + MARGIN_MS + (mayConflict ? 2 * CONFLICT_MS : 0);
}

/** Which devices are not back yet, and why; empty: all are. */
export function missing(simulation: Simulation, beats: Beats): readonly string[] {
  const originals = simulation.devices.filter(({ isClone }) => !isClone);
  return originals.flatMap((site) => {
    const why = whyMissing(simulation, beats, site);
    return why === null ? [] : [`${site.name}: ${why}`];
  });
}

function whyMissing(simulation: Simulation, beats: Beats, original: DeviceSite): string | null {
  const { store, devices } = simulation;
  const { publicKey } = original.identity;
  const rivals = devices.filter(({ identity }) => identity.publicKey === publicKey);
  const attached = rivals.filter(({ process }) => process.device?.activeId != null);
  const [only] = attached;
  if (simulation.revoked.has(original.identity.index)) return whyStillIn(simulation, publicKey);
  if (only === undefined)
    return `not attached (${original.process.device?.state ?? 'not running'})`;
  if (attached.length > 1) return 'two machines are attached at once';
  const record = store.record(publicKey);
  if (record === null || record.terminated !== null) return 'there is no living record';
  const { activeId, mtuBytes, hubMtuBytes } = only.process.device!;
  if (record.transportId !== activeId) return `record T${record.transportId}, device T${activeId}`;
  if (hubMtuBytes !== mtuBytes) return `MTU ${mtuBytes}, the hub knows ${hubMtuBytes}`;
  if (!hasFlown(simulation, beats, only, false)) return 'nothing arrives at the hub';
  if (!hasFlown(simulation, beats, only, true)) return 'nothing arrives at the device';
  return null;
}

/** Whoever was thrown out has no session any more, whatever its machine believes for a while. */
function whyStillIn({ store, revoked }: Simulation, publicKey: string): string | null {
  const record = store.record(publicKey);
  if (record === null || record.terminated !== null) return null;
  // Released to a hub whose claimant went away: nobody serves it, and nobody may.
  if (record.owner === NOBODY) return null;
  return `revoked (${[...revoked]}), and its session lives`;
}

function hasFlown(
  { world, applications }: Simulation,
  { probes }: Beats,
  site: DeviceSite,
  isFromHub: boolean,
): boolean {
  return probes.some((probe) => {
    if (probe.atMs < world.nowMs - FRESH_MS || probe.isFromHub !== isFromHub) return false;
    const isOurs = isFromHub
      ? probe.site.identity.index === site.identity.index
      : probe.site === site;
    return isOurs && applications.hasArrived(probe.sequence);
  });
}
