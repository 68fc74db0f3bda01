/**
 * Keeps every CPU of this machine from sleeping, by a loop that gives way to everybody.
 *
 * A virtual CPU that sleeps is taken off its core: what wakes it finds caches and page tables that others have used, and the
 * kernel counts the time that this takes as the process's own (docs/performance.md, "Idle"). The loops run in the scheduler's
 * class for what nobody waits for (SCHED_IDLE), so they are preempted at once and cause no context switch that is counted here.
 *
 * @module
 */
import { availableParallelism } from 'node:os';
import { LabProcess } from '../../process.ts';

export class Awake implements AsyncDisposable {
  readonly #loops: readonly LabProcess[];

  constructor() {
    this.#loops = Array.from({ length: availableParallelism() }, (_, cpu) => {
      const loop = ['sh', '-c', 'while :; do :; done'];
      return new LabProcess(
        ['chrt', '--idle', '0', 'taskset', '--cpu-list', String(cpu), ...loop],
        {
          name: `loop on CPU ${cpu}`,
        },
      );
    });
  }

  /** @throws Error when one has ended: the CPUs sleep, or may. */
  check(): void {
    const ended = this.#loops.find(({ hasEnded }) => hasEnded);
    if (ended !== undefined) throw new Error(`${ended.name} ended: ${ended.stderr.join(' ')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }
}
