/**
 * Makes a fault happen; false where it changed nothing.
 *
 * @module
 */
import { unreachable } from '../../session/assert.ts';
import type { Fault, FaultBody, Machine as Named } from './fault.ts';
import type { Simulation } from './simulation.ts';
import type { DeviceSite } from './site/deviceSite.ts';
import type { HubSite } from './site/hubSite.ts';

/** A cut that waits for a write to flash comes without one after this. */
const WRITE_WAITED_MS = 8_000;

export function inflict(simulation: Simulation, fault: Fault): boolean {
  const { store, devices, hubs } = simulation;
  switch (fault.kind) {
    case 'link':
      return devices[fault.device]?.changeLink(fault.link, fault.change) ?? false;
    case 'deviceCrash':
      return crashDevice(simulation, fault);
    case 'hubCrash':
      return crashHub(simulation, fault);
    case 'flash':
      return devices[fault.device]?.changeFlash(fault.change) ?? false;
    case 'wallStep':
      return siteOf(simulation, fault.machine)?.machine.clock.stepWall(fault.byMs) ?? false;
    case 'drift':
      return siteOf(simulation, fault.machine)?.machine.clock.drift(fault.ppm) ?? false;
    case 'suspend':
      return siteOf(simulation, fault.machine)?.machine.suspend(fault.forMs) ?? false;
    case 'store':
      return store.change(fault.change);
    case 'storePartition':
      if (hubs[fault.hub] === undefined) return false;
      return store.partition(hubs[fault.hub]!.name, fault.isCut);
    case 'hubUplink': {
      const hub = hubs[fault.hub];
      if (hub === undefined || hub.isCut === fault.isCut) return false;
      hub.isCut = fault.isCut;
      return true;
    }
    case 'clone':
      return simulation.clone(fault.device, fault.downMs);
    case 'operatorTerminate':
      return simulation.operatorTerminate(fault.device);
    case 'sigterm':
      return sigterm(devices[fault.device], fault.downMs);
    case 'switchRequest': {
      const site = devices[fault.device];
      const link = site?.links[fault.link];
      if (site === undefined || link === undefined || !site.machine.isAwake) return false;
      simulation.observer.tell((watch) => watch.onAsked?.(site.name, link.plan.name));
      site.machine.act(() => site.process.rebind(link.plan.name));
      return true;
    }
    case 'revoke':
      return simulation.revoke(fault.device);
    case 'policy': {
      const site = siteOf(simulation, fault.machine);
      if (site === undefined || site.policy === fault.policy) return false;
      site.usePolicy(fault.policy);
      return true;
    }
    case 'policyReload': {
      const site = siteOf(simulation, fault.machine);
      if (fault.isPushed === true) return push(simulation, fault);
      return site?.reloadPolicy(fault.policy, fault.isOlder === true) ?? false;
    }
    case 'broker': {
      const broker = devices[fault.device]?.broker;
      if (broker === undefined || broker.isUp === fault.isUp) return false;
      broker.isUp = fault.isUp;
      return true;
    }
    default:
      return unreachable(fault);
  }
}

function push(
  { world, devices, observer }: Simulation,
  { machine, policy, ...fault }: FaultBody & { kind: 'policyReload' },
): boolean {
  const isEarly = fault.isEarly === true;
  const site = devices[machine.index];
  if (site === undefined || !site.machine.isAwake) return false;
  const pushed = { who: site.name, version: site.policies.next, isEarly };
  observer.tell((watch) => watch.onPushed?.({ ...pushed, atMs: world.nowMs }));
  return site.push(policy, isEarly);
}

function siteOf({ devices, hubs }: Simulation, { role, index }: Named) {
  return role === 'device' ? devices[index] : hubs[index];
}

function crash(
  { world }: Simulation,
  site: DeviceSite | HubSite | undefined,
  afterCalls: number,
  downMs: number,
): boolean {
  if (site === undefined || !site.machine.isRunning) return false;
  const { machine } = site;
  if (afterCalls === 0) machine.crash(downMs);
  else {
    machine.downMs = downMs;
    machine.fuse.blowAfter(afterCalls);
    // A machine that does nothing meanwhile dies all the same.
    const life = machine.life;
    world.after(WRITE_WAITED_MS, () => {
      if (machine.life === life && machine.isRunning && machine.fuse.isPlanned)
        machine.crash(downMs);
    });
  }
  return true;
}

function crashHub(simulation: Simulation, fault: Extract<Fault, { kind: 'hubCrash' }>): boolean {
  const site = simulation.hubs[fault.hub];
  if (site === undefined || !site.machine.isRunning) return false;
  if (fault.power === true) {
    site.machine.onceDead = () => {
      simulation.observer.seen.moment('hub loses power');
      site.cutPower();
    };
  }
  return crash(simulation, site, fault.afterCalls, fault.downMs);
}

function crashDevice(simulation: Simulation, fault: Extract<Fault, { kind: 'deviceCrash' }>) {
  const site = simulation.devices[fault.device];
  if (site === undefined || !site.machine.isRunning) return false;
  const { machine } = site;
  if (fault.flash === 'keep') return crash(simulation, site, fault.afterCalls, fault.downMs);
  machine.onceDead = () => {
    const { flash, spendingFlash, pushFlash } = site;
    const { wholeSlots, isPending } = flash;
    site.cutPower();
    // A cut alone takes no more than the slot it interrupts, and one slot that rots is not the other.
    const isTooMuch = fault.flash === 'rotBoth' || fault.flash === 'wiped';
    const mustSurvive = wholeSlots > 0 && !isTooMuch && (fault.flash === 'torn' || !isPending);
    if (fault.flash === 'rotOne' || fault.flash === 'rotBoth') flash.rot(simulation.pickSlot());
    if (fault.flash === 'rotBoth') for (const slot of [0, 1] as const) flash.rot(slot);
    if (fault.flash === 'rotBoth') for (const slot of [0, 1] as const) spendingFlash.rot(slot);
    if (fault.flash === 'wiped') for (const one of [flash, spendingFlash, pushFlash]) one.wipe();
    if (mustSurvive && flash.wholeSlots === 0) {
      simulation.observer.report(
        'I4',
        'flashSurvives',
        `${site.name}: one power cut takes both slots`,
      );
    }
  };
  if (fault.flash !== 'torn') return crash(simulation, site, fault.afterCalls, fault.downMs);
  machine.downMs = fault.downMs;
  machine.fuse.blowInWrite();
  const { life } = machine;
  simulation.world.after(WRITE_WAITED_MS, () => {
    if (machine.life === life && machine.isRunning && machine.fuse.isPlanned)
      machine.crash(fault.downMs);
  });
  return true;
}

function sigterm(site: DeviceSite | undefined, downMs: number): boolean {
  if (site === undefined || !site.machine.isAwake) return false;
  site.machine.downMs = downMs;
  site.machine.act(() => site.process.sigterm());
  return true;
}
