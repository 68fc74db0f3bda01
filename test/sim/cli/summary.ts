/**
 * The figures of many runs, for people and as JSON.
 *
 * @module
 */
import { REASONS } from '../../../session/reasons.ts';
import { FAULT_KINDS } from '../fault.ts';
import { type Totals, totalsOf } from './combined.ts';
import type { Ran } from './task.ts';

export interface Figures {
  readonly seeds: number;
  /** Runs in which something was violated. */
  readonly violations: number;
  readonly simulated_hours: number;
  readonly wall_seconds: number;
  readonly simulated_hours_per_second: number;
  readonly workers: number;
  readonly events: number;
  readonly commits: number;
  readonly delivered: number;
  /** Until everybody was back after the heal, over the runs that got there. */
  readonly back_after_ms: { readonly median: number; readonly p90: number; readonly max: number };
  readonly hash: string;
  readonly coverage: Totals['coverage'];
  readonly violated: readonly { readonly seed: number; readonly violations: readonly string[] }[];
}

const VIOLATED_MAX = 1_000;
const NAMES_WIDTH = 96;

export function figuresOf(runs: readonly Ran[], seconds: number, workers: number): Figures {
  const totals = totalsOf(runs);
  const hours = totals.simulatedMs / 3_600_000;
  return {
    seeds: totals.runs,
    violations: totals.violated,
    simulated_hours: round(hours, 2),
    wall_seconds: round(seconds, 1),
    simulated_hours_per_second: round(hours / seconds, 3),
    workers,
    events: totals.events,
    commits: totals.commits,
    delivered: totals.delivered,
    back_after_ms: backAfter(runs),
    hash: totals.hash,
    coverage: totals.coverage,
    violated: runs
      .filter(({ violations }) => violations.length > 0)
      .sort((a, b) => a.seed - b.seed)
      .slice(0, VIOLATED_MAX)
      .map(({ seed, violations }) => ({
        seed,
        violations: violations.map(
          ({ invariant, checker, sentence }) => `${invariant} ${checker}: ${sentence}`,
        ),
      })),
  };
}

export function linesOf(figures: Figures, seeds: string): string[] {
  const { coverage } = figures;
  const { faults, states, reasons, fates, moments } = coverage;
  const { median, p90, max } = figures.back_after_ms;
  return [
    line('seeds', `${seeds} (${plural(figures.seeds, 'run')})`),
    line('violated', `${figures.violations === 0 ? 'none' : plural(figures.violations, 'run')}`),
    line(
      'simulated time',
      `${figures.simulated_hours} h in ${figures.wall_seconds} s: ${figures.simulated_hours_per_second} h a second, ${plural(figures.workers, 'worker')}`,
    ),
    line(
      'happened',
      `${figures.events} events, ${figures.commits} commits, ${figures.delivered} packets delivered`,
    ),
    line('back after', `median ${median / 1000} s, p90 ${p90 / 1000} s, at most ${max / 1000} s`),
    line('hash', figures.hash),
    ...counts('faults with effect', faults),
    ...never('faults without', FAULT_KINDS, faults),
    ...counts('packets', fates),
    ...counts('states', states),
    ...counts('moments', moments),
    line('reason codes', `${seenReasons(reasons).length} of ${Object.keys(REASONS).length}`),
    ...never('never given', Object.keys(REASONS), Object.fromEntries(seenReasons(reasons))),
  ];
}

function backAfter(runs: readonly Ran[]): Figures['back_after_ms'] {
  const sorted = runs.flatMap(({ backAfterMs }) => backAfterMs ?? []).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return { median: at(0.5), p90: at(0.9), max: at(1) };
}

/** By code, whoever gave it. */
function seenReasons(reasons: Readonly<Record<string, number>>): [string, number][] {
  const seen = new Map<string, number>();
  for (const [name, count] of Object.entries(reasons)) {
    const code = name.split(' ').at(-1) ?? name;
    seen.set(code, (seen.get(code) ?? 0) + count);
  }
  return [...seen];
}

function counts(name: string, of: Readonly<Record<string, number>>): string[] {
  return wrapped(
    name,
    Object.entries(of).map(([what, count]) => `${what} ${count}`),
  );
}

function never(name: string, all: readonly string[], seen: Readonly<Record<string, number>>) {
  return wrapped(
    name,
    all.filter((one) => seen[one] === undefined),
  );
}

function wrapped(name: string, items: readonly string[]): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last === undefined || last.length + item.length + 2 > NAMES_WIDTH) lines.push(item);
    else lines[lines.length - 1] = `${last}, ${item}`;
  }
  return lines.map((text, at) => line(at === 0 ? name : '', text));
}

const line = (name: string, text: string) => `${name.padEnd(20)}${text}`;

export const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
