/**
 * One seed: chaos in which only safety is checked, then everything heals, and the session must come back.
 *
 * Seed and commit replay a run exactly. The log keeps the newest lines for a failure's report.
 *
 * @module
 */
import { tunnelRules } from '../../../agent/rules.ts';
import { hubRules } from '../../../hub/rules.ts';
import { linkRules } from '../../../policies/links.ts';
import { loadPolicy } from '../../../policies/load.ts';
import type { Policy } from '../../../policies/schema.ts';
import type { DeviceConfig } from '../../../session/device/limits.ts';
import type { SeatLimits } from '../../../session/hub/limits.ts';
import type { Canary } from '../canary.ts';
import type { Fault } from '../fault.ts';
import type { InvariantId, Outcome, TraceLine, Violation } from '../outcome.ts';
import { Random } from '../random.ts';
import type { Scenario } from '../scenario.ts';
import { World } from '../world.ts';
import { Checkers } from './checkers.ts';
import { DeviceProcess } from './deviceProcess.ts';
import { HubProcess } from './hubProcess.ts';
import { Network } from './network.ts';
import type { Options } from './options.ts';

/** After healing: the longest wait is an identity conflict's ten minutes, then a session's birth. */
const CALM_MS = 120_000;
const CALM_CLONE_MS = 1_500_000;
const LOG_MAX = 400;

const POLICY = defaultPolicy();

/** The default policy, with hold-downs that a run of a few minutes can see the end of. */
const DEVICE_CONFIG: DeviceConfig = {
  device: 'device-a',
  ciphers: ['aes-256-gcm', 'chacha20-poly1305'],
  mtuMaxBytes: 1_440,
  limits: { ...tunnelRules(POLICY, []).limits, failbackStableMs: 10_000, penaltyMaxMs: 60_000 },
  linkPolicy: (name, kind) => {
    const { preference, costClass } = linkRules(POLICY.links, name, kind);
    return { preference, cost: costClass };
  },
};

const HUB_LIMITS: SeatLimits = hubRules(POLICY).limits;

function defaultPolicy(): Policy {
  const loaded = loadPolicy({});
  if (!loaded.ok) throw new Error('the default policy does not load');
  return loaded.policy;
}

/** STAND-IN until the real shells run here: the core with stand-in channels, one device, one hub. */
export function run(scenario: Scenario, extra: { trace?: boolean; canary?: Canary } = {}): Outcome {
  const { seed, options: plan } = scenario;
  const options = optionsOf(scenario);
  const random = new Random(seed ^ 0x5eed);
  const world = new World();
  const checkers = new Checkers(DEVICE_CONFIG.limits.recoveryWindowMs);
  const trace: TraceLine[] = [];
  let digest = 0;
  const say = (line: string) => {
    const text = `${world.nowMs.toFixed(0).padStart(8)} ${line}`;
    for (let at = 0; at < text.length; at++)
      digest = (Math.imul(digest, 31) + text.charCodeAt(at)) >>> 0;
    const [who = ''] = line.split(' ');
    trace.push({ kind: 'note', atMs: world.nowMs, who, text: line.slice(who.length + 1) });
    if (extra.trace !== true && trace.length > LOG_MAX) trace.shift();
  };

  const hub = new HubProcess(world, random, options, HUB_LIMITS, say);
  hub.onCommit = (before, after) => {
    checkers.onCommit(before, after);
    say(
      `hub-0 commit v${after.stateVersion} T${after.transportId} rev ${after.revision} epoch ${after.ownerEpoch} ${after.terminated ?? ''}`,
    );
  };
  const devices: DeviceProcess[] = [];
  const addDevice = (name: string) => {
    const network = new Network(world, random, options);
    const parts = { name, world, random, options, network, hub, config: DEVICE_CONFIG, log: say };
    const process = new DeviceProcess(parts);
    let newest = '';
    process.onBoot = () => checkers.onBoot(process);
    process.onEffect = (effect) => {
      if (effect.kind === 'report') {
        checkers.onReport(process, effect.event);
        const { event, from, to, reasonCode, stateVersion } = effect.event;
        if (event !== 'notice')
          say(`${name} ${event} ${from ?? ''}→${to ?? ''} ${reasonCode} v${stateVersion}`);
      }
      if (effect.kind !== 'send') return;
      if (effect.frame.type !== 'attach' && effect.frame.type !== 'reattach') return;
      const { stateVersion, nonce } = effect.frame.claim;
      checkers.onClaim(process, stateVersion, nonce, nonce === newest);
      newest = nonce;
    };
    devices.push(process);
    return process;
  };
  const device = addDevice('device-0');
  device.isForgetful = extra.canary === 'forgetfulFlash';
  const always = () => checkers.always(devices, hub, world.nowMs);
  const faults: Record<string, number> = {};
  const hasClone = scenario.faults.some(({ kind }) => kind === 'clone');

  try {
    device.boot();
    for (const fault of scenario.faults) {
      world.after(fault.atMs, () => {
        if (!inflict(fault, device, hub, addDevice, checkers)) return;
        faults[fault.kind] = (faults[fault.kind] ?? 0) + 1;
        say(`world ${JSON.stringify(fault)}`);
      });
    }
    traffic(world, devices, plan.chaosMs + CALM_CLONE_MS);
    world.runUntil(plan.chaosMs, always);
    say('world everything heals');
    for (const process of devices) {
      process.network.heal();
      process.heal();
      if (!process.isRunning) process.boot();
      process.tellLinks();
    }
    hub.heal();
    const endMs = plan.chaosMs + (hasClone ? CALM_CLONE_MS : CALM_MS);
    for (let atMs = world.nowMs; atMs < endMs; atMs += 1_000) {
      world.runUntil(atMs + 1_000, always);
      if (isSettled(devices, hub) && !hasClone) break;
    }
    if (!isSettled(devices, hub))
      checkers.violations.push('liveness: the session does not come back');
  } catch (error) {
    checkers.violations.push(`crash: ${error instanceof Error ? error.message : String(error)}`);
  }
  const violations = checkers.violations.map((line): Violation => {
    const [id = '', sentence = line] = line.split(/: (.*)/s);
    return { invariant: id as InvariantId, checker: id, sentence, atMs: world.nowMs };
  });
  return {
    scenario,
    violations,
    simulatedMs: world.nowMs,
    events: world.happenings,
    commits: checkers.commits,
    delivered: 0,
    coverage: { faults, fates: {}, states: {}, reasons: {}, moments: {} },
    hash: digest.toString(16),
    trace,
  };
}

function optionsOf({ seed, options, faults }: Scenario): Options {
  const link = options.devices[0]!.links[0]!;
  return {
    seed,
    links: options.devices[0]!.links.map(({ kind }) => kind as 'ethernet' | 'wifi' | 'lte'),
    lossPercentMax: link.lossPercent,
    duplicatePercent: link.duplicatePercent,
    delayMaxMs: Math.max(2, link.delayMs),
    hasCarrierLoss: false,
    hasSilence: false,
    hasOneWay: false,
    hasRebind: false,
    hasMtuChanges: false,
    deviceCrashes: 0,
    hubCrashes: 0,
    unknownStorePercent: faults.some(({ kind }) => kind === 'store') ? 20 : 0,
    failedWritePercent: faults.some(({ kind }) => kind === 'flash') ? 20 : 0,
    losesFlash: false,
    hasClone: false,
    hasOperator: false,
    chaosMs: options.chaosMs,
  };
}

function inflict(
  fault: Fault,
  device: DeviceProcess,
  hub: HubProcess,
  addDevice: (name: string) => DeviceProcess,
  checkers: Checkers,
): boolean {
  const { kind } = fault;
  if (kind === 'link') {
    const link = fault.device === 0 ? device.network.links[fault.link] : undefined;
    if (link === undefined) return false;
    const { carrier, silent, outCut, inCut, lossPercent, mtuBytes, rebind } = fault.change;
    if (carrier !== undefined) link.hasCarrier = carrier;
    if (silent !== undefined) link.isSilent = silent;
    if (outCut !== undefined) link.isOutCut = outCut;
    if (inCut !== undefined) link.isInCut = inCut;
    if (lossPercent !== undefined) link.lossPercent = lossPercent;
    if (mtuBytes !== undefined) link.mtuBytes = mtuBytes;
    if (rebind) link.port += 1;
    device.tellLinks();
    return true;
  }
  if (kind === 'deviceCrash' && fault.device === 0) {
    device.crash();
    if (fault.flash === 'wiped') {
      device.flash = null;
      checkers.onFlashLost(device);
    }
    return true;
  }
  if (kind === 'hubCrash' && fault.hub === 0) {
    hub.crash();
    return true;
  }
  if (kind === 'clone' && fault.device === 0) {
    const copy = addDevice('device-0-clone');
    copy.flash = device.flash;
    copy.boot();
    return true;
  }
  return false;
}

/** Exactly one process is attached, and the hub sends to it over the very same transport, no more than fits. */
function isSettled(devices: readonly DeviceProcess[], hub: HubProcess): boolean {
  const attached = devices.filter(({ isRunning, device }) => isRunning && device.activeId !== null);
  const [only] = attached;
  return (
    attached.length === 1 &&
    only !== undefined &&
    hub.isRunning &&
    hub.route !== null &&
    hub.route.transportId === only.device.activeId &&
    hub.route.mtuBytes === only.device.mtuBytes
  );
}

function traffic(world: World, devices: readonly DeviceProcess[], untilMs: number): void {
  const beat = () => {
    for (const process of devices) process.sendData();
    if (world.nowMs < untilMs) world.after(500, beat);
  };
  world.after(500, beat);
}
