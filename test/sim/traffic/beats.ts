/**
 * When applications send: beats and pauses as the scenario says, then steadily while everybody comes back.
 *
 * @module
 */
import type { TrafficPlan } from '../options.ts';
import type { Simulation } from '../simulation.ts';
import type { DeviceSite } from '../site/deviceSite.ts';

const STEADY_MS = 500;
/** One beat in so many brings a packet with a source that is not the device's. */
const SPOOFED_EVERY = 10;
const STEADY: TrafficPlan = { gapMs: STEADY_MS, packets: 1, bytes: 120, pauseMs: 0 };

/** A packet that was sent in the last phase. */
export interface Probe {
  readonly site: DeviceSite;
  readonly isFromHub: boolean;
  readonly sequence: number;
  readonly atMs: number;
}

export class Beats {
  readonly #simulation: Simulation;
  #plan: TrafficPlan;
  #isOver = false;
  #beats = 0;
  /** Of the last phase, the newest last. */
  probes: Probe[] = [];

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#plan = simulation.scenario.options.traffic;
    if (this.#plan.gapMs > 0) this.#next(this.#plan.gapMs);
  }

  /** From here on steadily, and remembered. */
  becomeSteady(): void {
    this.#isOver = true;
    this.#plan = STEADY;
    const beat = () => {
      this.#beat(true);
      this.#simulation.world.after(STEADY_MS, beat);
    };
    beat();
  }

  #next(gapMs: number): void {
    const { world } = this.#simulation;
    world.after(gapMs, () => {
      if (this.#isOver) return;
      const { pauseMs } = this.#plan;
      const isPause = pauseMs > 0 && Math.floor(world.nowMs / pauseMs) % 2 === 1;
      if (!isPause) this.#beat(false);
      this.#next(this.#plan.gapMs);
    });
  }

  #beat(isRemembered: boolean): void {
    const { devices, hubs, applications, world } = this.#simulation;
    const { packets, bytes } = this.#plan;
    this.#beats += 1;
    const isSpoofed = this.#beats % SPOOFED_EVERY === 0;
    const remember = (site: DeviceSite, isFromHub: boolean, sequence: number | null) => {
      if (!isRemembered || sequence === null) return;
      this.probes.push({ site, isFromHub, sequence, atMs: world.nowMs });
    };
    for (const site of devices) {
      const { index } = site.identity;
      if (!site.machine.isAwake) continue;
      if (isSpoofed) applications.spoofed(index, site.origin, site.tun);
      for (let sent = 0; sent < packets; sent++) {
        remember(site, false, applications.fromDevice(index, site.origin, site.tun, bytes));
      }
      site.machine.wake();
    }
    for (const hub of hubs) {
      // What is behind a hub that sleeps does not know: its packets wait in the tun.
      if (!hub.machine.isRunning) continue;
      for (const site of devices) {
        if (site.isClone) continue;
        const { index } = site.identity;
        for (let sent = 0; sent < packets; sent++) {
          remember(site, true, applications.fromHub(index, hub.origin, hub.tun, bytes));
        }
      }
      hub.machine.wake();
    }
    if (isRemembered && this.probes.length > 400) this.probes = this.probes.slice(-200);
  }
}
