/**
 * One seed: chaos in which only safety is checked, then everything heals, and the session must come back.
 *
 * Seed and commit replay a run exactly. The log keeps the newest lines for a failure's report.
 *
 * @module
 */
import { tunnelRules } from '../../agent/rules.ts';
import { hubRules } from '../../hub/rules.ts';
import { linkRules } from '../../policies/links.ts';
import { loadPolicy } from '../../policies/load.ts';
import type { Policy } from '../../policies/schema.ts';
import type { DeviceConfig } from '../../session/device/limits.ts';
import type { SeatLimits } from '../../session/hub/limits.ts';
import { Checkers } from './checkers.ts';
import { DeviceProcess } from './deviceProcess.ts';
import { HubProcess } from './hubProcess.ts';
import { Network } from './network.ts';
import { drawOptions, type Options } from './options.ts';
import { Random } from './random.ts';
import { World } from './world.ts';

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

export interface Outcome {
  readonly options: Options;
  readonly violations: readonly string[];
  readonly isAttached: boolean;
  readonly happenings: number;
  readonly commits: number;
  readonly simulatedMs: number;
  readonly log: readonly string[];
  /** The same for every run of this seed and commit. */
  readonly digest: string;
}

/** @param isForgetful break the device on purpose: the checkers have to notice. */
export function run(seed: number, isForgetful = false): Outcome {
  const options = drawOptions(seed);
  const random = new Random(seed ^ 0x5eed);
  const world = new World();
  const checkers = new Checkers(DEVICE_CONFIG.limits.recoveryWindowMs);
  const log: string[] = [];
  let digest = 0;
  const say = (line: string) => {
    const text = `${world.nowMs.toFixed(0).padStart(8)} ${line}`;
    for (let at = 0; at < text.length; at++)
      digest = (Math.imul(digest, 31) + text.charCodeAt(at)) >>> 0;
    log.push(text);
    if (log.length > LOG_MAX) log.shift();
  };

  const hub = new HubProcess(world, random, options, HUB_LIMITS, say);
  hub.onCommit = (before, after) => {
    checkers.onCommit(before, after);
    say(
      `commit v${after.stateVersion} T${after.transportId} rev ${after.revision} epoch ${after.ownerEpoch} ${after.terminated ?? ''}`,
    );
  };
  hub.onEffect = (effect) => {
    if (effect.kind === 'report' && effect.event.event !== 'notice')
      say(
        `hub ${effect.event.event} ${effect.event.from ?? ''}→${effect.event.to ?? ''} ${effect.event.reasonCode}`,
      );
  };

  const devices: DeviceProcess[] = [];
  const addDevice = (name: string) => {
    const network = new Network(world, random, options);
    const process = new DeviceProcess({
      name,
      world,
      random,
      options,
      network,
      hub,
      config: DEVICE_CONFIG,
      log: say,
    });
    let newest = '';
    process.onBoot = () => checkers.onBoot(process);
    process.onEffect = (effect) => {
      if (effect.kind === 'report') {
        checkers.onReport(process, effect.event);
        if (effect.event.event !== 'notice')
          say(
            `${name} ${effect.event.event} ${effect.event.from ?? ''}→${effect.event.to ?? ''} ${effect.event.reasonCode} v${effect.event.stateVersion}`,
          );
      }
      if (
        effect.kind !== 'send' ||
        (effect.frame.type !== 'attach' && effect.frame.type !== 'reattach')
      )
        return;
      const { stateVersion, nonce } = effect.frame.claim;
      checkers.onClaim(process, stateVersion, nonce, nonce === newest);
      newest = nonce;
    };
    devices.push(process);
    return process;
  };
  const device = addDevice('device');
  device.isForgetful = isForgetful;
  const always = () => checkers.always(devices, hub, world.nowMs);

  try {
    device.boot();
    schedule(world, random, options, devices, hub, checkers, addDevice);
    traffic(world, devices, options.chaosMs + CALM_CLONE_MS);
    world.runUntil(options.chaosMs, always);
    say('everything heals');
    for (const process of devices) {
      process.network.heal();
      process.heal();
      if (!process.isRunning) process.boot();
      process.tellLinks();
    }
    hub.heal();
    const endMs = options.chaosMs + (options.hasClone ? CALM_CLONE_MS : CALM_MS);
    for (let atMs = world.nowMs; atMs < endMs; atMs += 1_000) {
      world.runUntil(atMs + 1_000, always);
      if (isSettled(devices, hub) && !options.hasClone) break;
    }
  } catch (error) {
    checkers.violations.push(
      error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    );
  }
  return {
    options,
    violations: checkers.violations,
    isAttached: isSettled(devices, hub),
    happenings: world.happenings,
    commits: checkers.commits,
    simulatedMs: world.nowMs,
    log,
    digest: digest.toString(16),
  };
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

function schedule(
  world: World,
  random: Random,
  options: Options,
  devices: DeviceProcess[],
  hub: HubProcess,
  checkers: Checkers,
  addDevice: (name: string) => DeviceProcess,
): void {
  const sometime = () => random.between(1_000, options.chaosMs);
  const [device] = devices;
  if (device === undefined) return;
  for (let atMs = 3_000; atMs < options.chaosMs; atMs += random.between(500, 15_000)) {
    world.after(atMs, () => {
      const process = devices[random.below(devices.length)]!;
      if (!process.network.isCalm && process.network.disturb()) process.tellLinks();
    });
  }
  for (let crash = 0; crash < options.deviceCrashes; crash++)
    world.after(sometime(), () => device.crash());
  for (let crash = 0; crash < options.hubCrashes; crash++)
    world.after(sometime(), () => hub.crash());
  if (options.losesFlash) {
    world.after(sometime(), () => {
      device.crash();
      device.flash = null;
      checkers.onFlashLost(device);
    });
  }
  if (options.hasOperator) {
    world.after(sometime(), () => {
      if (hub.isRunning && hub.record !== null)
        hub.feed({
          kind: 'operatorTerminate',
          atMs: world.nowMs,
          reasonCode: 'operator_terminated',
        });
    });
  }
  if (options.hasClone) {
    world.after(sometime(), () => {
      const copy = addDevice('clone');
      copy.flash = device.flash;
      world.after(random.below(20_000), () => {
        if (!copy.isRunning) copy.boot();
      });
    });
  }
}

function traffic(world: World, devices: readonly DeviceProcess[], untilMs: number): void {
  const beat = () => {
    for (const process of devices) process.sendData();
    if (world.nowMs < untilMs) world.after(500, beat);
  };
  world.after(500, beat);
}
