/**
 * What a process holds at one moment, as /proc has it.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { HeapPoint } from './liveHeap.ts';

export interface Sample {
  readonly atMs: number;
  /** `RssAnon`: what the process itself allocated. */
  readonly anonKib: number;
  /** `VmRSS`: all that is resident, program text and libraries included. */
  readonly rssKib: number;
  readonly descriptors: number;
  readonly threads: number;
}

/** One process from its start to its end. */
export interface Life {
  readonly party: 'hub' | 'device';
  readonly pid: number;
  readonly samples: Sample[];
  /** What full collections of its heaps left alive. */
  readonly alive: readonly HeapPoint[];
}

/** Null when the process is gone or about to go. */
export function sampleOf(pid: number, atMs: number): Sample | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const count = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
    const sample = {
      atMs,
      anonKib: count('RssAnon'),
      rssKib: count('VmRSS'),
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      threads: count('Threads'),
    };
    return Object.values(sample).every(Number.isFinite) ? sample : null;
  } catch {
    return null;
  }
}
