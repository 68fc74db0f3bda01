/**
 * Which transport next: ranking of candidates, and the governor that bounds switching.
 *
 * Ranked by policy preference, cost class, penalty, then loss, RTT, stability; ties by name. Never
 * random. In recovery a penalty or doubt ranks last, it never excludes: the only link left is always
 * tried (docs/protocol.md, "Choosing and bounding").
 *
 * @module
 */
import { qualityOf } from '../liveness/quality.ts';
import type { ReasonCode } from '../reasons.ts';
import type { CostClass, DeviceConfig } from './limits.ts';
import type { Device, Transport } from './state.ts';

const COST_RANK: Record<CostClass, number> = { free: 0, metered: 1, never: 2 };
export const MINUTE_MS = 60_000;
/** Slots that planned and quality switches leave for recovery from death. */
const SLOTS_FOR_RECOVERY = 2;

/** Usable transports, best first, for getting back from death. */
export function recoveryCandidates(device: Device, config: DeviceConfig): readonly Transport[] {
  return ranked(device, config, (transport) => [
    // Refused by the hub for a while, last of all.
    transport.claimNotBeforeMs > device.nowMs ? 1 : 0,
    // Each candidate gets its turn before any gets a second one.
    device.triedIds.filter((id) => id === transport.transportId).length,
    // Last while there is another, but tried: a spent budget cuts nobody off.
    isSpent(transport, config) ? 1 : 0,
    transport.liveness.missedInRow >= 2 ? 1 : 0,
    transport.penaltyUntilMs > device.nowMs ? 1 : 0,
    // Lost without anything said against it, the binding's transport is the nearest way back.
    transport.transportId === device.formerId ? 0 : 1,
  ]);
}

/** Usable transports, best first, as policy sees them. */
export function usableCandidates(device: Device, config: DeviceConfig): readonly Transport[] {
  return ranked(device, config, () => []);
}

/** Usable transports, best first, as policy sees them; penalised ones and spent budgets are left out. */
export function plannedCandidates(device: Device, config: DeviceConfig): readonly Transport[] {
  return usableCandidates(device, config).filter(
    (transport) =>
      transport.penaltyUntilMs <= device.nowMs &&
      transport.liveness.missedInRow < 2 &&
      !isSpent(transport, config),
  );
}

/** Usable transports of a link, best first, for an operator who asks for it: what no plan goes to comes last, and is tried. */
export function askedCandidates(
  device: Device,
  config: DeviceConfig,
  linkName: string,
): readonly Transport[] {
  const planned = plannedCandidates(device, config);
  return ranked(device, config, (transport) => [
    planned.includes(transport) ? 0 : 1,
    silenceOf(transport),
  ]).filter((transport) => transport.linkName === linkName);
}

/** Of addresses that are equal to policy one may be dead: what answers comes first, then what did once. */
function silenceOf({ liveness }: Transport): number {
  if (liveness.answeredAtMs === null) return 2;
  return liveness.missedInRow === 0 ? 0 : 1;
}

function ranked(
  device: Device,
  config: DeviceConfig,
  first: (transport: Transport) => readonly number[],
): readonly Transport[] {
  const keyed = device.transports
    .filter((transport) => transport.unusable === null && costOf(transport, config) !== 'never')
    .map((transport) => ({
      transport,
      key: [...first(transport), ...merits(transport, device, config)],
    }));
  keyed.sort((a, b) => compare(a.key, b.key) || byName(a.transport, b.transport));
  return keyed.map(({ transport }) => transport);
}

function merits(transport: Transport, device: Device, config: DeviceConfig): readonly number[] {
  const policy = config.linkPolicy(transport.linkName, transport.linkKind);
  const quality = qualityOf(transport.liveness, device.nowMs, MINUTE_MS);
  return [
    policy.preference,
    COST_RANK[policy.cost],
    transport.penaltyUntilMs > device.nowMs ? 1 : 0,
    Math.round(quality.lossPercent),
    Math.round(quality.rttMs),
    transport.liveness.stableSinceMs ?? Number.MAX_SAFE_INTEGER,
  ];
}

export function costOf(transport: Transport, config: DeviceConfig): CostClass {
  return config.linkPolicy(transport.linkName, transport.linkKind).cost;
}

/** Whether the link has used up its bytes of the day. */
export function isSpent(transport: Transport, config: DeviceConfig): boolean {
  return config.linkPolicy(transport.linkName, transport.linkKind).isSpent === true;
}

/** Policy's preference alone: what failback compares. */
export function preferenceOf(transport: Transport, config: DeviceConfig): number {
  return config.linkPolicy(transport.linkName, transport.linkKind).preference;
}

/** Why a switch may not happen now, or null if it may. Asked BEFORE a plan becomes a transition. */
export function denial(
  device: Device,
  config: DeviceConfig,
  purpose: 'planned' | 'quality' | 'recovery',
): ReasonCode | null {
  const { maxSwitchesPerMinute, cooldownMs } = config.limits;
  const recent = recentSwitches(device);
  const cap =
    purpose === 'recovery' ? maxSwitchesPerMinute : maxSwitchesPerMinute - SLOTS_FOR_RECOVERY;
  if (recent.length >= cap) return 'switch_rate_limited';
  const newestMs = recent.at(-1);
  const isCooling = newestMs !== undefined && device.nowMs - newestMs < cooldownMs;
  return purpose !== 'recovery' && isCooling ? 'cooldown_active' : null;
}

export function recentSwitches(device: Device): readonly number[] {
  return device.switchedAtMs.filter((atMs) => atMs > device.nowMs - MINUTE_MS);
}

/** When a recovery at the cap finds its next free slot: when enough of the recent switches are old. */
export function nextSlotAtMs(device: Device, config: DeviceConfig): number {
  const recent = recentSwitches(device);
  const blocking = recent[recent.length - config.limits.maxSwitchesPerMinute] ?? recent[0];
  return (blocking ?? device.nowMs - MINUTE_MS) + MINUTE_MS;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function byName(a: Transport, b: Transport): number {
  if (a.linkName !== b.linkName) return a.linkName < b.linkName ? -1 : 1;
  return a.transportId - b.transportId;
}
