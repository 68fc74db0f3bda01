/**
 * The clocks of one machine: they drift from the world's time, the wall may jump, a reboot starts the
 * monotonic one again. Suspended time counts, as it does on the real ones.
 *
 * @module
 */
import type { Clock } from '../../../hal/clock.ts';
import { assert } from '../../../session/assert.ts';
import type { ClockPlan } from '../options.ts';
import type { World } from '../world.ts';

/** Since the machine's boot, so that a monotonic time is never taken for a wall time. */
const BOOTED_FOR_MS = 5_000;

/** A wall clock that begins in 1970 has none. */
export const hasBattery = ({ wallMs }: ClockPlan): boolean => wallMs > 1_000_000_000;

export class SimClock implements Clock {
  readonly #world: World;
  #rate: number;
  /** Both clocks at `#sinceMs` of the world. */
  #sinceMs: number;
  #monotonicMs = BOOTED_FOR_MS;
  #wallMs: number;
  #newestWallMs = 0;

  constructor(world: World, plan: ClockPlan) {
    this.#world = world;
    this.#rate = 1 + plan.driftPpm / 1_000_000;
    this.#sinceMs = world.nowMs;
    this.#wallMs = plan.wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs + (this.#world.nowMs - this.#sinceMs) * this.#rate;
  }

  wallMs(): number {
    return this.#wallMs + (this.#world.nowMs - this.#sinceMs) * this.#rate;
  }

  /** The newest time that the wall clock has ever shown. */
  get newestWallMs(): number {
    return Math.max(this.#newestWallMs, this.wallMs());
  }

  /** When the monotonic clock will show `atMs`, in world time; never too early. */
  worldMs(atMs: number): number {
    const exactMs = this.#sinceMs + (atMs - this.#monotonicMs) / this.#rate;
    return Math.ceil(exactMs * 8 + 1e-3) / 8;
  }

  /** Returns whether it ran at another rate before. */
  drift(ppm: number): boolean {
    assert(Math.abs(ppm) < 100_000, 'a clock runs forwards');
    this.#settle();
    const before = this.#rate;
    this.#rate = 1 + ppm / 1_000_000;
    return this.#rate !== before;
  }

  /** NTP or an operator sets the wall clock; never before 1970. Returns whether it shows another time. */
  stepWall(byMs: number): boolean {
    this.#settle();
    const before = this.#wallMs;
    this.#wallMs = Math.max(0, before + byMs);
    return this.#wallMs !== before;
  }

  /** The machine boots anew; without a battery its wall clock begins in 1970 again. */
  reboot(hasBattery: boolean): void {
    this.#settle();
    this.#monotonicMs = BOOTED_FOR_MS;
    if (!hasBattery) this.#wallMs = 0;
  }

  #settle(): void {
    const [monotonicMs, wallMs] = [this.monotonicMs(), this.wallMs()];
    this.#newestWallMs = this.newestWallMs;
    this.#sinceMs = this.#world.nowMs;
    this.#monotonicMs = monotonicMs;
    this.#wallMs = wallMs;
  }
}
