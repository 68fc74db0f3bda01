/**
 * What a scenario may be made simpler by, besides leaving faults out: machines, links, and what they are like.
 *
 * Each step gives another scenario, or null where there is nothing left to simplify.
 *
 * @module
 */
import type { Fault } from '../fault.ts';
import type { DevicePlan, LinkPlan, Options } from '../options.ts';
import type { Scenario } from '../scenario.ts';

export type Simpler = (scenario: Scenario) => Scenario | null;

const CALM_LINK = {
  delayMs: 5,
  jitterMs: 0,
  lossPercent: 0,
  duplicatePercent: 0,
  reorderPercent: 0,
  kbitPerSecond: 0,
  mtuBytes: 1_500,
} as const satisfies Partial<LinkPlan>;

const CHAOS_MIN_MS = 5_000;

/** All that can be tried on `scenario`, what takes most away first; null where that is so already. */
export function simplerOnes(scenario: Scenario): (Scenario | null)[] {
  return stepsFor(scenario).map((step) => step(scenario));
}

function stepsFor({ options }: Scenario): Simpler[] {
  const { devices, hubs } = options;
  return [
    (scenario) => without(scenario, { policy: 'quick' }),
    (scenario) => without(scenario, { primitives: 'fast' }),
    ...devices.map((_, at) => (scenario: Scenario) => withoutDevice(scenario, at)),
    ...hubs.map((_, at) => (scenario: Scenario) => withoutHub(scenario, at)),
    ...devices.flatMap(({ links }, at) =>
      links.map((_, link) => (scenario: Scenario) => withoutLink(scenario, at, link)),
    ),
    ...devices.flatMap((_, at) => calmerDevice(at)),
    ...hubs.map(
      (_, at) => (scenario: Scenario) =>
        withHub(scenario, at, { addresses: 1, clock: { ...hubs[at]!.clock, driftPpm: 0 } }),
    ),
    (scenario) => without(scenario, { storeDelayMs: 1 }),
    (scenario) => without(scenario, { flashWriteMs: 1 }),
    (scenario) => without(scenario, { traffic: { ...options.traffic, gapMs: 0 } }),
    (scenario) => without(scenario, { traffic: { ...options.traffic, pauseMs: 0 } }),
    (scenario) => without(scenario, { traffic: { ...options.traffic, packets: 1, bytes: 64 } }),
    (scenario) => shorter(scenario, options.chaosMs / 2),
    (scenario) => shorter(scenario, options.chaosMs * 0.8),
  ];
}

/** `change`, or null where all of it is so already. */
function without(scenario: Scenario, change: Partial<Options>): Scenario | null {
  const options = { ...scenario.options, ...change };
  return isSame(options, scenario.options) ? null : { ...scenario, options };
}

/** Chaos ends at `chaosMs`: later faults go with it. */
export function shorter(scenario: Scenario, chaosMs: number): Scenario | null {
  const endMs = Math.max(CHAOS_MIN_MS, Math.ceil(chaosMs));
  if (endMs >= scenario.options.chaosMs) return null;
  return {
    ...scenario,
    options: { ...scenario.options, chaosMs: endMs },
    faults: scenario.faults.filter(({ atMs }) => atMs <= endMs),
  };
}

function calmerDevice(at: number): Simpler[] {
  const withDevice =
    (change: (device: DevicePlan) => DevicePlan): Simpler =>
    (scenario) =>
      without(scenario, {
        devices: scenario.options.devices.map((device, index) =>
          index === at ? change(device) : device,
        ),
      });
  const withLinks = (change: Partial<LinkPlan>) =>
    withDevice((device) => ({
      ...device,
      links: device.links.map((link) => ({ ...link, ...change })),
    }));
  const singly = Object.entries(CALM_LINK).map(([name, value]) => withLinks({ [name]: value }));
  const withoutDrift = withDevice(({ links, clock }) => ({
    links,
    clock: { ...clock, driftPpm: 0 },
  }));
  return [withLinks(CALM_LINK), ...singly, withoutDrift];
}

function withHub(
  scenario: Scenario,
  at: number,
  change: Partial<Options['hubs'][number]>,
): Scenario | null {
  return without(scenario, {
    hubs: scenario.options.hubs.map((hub, index) => (index === at ? { ...hub, ...change } : hub)),
  });
}

function withoutDevice(scenario: Scenario, gone: number): Scenario | null {
  const { devices } = scenario.options;
  if (devices.length === 1) return null;
  return {
    ...scenario,
    options: { ...scenario.options, devices: devices.filter((_, at) => at !== gone) },
    faults: keep(scenario.faults, (fault) => renumbered(fault, 'device', gone)),
  };
}

function withoutHub(scenario: Scenario, gone: number): Scenario | null {
  const { hubs } = scenario.options;
  if (hubs.length === 1) return null;
  return {
    ...scenario,
    options: { ...scenario.options, hubs: hubs.filter((_, at) => at !== gone) },
    faults: keep(scenario.faults, (fault) => renumbered(fault, 'hub', gone)),
  };
}

function withoutLink(scenario: Scenario, device: number, gone: number): Scenario | null {
  const links = scenario.options.devices[device]?.links ?? [];
  // Where nothing may be lost there is another link.
  const least = scenario.options.losesNothing === true ? 2 : 1;
  if (links.length <= least) return null;
  return {
    ...scenario,
    options: {
      ...scenario.options,
      devices: scenario.options.devices.map((plan, at) =>
        at === device ? { ...plan, links: links.filter((_, link) => link !== gone) } : plan,
      ),
    },
    faults: keep(scenario.faults, (fault) => {
      if (!('link' in fault) || fault.device !== device || fault.link < gone) return fault;
      return fault.link === gone ? null : { ...fault, link: fault.link - 1 };
    }),
  };
}

/** The fault as it reads when machine `gone` is no more; null where it was about that one. */
function renumbered(fault: Fault, role: 'device' | 'hub', gone: number): Fault | null {
  const next = (index: number) => (index > gone ? index - 1 : index);
  if ('machine' in fault) {
    if (fault.machine.role !== role) return fault;
    if (fault.machine.index === gone) return null;
    return { ...fault, machine: { role, index: next(fault.machine.index) } };
  }
  if (role === 'device' && 'device' in fault) {
    return fault.device === gone ? null : { ...fault, device: next(fault.device) };
  }
  if (role === 'hub' && 'hub' in fault) {
    return fault.hub === gone ? null : { ...fault, hub: next(fault.hub) };
  }
  return fault;
}

function keep(faults: readonly Fault[], change: (fault: Fault) => Fault | null): Fault[] {
  return faults.map(change).filter((fault) => fault !== null);
}

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
