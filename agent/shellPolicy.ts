/**
 * Which policy the core follows: the one in force for good, or another one on trial, which moves no bound of what runs.
 *
 * Source: docs/push.md, "A policy on trial".
 *
 * @module
 */
import type { DeviceEvent } from '../session/device/event.ts';
import type { DeviceConfig } from '../session/device/limits.ts';
import type { Device } from '../session/device/state.ts';
import { withBoundsOf } from './deviceConfig.ts';
import type { ToTunnel, TunnelRules } from './messages.ts';
import { Trial } from './proven.ts';

export class ShellPolicy {
  readonly #configOf: (rules: TunnelRules) => DeviceConfig;
  #kept: TunnelRules;
  #config: DeviceConfig;
  #trial: Trial | null = null;

  constructor(rules: TunnelRules, configOf: (rules: TunnelRules) => DeviceConfig) {
    this.#configOf = configOf;
    this.#kept = rules;
    this.#config = configOf(rules);
  }

  get config(): DeviceConfig {
    return this.#config;
  }

  /** Null: the policy in force is not on trial, as far as a message said. */
  get trial(): Trial | null {
    return this.#trial;
  }

  /** Already durable; from here on the core follows it. What it has to be told. */
  use(
    { version, name, rules, trialHoldMs }: Extract<ToTunnel, { kind: 'policy' }>,
    device: Device,
    atMs: number,
  ): DeviceEvent {
    const isOnTrial = trialHoldMs !== undefined;
    if (!isOnTrial) this.#kept = rules;
    this.#config = this.#configOf(withBoundsOf(rules, this.#kept));
    if (!isOnTrial) this.#trial = null;
    // An emergency may tighten a policy on trial: still the same trial.
    else if (this.#trial?.version !== version)
      this.#trial = new Trial(version, trialHoldMs, device);
    return { kind: 'policy', atMs, version, name, ...(isOnTrial ? { isOnTrial } : {}) };
  }

  /** After each step of the core. The version that has proven itself, once; otherwise null. */
  proven(device: Device): number | null {
    const trial = this.#trial;
    return trial?.see(device, this.#config) === true ? trial.version : null;
  }
}
