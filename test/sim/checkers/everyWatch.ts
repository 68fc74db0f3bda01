/**
 * All checkers of a run, with what each may ask of it.
 *
 * @module
 */

import type { Policy } from '../../../policies/schema.ts';
import { VERSIONS_KEPT } from '../../../session/device/save.ts';
import type { Device } from '../../../session/device/state.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
import { isServing } from '../../../session/invariants/oneOwner.ts';
import { POLICY_VARIANTS } from '../options.ts';
import { policyOf, switchesMaxIn } from '../policy.ts';
import type { Scenario } from '../scenario.ts';
import { choiceOf } from '../site/choice.ts';
import type { DeviceSite } from '../site/deviceSite.ts';
import { PUSHED_WINDOW_MS } from '../site/documents.ts';
import { freeWays } from '../site/freeWays.ts';
import type { HubSite } from '../site/hubSite.ts';
import { Ages } from './ages.ts';
import { Answers } from './answers.ts';
import { Better } from './better.ts';
import { Bindings } from './bindings.ts';
import { boundsIn, noticeMsOf } from './bounds.ts';
import { Budgets } from './budgets.ts';
import { type Cadence, Cadences } from './cadence.ts';
import { Claims } from './claims.ts';
import { Copies } from './copies.ts';
import { Deliveries } from './deliveries.ts';
import { Denials } from './denials.ts';
import { Devices } from './devices.ts';
import { Doors } from './doors.ts';
import { Durability } from './durability.ts';
import { Facts } from './facts.ts';
import { Forbidden } from './forbidden.ts';
import { Governor } from './governor.ts';
import { Hearsay } from './hearsay.ts';
import { Hubs } from './hubs.ts';
import { Measurements } from './measured.ts';
import { Misses } from './misses.ts';
import { Owners, type SeatMoment } from './owners.ts';
import { Patience } from './patience.ts';
import { Penalties } from './penalties.ts';
import { Policies } from './policies.ts';
import { Portals } from './portals.ts';
import { Rebinds } from './rebinds.ts';
import { Records } from './records.ts';
import { Renumbered } from './renumbered.ts';
import { Resends } from './resends.ts';
import { Restarts } from './restarts.ts';
import { Rotations } from './rotations.ts';
import { Seals } from './seals.ts';
import { Silences } from './silences.ts';
import { SpendingKept } from './spending.ts';
import { Trials } from './trials.ts';
import { Unsteady } from './unsteady.ts';
import { Verdicts } from './verdicts.ts';
import type { Report, Watch } from './watch.ts';
import { Wire } from './wire.ts';
import { Wishes } from './wishes.ts';
import { WithheldRivals } from './withheld.ts';

export interface Surroundings {
  readonly scenario: Scenario;
  /** Null: it is a hub, or nobody of that name. */
  readonly deviceSite: (who: string) => DeviceSite | null;
  readonly hubs: readonly HubSite[];
  /** Public keys of all devices that there are. */
  readonly devices: () => readonly string[];
  readonly record: (device: string) => SessionRecord | null;
  /** In force at each machine of that public key. */
  readonly policiesOf: (device: string) => readonly Policy[];
  /** Whether timestamps may have been lost with a flash, or used by a copy. */
  readonly mayBeBehind: (who: string) => boolean;
}

export function newWatches(report: Report, around: Surroundings): readonly Watch[] {
  const { scenario, deviceSite, record, mayBeBehind } = around;
  const site = (who: string) => deviceSite(who)!;
  const isSealed = scenario.options.primitives === 'real';
  const boundsOf = (who: string) => boundsIn(scenario, site(who).identity.index);
  const clockMs = (who: string) => {
    const { machine } = site(who);
    return machine.isAwake ? machine.clock.monotonicMs() : null;
  };
  const recordOf = (who: string) => {
    const publicKey = deviceSite(who)?.identity.publicKey;
    return publicKey === undefined ? null : record(publicKey);
  };
  const factsOf = (who: string, transportId: number) =>
    deviceSite(who)?.factsOf(transportId) ?? null;
  const isItsChannel = (who: string, channelId: number) =>
    channelsOf(deviceSite(who)).includes(channelId);
  const durableOf = (who: string) => site(who).durable;
  // A copy has the key of its original and a policy of its own.
  const noticeMs = (of: SessionRecord) =>
    Math.min(...around.policiesOf(of.device).map((policy) => noticeMsOf(policy, of)));
  const deviceOf = (who: string) => deviceSite(who)?.identity.publicKey ?? null;
  const measured = new Measurements(isSealed);
  const quality = {
    rulesOf: (who: string) => ({ ...site(who).inForce.quality, ...site(who).inForce.switching }),
    activeId: (who: string) => awakeDevice(deviceSite(who))?.activeId ?? null,
    isSettled: (who: string) => {
      const device = awakeDevice(deviceSite(who));
      return device?.claim === null && device.granted === null && hasVersionsLeft(device);
    },
  };
  const seats = (device: string | null) =>
    (device === null ? around.devices() : [device]).flatMap((one) => seatsOf(around.hubs, one));
  return [
    new Seals(report, isSealed),
    new Ages(report, (who) => {
      const machine = (deviceSite(who) ?? around.hubs.find(({ name }) => name === who))?.machine;
      return machine?.isAwake ? machine.clock.monotonicMs() : null;
    }),
    new Resends(
      report,
      !isSealed,
      resendMaxAgeMs(),
      (who, transportId) => deviceSite(who)?.kindOf(transportId) ?? 'ethernet',
    ),
    new Records(report, switchesMaxIn(scenario)),
    new Deliveries(report),
    new Bindings(report),
    new Owners(report, { seats, deviceOf }),
    new Hubs(report, (device) => record(device)?.owner ?? null, scenario.options.isLeased),
    new Devices(report, { boundsOf, clockMs, wokeAtMs: (who) => site(who).machine.wokeAtMs }),
    new Answers(report, isSealed, recordOf, clockMs, (who, sinceMs) =>
      site(who).machine.sleptMs(sinceMs),
    ),
    new Claims(report, isSealed),
    new Denials(report, isSealed),
    new Verdicts(report, isSealed),
    new Silences(report, isSealed, {
      otherWays: (who, transportId) => site(who).otherWays(transportId),
      activeId: (who) => site(who).process.device?.activeId ?? null,
      mayClaim: (who) => site(who).machine.isAwake && hasVersionsLeft(site(who).process.device),
      maySeek: (who) =>
        !hasFlashFault(scenario, site(who).identity.index) &&
        site(who).process.device?.channel?.isBound !== false,
    }),
    new Cadences(report, isCalmRun(scenario), (who, transportId) => {
      const around = deviceSite(who);
      return around === null ? null : cadenceOf(around, transportId);
    }),
    new Forbidden(report, isSealed, {
      isForbidden: (who, transportId) =>
        deviceSite(who)?.rulesOf(transportId)?.costClass === 'never',
      activeId: (who) => deviceSite(who)?.process.device?.activeId ?? null,
    }),
    measured,
    new Unsteady(report, measured, {
      ...quality,
      hasSlept: (who, sinceMs) => (deviceSite(who)?.machine.resumedAtMs ?? 0) > sinceMs,
    }),
    new Better(report, measured, {
      ...quality,
      freeWays: (who, transportId) => freeWays(site(who), transportId),
    }),
    new Rotations(report, isSealed, activeLingerMaxMs()),
    new Patience(report, noticeMs),
    new Restarts(report, scenario.options.keepsSessions === true, () =>
      scenario.options.devices.map((_, at) => `device-${at}`),
    ),
    new Hearsay(
      report,
      isSealed,
      (who, transportId) => factsOf(who, transportId)?.name ?? null,
      isItsChannel,
    ),
    new Misses(report, isSealed, isItsChannel),
    new Portals(report, isSealed, {
      factsOf,
      isAwake: (who) => site(who).machine.isAwake,
      activeId: (who) => site(who).process.device?.activeId ?? null,
    }),
    new Facts(report, {
      factsOf,
      activeId: (who) => {
        const around = deviceSite(who);
        return around?.machine.isAwake ? (around.process.device?.activeId ?? null) : null;
      },
    }),
    new Renumbered(report, (who) => {
      const { machine, process } = site(who);
      return machine.isAwake ? (process.device?.activeId ?? null) : null;
    }),
    new Durability(report, durableOf),
    new Copies(report, durableOf),
    new Governor(report, (who) => site(who).inForce.switching),
    new Penalties(report, {
      penaltyMaxMs: (who) => site(who).inForce.switching.penaltyMaxMs,
      penaltiesOf: (who) => site(who).process.device?.transports ?? [],
      clockMs,
    }),
    new Wishes(report, {
      paceOf: (who) => site(who).inForce.switching,
      clockMs: (who) => site(who).machine.clock.monotonicMs(),
      linkOf: (who, transportId) => factsOf(who, transportId)?.name ?? null,
      mayPlan: (who, linkName) => site(who).mayPlan(linkName),
      hasVersionsLeft: (who) => hasVersionsLeft(site(who).process.device),
    }),
    new WithheldRivals(report, (who) => choiceOf(site(who))),
    new Policies(report, {
      boundsOf: (who) => site(who).bounding.session,
      runningOf: (who) => site(who).process.device,
      durableVersionOf: (who) => site(who).durablePolicyVersion,
    }),
    new Trials(report, PUSHED_WINDOW_MS),
    new Budgets(report, {
      budgetBytes: (who, transportId) => site(who).budgetBytes(transportId),
      wasSpentAtBoot: (who, transportId) => site(who).wasSpentAtBoot(transportId),
      wallMs: (who) => {
        const { machine } = site(who);
        return machine.isAwake ? machine.clock.wallMs() : null;
      },
      activeId: (who) => site(who).process.device?.activeId ?? null,
    }),
    new SpendingKept(report, {
      atBoot: (who) => deviceSite(who)?.spentAtBoot ?? null,
      mayForget: (who) => isHurt(scenario, site(who).identity.index),
      newestDay: (who) => site(who).newestDay,
    }),
    new Doors(report, mayBeBehind),
    new Rebinds(report, isSealed),
    new Wire(report, { deviceOf, record }),
  ];
}

/** Its session; null: there is none, or its machine sleeps or does not run. */
function awakeDevice(site: DeviceSite | null): Device | null {
  return site?.machine.isAwake ? site.process.device : null;
}

function hasVersionsLeft(device: Device | null): boolean {
  return device !== null && device.ceiling - device.stateVersion > VERSIONS_KEPT;
}

/** Nothing goes wrong, no packet is lost, late or overtaken, and frames can be read. */
function isCalmRun({ options, faults }: Scenario): boolean {
  const links = options.devices.flatMap((device) => device.links);
  const isSteady = links.every(
    ({ jitterMs, lossPercent, duplicatePercent, reorderPercent, kbitPerSecond }) =>
      jitterMs + lossPercent + duplicatePercent + reorderPercent + kbitPerSecond === 0,
  );
  return isSteady && faults.length === 0 && options.primitives === 'fast';
}

/** Null: not the binding, and preferred to it: it is asked to prove itself. */
function cadenceOf(site: DeviceSite, transportId: number): Cadence | null {
  const activeId = site.process.device?.activeId ?? null;
  if (activeId === null) return null;
  const { liveness } = site.inForce;
  const [link, binding] = [site.rulesOf(transportId), site.rulesOf(activeId)];
  if (link === null || binding === null) return null;
  const isBinding = transportId === activeId;
  const isMetered = link.costClass === 'metered';
  if (!isBinding && link.preference < binding.preference) return null;
  const freeMs = isBinding ? liveness.heartbeatIdleMs : liveness.standbyProbeMs;
  const pauseMs = isMetered ? liveness.meteredStandbyProbeMs : freeMs;
  return { pauseMs, isMetered, isBinding, lingerMs: liveness.activeLingerMs };
}

/** What each hub that is awake does for one device. */
function seatsOf(hubs: readonly HubSite[], device: string): readonly SeatMoment[] {
  return hubs.flatMap(({ name: hubId, machine, process }) => {
    const seat = machine.isAwake ? process.seat(device) : null;
    if (seat === null) return [];
    const { record, route, accept, isOwner, isLeaseValid } = seat;
    const hasRoute = route !== null;
    const served = { hasRoute, acceptCount: accept.length, hasAnsweredProbe: false };
    return {
      ...{ hubId, device, isServing: isServing(served), isOwner, isLeaseValid },
      ...{ terminated: record?.terminated ?? null, transportId: route?.transportId ?? null },
    };
  });
}

/** A policy may change while a run goes on. */
function resendMaxAgeMs(): number {
  return Math.max(...POLICY_VARIANTS.map((variant) => policyOf(variant).resend.maxAgeMs));
}

function activeLingerMaxMs(): number {
  return Math.max(...POLICY_VARIANTS.map((variant) => policyOf(variant).liveness.activeLingerMs));
}

/** The channels that a device's process speaks in, or has just left. */
function channelsOf(site: DeviceSite | null): readonly number[] {
  const device = site?.process.device ?? null;
  if (device === null) return [];
  const { channel, nextChannel, formerChannelId } = device;
  return [channel?.channelId, nextChannel?.channelId, formerChannelId].flatMap((id) => id ?? []);
}

function hasFlashFault({ faults }: Scenario, index: number): boolean {
  return faults.some((fault) => fault.kind === 'flash' && fault.device === index);
}

/** Whether writes to flash may fail, what is durable may rot, or days may pass that nobody sees. */
function isHurt(scenario: Scenario, index: number): boolean {
  const isRot = scenario.faults.some(
    (fault) =>
      (fault.kind === 'deviceCrash' &&
        fault.device === index &&
        fault.flash !== 'keep' &&
        fault.flash !== 'torn') ||
      (fault.kind === 'wallStep' &&
        fault.machine.role === 'device' &&
        fault.machine.index === index),
  );
  return isRot || hasFlashFault(scenario, index);
}
