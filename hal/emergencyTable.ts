/**
 * The `[emergency]` table of the policy that a daemon follows: it tightens that policy until its time, and ends by itself.
 *
 * What a signed document says holds beside it (docs/push.md): of each field the tighter value. The wall clock decides, and one that is
 * behind keeps it on; as clocks are set while a daemon runs, it is looked at again and again for as long as the policy has such a table.
 *
 * Source: docs/protocol.md, "Policy"; docs/operating.md, "Emergency mode".
 *
 * @module
 */
import { applyEmergency, isEmergencyActive } from '../policies/emergency.ts';
import { instantMs } from '../policies/instant.ts';
import type { Policy } from '../policies/schema.ts';

/** At least so often (chosen): a machine that sleeps counts no time, and a clock may jump. */
const LOOK_MS = 900_000;

export interface EmergencyTableParts {
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  /** It began or ended, also behind a {@link EmergencyTable.follow}. */
  readonly note: (
    reasonCode: 'emergency_began' | 'emergency_ended',
    detail: { readonly version: number; readonly expires_at: string },
  ) => void;
  /** It began or ended by time: what {@link EmergencyTable.follow} says is another policy. */
  readonly onChange: () => void;
  /** Left out: the runtime's, which keep no process alive. */
  readonly setTimer?:
    | ((run: () => void, inMs: number) => { readonly clear: () => void })
    | undefined;
}

/** Of which policy it is, and when it ends, as it is written. */
interface Held {
  readonly version: number;
  readonly until: string;
}

export class EmergencyTable {
  readonly #parts: EmergencyTableParts;
  #timer: { readonly clear: () => void } | null = null;
  #held: Held | null = null;

  constructor(parts: EmergencyTableParts) {
    this.#parts = parts;
  }

  /** When it ends, as it is written; null: none holds. */
  get until(): string | null {
    return this.#held?.until ?? null;
  }

  /** `policy` is followed from now on: as it holds now. What began and ended by that is noted. */
  follow(policy: Policy): Policy {
    const { emergency, version } = policy;
    const wallMs = this.#parts.wallMs();
    const isActive = isEmergencyActive(emergency, wallMs) && emergency.expiresAt !== null;
    this.#hold(isActive ? { version, until: emergency.expiresAt } : null);
    this.#arm(policy);
    return applyEmergency(policy, emergency, wallMs).policy;
  }

  #hold(now: Held | null): void {
    const before = this.#held;
    if (now?.version === before?.version && now?.until === before?.until) return;
    this.#held = now;
    const note = (code: Parameters<EmergencyTableParts['note']>[0], { version, until }: Held) =>
      this.#parts.note(code, { version, expires_at: until });
    if (before !== null) note('emergency_ended', before);
    if (now !== null) note('emergency_began', now);
  }

  #arm(policy: Policy): void {
    const { wallMs, setTimer = runtimeTimer } = this.#parts;
    this.#timer?.clear();
    this.#timer = null;
    const { expiresAt } = policy.emergency;
    if (expiresAt === null) return;
    const endsInMs = (instantMs(expiresAt) ?? 0) - wallMs();
    const waitMs = endsInMs > 0 ? Math.min(LOOK_MS, endsInMs) : LOOK_MS;
    this.#timer = setTimer(() => this.#look(policy), waitMs);
  }

  #look(policy: Policy): void {
    const { wallMs, onChange } = this.#parts;
    // Whoever cannot follow the change is told again.
    this.#arm(policy);
    const isActive = isEmergencyActive(policy.emergency, wallMs());
    if (isActive !== (this.#held !== null)) onChange();
  }
}

function runtimeTimer(run: () => void, inMs: number) {
  const timer = setTimeout(run, inMs);
  timer.unref();
  return { clear: () => clearTimeout(timer) };
}
