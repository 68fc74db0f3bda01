/**
 * What has to be so after everything healed, and by when.
 *
 * @module
 */
import { NOBODY } from '../../session/hub/takeover.ts';
import type { Simulation } from './simulation.ts';
import type { DeviceSite } from './site/deviceSite.ts';
import type { Beats } from './traffic/beats.ts';

/** Data has to have flown both ways within this. */
const FRESH_MS = 3_000;
/** Nobody told them to wait: boots, handshakes, a store that answers, quality that settles. Tried (docs/simulator.md). */
const BACK_MS = 60_000;
/** Whoever waits is asked, or asks, again at most this often: a copy that wins makes the other one wait. */
const WAITS_MAX = 2;

/**
 * By when everybody has to be back: a minute after everything healed or, where devices were told to wait, as much
 * after the longest of these waits. Waits that follow waits end as well.
 */
export function livenessEndMs({ waits }: Simulation, healedAtMs: number): number {
  const waitsMaxMs = WAITS_MAX * waits.longestMs;
  const waitedMs = Math.min(Math.max(0, waits.latestEndMs - healedAtMs), waitsMaxMs);
  return healedAtMs + BACK_MS + waitedMs;
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
