/**
 * What passes between `scripts/fuzz` and the process that fuzzes one target.
 *
 * @module
 */

export interface Work {
  readonly target: string;
  readonly seed: number;
  /** First run. */
  readonly from: number;
  /** Whichever comes first. */
  readonly runsMax: number;
  readonly millisecondsMax: number;
  /** Guided by coverage, and what reaches new blocks joins the corpus. */
  readonly grows: boolean;
  /** Different findings that are minimised before it stops. */
  readonly crashesMax: number;
  /** Holds the current place as a float64 (`place.ts`). */
  readonly runFile: string;
  /** Only this input, in hex. */
  readonly input: string | null;
}

export interface CrashReport {
  readonly kind: 'crash';
  /** −1: the input is of no run. */
  readonly run: number;
  readonly reason: string;
  readonly stack: string;
  /** Null where a process died and its input cannot be made again. */
  readonly hex: string | null;
  /** Before it was minimised. */
  readonly originalBytes: number;
}

export interface ProgressReport {
  readonly kind: 'progress' | 'done';
  readonly runs: number;
  readonly elapsedMs: number;
  readonly acceptedPercent: number;
  readonly corpusInputs: number;
  readonly corpusBytes: number;
  /** Null without coverage. */
  readonly blocks: { readonly reached: number; readonly total: number } | null;
  readonly rssBytes: number;
}

export type Report = CrashReport | ProgressReport;
