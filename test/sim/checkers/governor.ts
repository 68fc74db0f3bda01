/**
 * I7 at the device, by its own policy: its cap, its cooldown, its hold-down and what an operator holds, over one process.
 *
 * Told from its events alone. The hub's cap is judged where the store changes (`records.ts`).
 *
 * @module
 */
import { HoldWatch, SwitchWatch } from '../../../session/invariants/boundedSwitching.ts';
import type { Report, Said, Watch } from './watch.ts';

export interface Governed {
  readonly maxSwitchesPerMinute: number;
  readonly cooldownMs: number;
  readonly failbackStableMs: number;
}

interface Process {
  rules: Governed;
  readonly switches: SwitchWatch;
  readonly hold: HoldWatch;
  /** A claim was opened that has not been followed by a switch or another claim. */
  hasOpenClaim: boolean;
  /** That claim was opened under another policy, which allowed so many. */
  capAtClaim: number | null;
  switchedAtMs: number | null;
  /** By transport: when it last was lost, or came. */
  readonly changedAtMs: Map<unknown, number>;
}

/** Clocks are fractions of milliseconds. */
const ROUNDING_MS = 0.001;
/** What ends a binding while its link answers: the hold-down goes on (docs/protocol.md, "Choosing and bounding"). */
const LINK_ANSWERED: readonly string[] = ['binding_lost', 'channel_expired'];

export class Governor implements Watch {
  readonly #report: Report;
  readonly #rulesOf: (who: string) => Governed;
  readonly #processes = new Map<string, Process>();

  constructor(report: Report, rulesOf: (who: string) => Governed) {
    this.#report = report;
    this.#rulesOf = rulesOf;
  }

  onSaid({ who, role, event }: Said): void {
    if (role !== 'device') return;
    const process = this.#of(who);
    const { atMs, reasonCode, detail } = event;
    const { transportId, purpose } = detail;
    const isLoss = event.to === 'RECOVERING' && !LINK_ANSWERED.includes(reasonCode);
    // Under another address it is the same link, and answers on.
    const isOther = reasonCode === 'link_changed' && detail['why'] !== 'address_changed';
    if (isOther || isLoss) {
      process.changedAtMs.set(transportId, atMs);
    }
    if (event.event === 'notice' && reasonCode === 'policy_applied') this.#follow(process, who);
    if (event.event === 'claim') {
      process.hasOpenClaim = true;
      process.capAtClaim = null;
    }
    if (event.event === 'switch') {
      process.switchedAtMs = atMs;
      const cap = process.capAtClaim ?? process.rules.maxSwitchesPerMinute;
      this.#report('ownCap', who, process.switches.switched(atMs, cap));
      process.hasOpenClaim = false;
      process.capAtClaim = null;
    }
    this.#report('ownHold', who, process.hold.see(event));
    const isVoluntary = purpose === 'planned' || purpose === 'quality';
    if (event.event !== 'claim' || !isVoluntary) return;
    const calmMs = atMs - (process.switchedAtMs ?? Number.NEGATIVE_INFINITY);
    const isHasty = calmMs + ROUNDING_MS < process.rules.cooldownMs;
    const hasty = `I7: ${reasonCode} ${Math.round(calmMs)} ms after a switch`;
    this.#report('ownCooldown', who, isHasty ? hasty : null);
    if (reasonCode !== 'failback') return;
    const stableMs = atMs - (process.changedAtMs.get(transportId) ?? Number.NEGATIVE_INFINITY);
    const isUnproven = stableMs + ROUNDING_MS < process.rules.failbackStableMs;
    const unproven = `I7: failback to T${transportId}, stable for ${Math.round(stableMs)} ms`;
    this.#report('ownHoldDown', who, isUnproven ? unproven : null);
  }

  /** What was claimed before may still be granted; what is claimed from here on follows the new policy. */
  #follow(process: Process, who: string): void {
    const { maxSwitchesPerMinute } = process.rules;
    if (process.hasOpenClaim) process.capAtClaim ??= maxSwitchesPerMinute;
    process.rules = this.#rulesOf(who);
  }

  onDeath(who: string): void {
    this.#processes.delete(who);
  }

  #of(who: string): Process {
    const known = this.#processes.get(who);
    if (known !== undefined) return known;
    const rules = this.#rulesOf(who);
    const process: Process = {
      rules,
      switches: new SwitchWatch(rules.maxSwitchesPerMinute),
      hold: new HoldWatch(),
      hasOpenClaim: false,
      capAtClaim: null,
      switchedAtMs: null,
      changedAtMs: new Map(),
    };
    this.#processes.set(who, process);
    return process;
  }
}
