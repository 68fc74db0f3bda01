/**
 * One machine: its clock, its power, and the one process that runs on it.
 *
 * Gives the process its turns (something arrived, a deadline is due), kills and starts it. A process that
 * ended by itself is started again, as a supervisor does.
 *
 * @module
 */
import type { SimClock } from '../clock/simClock.ts';
import type { SimProcess } from '../process/simProcess.ts';
import type { World } from '../world.ts';
import { Fuse, PowerCut } from './powerCut.ts';

/** More turns than this at one instant is a process that spins. */
const TURNS_PER_INSTANT_MAX = 2_000;
const SUPERVISOR_MS = 1_000;

export interface MachineEvents {
  readonly note: (text: string) => void;
  /** The process threw something of its own: a defect. */
  readonly defect: (error: unknown) => void;
  /** The machine spins. */
  readonly spin: (sentence: string) => void;
}

export class Machine {
  readonly name: string;
  readonly clock: SimClock;
  readonly fuse = new Fuse();
  readonly #world: World;
  readonly #events: MachineEvents;
  #process: SimProcess | null = null;
  #isTurning = false;
  #isAsleep = false;
  #resumedAtMs = 0;
  /** Of this process, by its monotonic clock. */
  readonly #sleeps: { readonly fromMs: number; toMs: number }[] = [];
  /** Raised by every death: what was scheduled for an earlier life does not happen. */
  #life = 0;
  #armedAtMs: number | null = null;
  #instantMs = -1;
  #turnsAtInstant = 0;
  #bootsAtMs: number | null = null;
  #mainBusyUntilMs = 0;
  readonly #postponed: (() => void)[] = [];

  constructor(name: string, world: World, clock: SimClock, events: MachineEvents) {
    this.name = name;
    this.#world = world;
    this.clock = clock;
    this.#events = events;
  }

  run(process: SimProcess): void {
    this.#process = process;
  }

  get isRunning(): boolean {
    return this.#process?.isRunning === true && !this.fuse.isBlown;
  }

  /** Running, and not suspended. */
  get isAwake(): boolean {
    return this.isRunning && !this.#isAsleep;
  }

  /** When this process woke last, by its monotonic clock; null: it never slept. */
  get wokeAtMs(): number | null {
    return this.#sleeps.at(-1)?.toMs ?? null;
  }

  /** When it was resumed last, by the world's clock; 0: never. */
  get resumedAtMs(): number {
    return this.#resumedAtMs;
  }

  /** How much of the time since `sinceMs` it slept. */
  sleptMs(sinceMs: number): number {
    const nowMs = this.clock.monotonicMs();
    return this.#sleeps.reduce(
      (sum, { fromMs, toMs }) =>
        sum + Math.max(0, Math.min(toMs, nowMs) - Math.max(fromMs, sinceMs)),
      0,
    );
  }

  /** Which of its processes this is: raised by every death. */
  get life(): number {
    return this.#life;
  }

  /** What has to happen with the machine's devices when its process is gone. */
  onDeath: () => void = () => {};
  /** The same, for the next death only. */
  onceDead: () => void = () => {};
  onBoot: () => void = () => {};
  /** How long to wait with a boot; 0: nothing is missing. */
  waitsMs: () => number = () => 0;

  boot(): void {
    if (this.isRunning || this.#process === null) return;
    const waitsMs = this.waitsMs();
    if (waitsMs > 0) return this.bootAfter(waitsMs);
    this.#bootsAtMs = null;
    this.fuse.reset();
    this.#armedAtMs = null;
    this.#mainBusyUntilMs = 0;
    // A machine on which something is started is awake.
    this.#isAsleep = false;
    this.#sleeps.length = 0;
    this.onBoot();
    this.#events.note('boots');
    this.#guarded(() => this.#process?.boot());
    this.wake();
  }

  bootAfter(delayMs: number): void {
    const atMs = this.#world.nowMs + delayMs;
    this.#bootsAtMs = atMs;
    this.#world.after(delayMs, () => {
      if (this.#bootsAtMs === atMs) this.boot();
    });
  }

  /** Die now and start again after `downMs`. */
  crash(downMs: number): void {
    if (this.#process === null) return;
    if (this.isRunning || this.fuse.isBlown) this.#die();
    this.bootAfter(downMs);
  }

  /** Something is ready for the process. */
  wake(): void {
    if (this.#isTurning || !this.isAwake) return;
    if (!this.#mayTurn()) return;
    this.#guarded(() => this.#process?.turn());
    this.#arm();
  }

  /** Do something with the process from outside, when it is awake; never if it dies before that. */
  act(work: () => void): void {
    if (!this.isRunning) return;
    if (this.#isAsleep) {
      this.#postponed.push(work);
      return;
    }
    this.#guarded(work);
    this.wake();
  }

  suspend(forMs: number): boolean {
    if (this.#isAsleep) return false;
    this.#isAsleep = true;
    const fromMs = this.clock.monotonicMs();
    this.#sleeps.push({ fromMs, toMs: Number.POSITIVE_INFINITY });
    this.#world.after(forMs, () => this.resume());
    return true;
  }

  /** At once, and due deadlines with it: the process waits by a timer of CLOCK_BOOTTIME (`hal/linux/alarm.ts`). */
  resume(): void {
    if (!this.#isAsleep) return;
    this.#isAsleep = false;
    this.#resumedAtMs = this.#world.nowMs;
    const sleep = this.#sleeps.at(-1);
    if (sleep !== undefined) sleep.toMs = this.clock.monotonicMs();
    this.#armedAtMs = null;
    for (const work of this.#postponed.splice(0)) this.act(work);
    this.wake();
  }

  /** Awake, and running within a moment. */
  heal(): void {
    this.fuse.defuse();
    this.onceDead = () => {};
    this.resume();
    if (!this.isRunning) this.bootAfter(0);
  }

  /** Work of the process's other thread: in order, each taking `takesMs`, never if it died meanwhile. */
  mainThread(takesMs: number, work: () => void): void {
    const { nowMs } = this.#world;
    const doneAtMs = Math.max(nowMs, this.#mainBusyUntilMs) + takesMs;
    this.#mainBusyUntilMs = doneAtMs;
    this.later(doneAtMs - nowMs, work);
  }

  /** For this life of the process; waits while the machine sleeps. */
  later(delayMs: number, work: () => void): void {
    const life = this.#life;
    const run = () => {
      if (life !== this.#life || !this.isRunning) return;
      if (this.#isAsleep) this.#world.after(10, run);
      else {
        this.#guarded(work);
        this.wake();
      }
    };
    this.#world.after(delayMs, run);
  }

  #arm(): void {
    if (!this.isAwake) return;
    const deadlineMs = this.#process?.nextDeadlineMs() ?? null;
    if (deadlineMs === null) return;
    const atMs = Math.max(this.#world.nowMs, this.clock.worldMs(deadlineMs));
    if (this.#armedAtMs !== null && this.#armedAtMs <= atMs) return;
    this.#armedAtMs = atMs;
    const life = this.#life;
    this.#world.after(atMs - this.#world.nowMs, () => {
      if (life !== this.#life || this.#armedAtMs !== atMs) return;
      this.#armedAtMs = null;
      const dueMs = this.#process?.nextDeadlineMs() ?? null;
      if (dueMs !== null && dueMs <= this.clock.monotonicMs()) this.wake();
      else this.#arm();
    });
  }

  #mayTurn(): boolean {
    const { nowMs } = this.#world;
    if (nowMs !== this.#instantMs) {
      this.#instantMs = nowMs;
      this.#turnsAtInstant = 0;
    }
    this.#turnsAtInstant += 1;
    if (this.#turnsAtInstant < TURNS_PER_INSTANT_MAX) return true;
    this.#events.spin(`${this.name} takes ${this.#turnsAtInstant} turns at one instant`);
    return false;
  }

  #guarded(work: () => void): void {
    const isOutermost = !this.#isTurning;
    this.#isTurning = true;
    try {
      work();
    } catch (error) {
      if (!(error instanceof PowerCut)) {
        const isExit = error instanceof Error && error.name === 'StoreDown';
        if (!isExit) this.#events.defect(error);
        this.fuse.isBlown = true;
      }
    } finally {
      if (isOutermost) this.#isTurning = false;
    }
    if (!isOutermost) return;
    const isOver = this.fuse.isBlown || this.#process?.isRunning === false;
    if (!isOver || this.#bootsAtMs !== null) return;
    const { downMs } = this;
    this.downMs = SUPERVISOR_MS;
    this.#die();
    this.bootAfter(downMs);
  }

  /** How long the process stays away after the death that comes next by itself. */
  downMs = SUPERVISOR_MS;

  #die(): void {
    this.#events.note('dies');
    this.#life += 1;
    this.fuse.isBlown = true;
    this.#postponed.length = 0;
    this.#process?.crash();
    this.onDeath();
    const { onceDead } = this;
    this.onceDead = () => {};
    onceDead();
  }
}
