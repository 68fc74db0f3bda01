/**
 * Plays a case of `test/lab/hostile` in short, and makes sure that it was one: something was sent, and the device's
 * traffic ran.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CASES, SHORT } from '../lab/hostile/cases.ts';
import type { Outcome } from '../lab/hostile/outcome.ts';
import { buildBinary } from './binary.ts';

/** The binary of this tree, for one test file. */
export class HostileBinary implements Disposable {
  #folder: string | null = null;
  path = '';

  async build(): Promise<void> {
    this.#folder = mkdtempSync(join(tmpdir(), 'jvpn-hostile-'));
    this.path = await buildBinary(this.#folder);
  }

  /** Outcomes by their name, and all that is wrong with them. */
  async play(name: string): Promise<{
    readonly faults: readonly string[];
    readonly of: (name: string) => Outcome;
  }> {
    const outcomes = await CASES[name]!.play(this.path, SHORT);
    const faults = outcomes.flatMap((outcome) =>
      [...outcome.faults, ...emptinessOf(outcome)].map((fault) => `${outcome.name}: ${fault}`),
    );
    const of = (wanted: string) => {
      const found = outcomes.find((outcome) => outcome.name === wanted);
      if (found === undefined) throw new Error(`no outcome "${wanted}"`);
      return found;
    };
    return { faults, of };
  }

  [Symbol.dispose](): void {
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true });
  }
}

/** A case that attacked nobody passes too easily. */
function emptinessOf({ sent, legit }: Outcome): string[] {
  return [
    ...(sent > 0 ? [] : ['nothing was sent']),
    ...(legit !== null && legit.pingsSent > 3 && legit.tcpBytes > 0 ? [] : ['no traffic ran']),
  ];
}
