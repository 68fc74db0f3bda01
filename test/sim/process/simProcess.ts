/**
 * What the world knows of a process: it boots, takes a turn, dies.
 *
 * @module
 */
import type { DatagramSocket } from '../../../hal/datagram.ts';
import type { ChosenCiphers } from '../../../hal/linux/cipherChoice.ts';
import { type Memory, type NewMemory, plainMemory } from '../../../session/memory.ts';
import type { Primitives } from './primitives.ts';

export interface SimProcess {
  readonly name: string;
  readonly isRunning: boolean;
  /** Start anew; what a process before remembered in memory is gone. Does nothing while running. */
  boot(): void;
  /** Drop everything in memory, at once, and close the sockets. Does nothing while not running. */
  crash(): void;
  /** Poll everything that is ready; call it when something arrived or a deadline is due. Early is harmless. */
  turn(): void;
  /** When `turn` has to be called at the latest, on the process' own monotonic clock; null: never by itself. */
  nextDeadlineMs(): number | null;
}

/**
 * Whether `error` is a power cut: thrown by the HAL of a process that dies at that very call, never by
 * the product. Any error of this name counts.
 */
export const isPowerCut = (error: unknown): boolean =>
  error instanceof Error && error.name === 'PowerCut';

/** The system closes what a dead process had open; nothing of the process runs any more. */
export function closeDead(socket: DatagramSocket): void {
  try {
    socket.close();
  } catch (error) {
    if (!isPowerCut(error)) throw error;
  }
}

/** More rounds of one turn than this without an end is a process that spins. */
export const ROUNDS_MAX = 10_000;

/** Nothing is measured in a run. */
export const chosenOf = ({ ciphers }: Primitives): ChosenCiphers => ({
  ciphers,
  preference: ['aes-256-gcm', 'chacha20-poly1305'],
  report: [],
});

/**
 * The buffers of one machine, used again by each process that boots on it: a boot costs no megabytes.
 *
 * What a process gets holds what the one before left there, so nothing may be read that was not written.
 */
export class Buffers {
  readonly #made: Memory[] = [];
  #next = 0;

  /** A new process. */
  reset(): void {
    this.#next = 0;
  }

  readonly newMemory: NewMemory = (bytes) => {
    const at = this.#next++;
    const known = this.#made[at];
    if (known?.bytes.length === bytes) return known;
    const memory = plainMemory(bytes);
    this.#made[at] = memory;
    return memory;
  };
}
