/** A terminal that remembers what a subcommand wrote. */
import type { Terminal } from '../../../../agent/cli/arguments.ts';

export interface Collected extends Terminal {
  readonly outLines: readonly string[];
  readonly errLines: readonly string[];
}

export function collect(): Collected {
  const outLines: string[] = [];
  const errLines: string[] = [];
  return {
    outLines,
    errLines,
    out: (text) => outLines.push(text),
    err: (text) => errLines.push(text),
  };
}
