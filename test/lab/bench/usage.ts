/**
 * CPU time and memory of the tunnel processes, as /proc has them.
 *
 * The kernel's work for a packet is booked where it runs: what a tunnel's `write` to the tun or `sendmmsg` sets off is
 * in its system time, what iperf3's `send` sets off is in that of iperf3, for every contender alike.
 *
 * @module
 */
import { readFileSync } from 'node:fs';

/** `USER_HZ`, which is 100 on every architecture that jvpn is built for. */
const TICKS_PER_SECOND = 100;

export interface Memory {
  /** `VmHWM`: the most that was resident, program text and libraries included. */
  readonly peakKib: number;
  /** `RssAnon`: what the process itself allocated, at this moment. */
  readonly anonKib: number;
}

/** User and system time of all threads of a process, from the text of /proc/PID/stat. */
export function cpuSecondsOf(stat: string): number {
  // The name in parentheses may contain anything: count from behind it. utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** From the text of /proc/PID/status. */
export function memoryOf(status: string): Memory {
  const kib = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
  return { peakKib: kib('VmHWM'), anonKib: kib('RssAnon') };
}

/** Throws when the process is gone. */
export const cpuSeconds = (pid: number) => cpuSecondsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'));

const SAMPLE_MS = 200;

/** Watches the memory of a process; the kernel keeps no high-water mark of anonymous pages. */
export class MemoryWatch implements Disposable {
  readonly #pid: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #peakKib = 0;
  #peakAnonKib = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  /** The most that was seen, this moment included. */
  peak(): { readonly peakKib: number; readonly peakAnonKib: number } {
    this.#sample();
    return { peakKib: this.#peakKib, peakAnonKib: this.#peakAnonKib };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    try {
      const { peakKib, anonKib } = memoryOf(readFileSync(`/proc/${this.#pid}/status`, 'utf8'));
      // A process that is ending has no memory any more and says so by leaving the lines out.
      if (Number.isNaN(peakKib)) return;
      this.#peakKib = Math.max(this.#peakKib, peakKib);
      this.#peakAnonKib = Math.max(this.#peakAnonKib, anonKib);
    } catch {
      // Gone: what was seen so far stands, and whoever asks for its CPU time says that it is gone.
    }
  }
}
