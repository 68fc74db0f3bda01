/**
 * I7 bounded-switching: never more than max_switches_per_minute in any 60 s; no oscillation between two links beyond
 * the penalty.
 *
 * A switch is a committed change of transport; a reattach on the same one is none. A link that failed is not gone back
 * to by plan or for quality before its penalty is over; recovery may try it, and an operator may order it. Where an
 * operator's rebind made the binding, failback does not leave it.
 *
 * Source: docs/protocol.md, "Choosing and bounding". Asserted by both daemons after each step.
 *
 * @module
 */
import { isRestart, type WatchedEvent } from './watchedEvent.ts';

const MINUTE_MS = 60_000;

/** What is wrong with switches at `switchedAtMs` (ascending) under a cap of `switchesMax`, or null. */
export function excessSwitching(
  switchedAtMs: readonly number[],
  switchesMax: number,
): string | null {
  for (const [index, atMs] of switchedAtMs.entries()) {
    const within = switchedAtMs.slice(index).filter((other) => other - atMs < MINUTE_MS).length;
    if (within > switchesMax)
      return `I7: ${within} switches in 60 s from ${atMs}, cap ${switchesMax}`;
  }
  return null;
}

export interface Return {
  readonly purpose: unknown;
  /** Why the switch is wanted; `operator_rebind` may go anywhere. */
  readonly reasonCode: string;
  readonly nowMs: number;
  /** Until when the target's failures count against it. */
  readonly penaltyUntilMs: number;
}

/** What is wrong with claiming a link that failed, or null. */
export function earlyReturn({ purpose, reasonCode, nowMs, penaltyUntilMs }: Return): string | null {
  const isVoluntary = purpose === 'planned' || purpose === 'quality';
  if (!isVoluntary || reasonCode === 'operator_rebind' || penaltyUntilMs <= nowMs) return null;
  return `I7: ${reasonCode} goes back to a link ${Math.ceil(penaltyUntilMs - nowMs)} ms before its penalty ends`;
}

/** What is wrong with claiming another link for this reason, or null. */
export function leftHold(reasonCode: string, isHeld: boolean): string | null {
  if (!isHeld || reasonCode !== 'failback') return null;
  return 'I7: failback leaves a binding that an operator holds';
}

/**
 * What an operator holds at one device, from its own events: from the switch that a rebind led to until the binding is
 * another one, or none.
 */
export class HoldWatch {
  #heldId: unknown = null;

  see(event: WatchedEvent): string | null {
    const { reasonCode, detail, to } = event;
    const { transportId, trigger } = detail;
    if (isRestart(event, 'agent_restarted') || to === 'RECOVERING' || to === 'TERMINATED')
      this.#heldId = null;
    if (event.event === 'switch' && transportId !== this.#heldId) this.#heldId = null;
    const isGranted = event.event === 'transition' && trigger === 'reattach_accepted';
    if (isGranted && reasonCode === 'operator_rebind') this.#heldId = transportId;
    return event.event === 'claim' ? leftHold(reasonCode, this.#heldId !== null) : null;
  }
}

/** The switches of one session as one writer tells them. */
export class SwitchWatch {
  readonly #switchesMax: number;
  #atMs: readonly number[] = [];

  constructor(switchesMax: number) {
    this.#switchesMax = switchesMax;
  }

  /** @param switchesMax in 60 s, where it is not that of the beginning; infinite: the switch counts and is not judged. */
  switched(atMs: number, switchesMax = this.#switchesMax): string | null {
    // A clock that went back was a reboot: the minute begins anew.
    const isReboot = atMs < (this.#atMs.at(-1) ?? atMs);
    const recent = isReboot ? [] : this.#atMs.filter((other) => atMs - other < MINUTE_MS);
    this.#atMs = [...recent, atMs];
    return excessSwitching(this.#atMs, switchesMax);
  }
}

/** What a first failure costs, and how long a link is good until its flaps are forgotten (docs/protocol.md, "Choosing and bounding"). */
const PENALTY_MIN_MS = 5_000;
const FORGIVEN_AFTER_MS = 600_000;
/** Losses that say nothing against the transport. */
const UNSUSPICIOUS = ['binding_lost', 'channel_expired'];

/**
 * The failures of one device's links, from its own events. It counts those that events tell of, so the device may be
 * stricter than this, and never looser.
 */
export class OscillationWatch {
  readonly #penaltyMaxMs: number;
  readonly #links = new Map<unknown, { flaps: number; penaltyUntilMs: number }>();
  #judged = 0;

  constructor(penaltyMaxMs: number) {
    this.#penaltyMaxMs = penaltyMaxMs;
  }

  /** How many voluntary claims were looked at. */
  get judged(): number {
    return this.#judged;
  }

  see(event: WatchedEvent): string | null {
    const { reasonCode, detail, atMs } = event;
    const { transportId, purpose } = detail;
    // A process that begins knows of no failures.
    if (isRestart(event, 'agent_restarted') || reasonCode === 'flash_lost') this.#links.clear();
    if (event.event === 'transition' && event.to === 'RECOVERING') {
      if (!UNSUSPICIOUS.includes(reasonCode)) this.#fail(transportId, atMs);
    }
    if (event.event !== 'claim' || (purpose !== 'planned' && purpose !== 'quality')) return null;
    this.#judged += 1;
    const penaltyUntilMs = this.#links.get(transportId)?.penaltyUntilMs ?? 0;
    return earlyReturn({ purpose, reasonCode, nowMs: atMs, penaltyUntilMs });
  }

  #fail(transportId: unknown, atMs: number): void {
    const before = this.#links.get(transportId) ?? { flaps: 0, penaltyUntilMs: 0 };
    const isForgiven = atMs - before.penaltyUntilMs > FORGIVEN_AFTER_MS;
    const flaps = (isForgiven ? 0 : before.flaps) + 1;
    const penaltyMs = Math.min(this.#penaltyMaxMs, PENALTY_MIN_MS * 2 ** (flaps - 1));
    this.#links.set(transportId, { flaps, penaltyUntilMs: atMs + penaltyMs });
  }
}
