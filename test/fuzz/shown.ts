/**
 * A finding as text: what broke, at which input, and the commands that repeat it.
 *
 * @module
 */
import type { CrashReport } from './work.ts';

const STACK_LINES = 6;
const HEX_MAX = 400;

export function crashLines(target: string, seed: number, crash: CrashReport): string[] {
  const { run, reason, stack, hex, originalBytes } = crash;
  return [
    `${target}, ${run < 0 ? 'a known input' : `run ${run}`}: ${reason}`,
    hex === null
      ? 'which input is not known'
      : `${hex.length / 2} bytes, of ${originalBytes}: ${hex.slice(0, HEX_MAX)}${hex.length > HEX_MAX ? '…' : ''}`,
    ...commands(target, seed, crash),
    ...stack
      .split('\n')
      .slice(1, STACK_LINES)
      .map((line) => `  ${line.trim()}`),
  ];
}

function commands(target: string, seed: number, { run, hex }: CrashReport): string[] {
  const byRun = `scripts/fuzz --target ${target} --seed ${seed} --from ${run} --runs 1`;
  if (hex === null) return run < 0 ? [] : [`again: ${byRun}`];
  const byInput = `scripts/fuzz --target ${target} --input ${hex === '' ? "''" : hex}`;
  // A known input belongs to no run: however long it is, it is all that names it.
  if (run < 0) return [`again: ${byInput}`];
  return [`again: ${byRun}`, ...(hex.length > HEX_MAX ? [] : [`   or: ${byInput}`])];
}
