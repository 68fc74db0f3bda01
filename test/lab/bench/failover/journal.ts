/**
 * Finished rounds on disk, so that a run that was ended goes on where it was.
 *
 * One JSON object a line: first what was measured (the jvpn and the kernel), then a round each, and the comparison of lanes. A file of another jvpn
 * or kernel is set aside as `FILE.old`: its rounds do not belong to this run. A last line that was torn is dropped.
 *
 * @module
 */
import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { parseLine } from '../../process.ts';
import type { LaneComparison } from './lanes.ts';
import type { RoundFigures, RoundPlan } from './round.ts';
import { keyOf } from './schedule.ts';

export interface FinishedRound {
  readonly plan: RoundPlan;
  /** How many lanes there were side by side. */
  readonly lanes: number;
  readonly costMs: number;
  /** How often it was tried in vain, because the link had been left before the cut. */
  readonly leftEarly: number;
  /** Null when the round failed. */
  readonly figures: RoundFigures | null;
  readonly error: string | null;
}

export interface Measured {
  readonly format: 1;
  readonly jvpn: string;
  readonly kernel: string;
}

export class Journal {
  readonly finished = new Map<string, FinishedRound>();
  /** Of rounds alone and side by side, once it was made. */
  comparison: LaneComparison | null = null;
  /** Rounds of another jvpn or kernel were set aside. */
  readonly hasSetAside: boolean;
  readonly #path: string | null;

  /** @param path null keeps nothing. */
  constructor(path: string | null, measured: Measured) {
    this.#path = path;
    if (path === null || !existsSync(path)) {
      this.hasSetAside = false;
      if (path !== null) writeFileSync(path, `${JSON.stringify(measured)}\n`);
      return;
    }
    const [head = '', ...lines] = readFileSync(path, 'utf8').split('\n');
    this.hasSetAside = head !== JSON.stringify(measured);
    if (this.hasSetAside) {
      renameSync(path, `${path}.old`);
      writeFileSync(path, `${JSON.stringify(measured)}\n`);
      return;
    }
    for (const line of lines) {
      const read = parseLine<FinishedRound & { comparison?: LaneComparison }>(line);
      if (read?.plan !== undefined) this.finished.set(keyOf(read.plan), read);
      if (read?.comparison !== undefined) this.comparison = read.comparison;
    }
    // Without what was torn, whose rest would spoil the line after it.
    const kept = [...this.finished.values()];
    writeFileSync(path, `${[head, ...kept.map((round) => JSON.stringify(round))].join('\n')}\n`);
    if (this.comparison !== null) this.compare(this.comparison);
  }

  compare(comparison: LaneComparison): void {
    this.comparison = comparison;
    this.#append({ comparison });
  }

  add(round: FinishedRound): void {
    this.finished.set(keyOf(round.plan), round);
    this.#append(round);
  }

  /** Everything is in the figures. */
  remove(): void {
    if (this.#path !== null) rmSync(this.#path, { force: true });
  }

  #append(line: object): void {
    if (this.#path !== null) appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
  }
}
