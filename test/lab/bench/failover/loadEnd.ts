/**
 * A running load as the bench sees it.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import type { LabProcess } from '../../process.ts';
import type { LoadAnswer, LoadOrder } from './load.ts';
import { type Record, readRecord } from './record.ts';

const PROGRAM = Bun.fileURLToPath(new URL('./load.ts', import.meta.url));
const ANSWER_MS = 10_000;

export const loadArgv = (): readonly string[] => [process.execPath, PROGRAM];

export type Settled = Extract<LoadAnswer, { ok: true }>;

export class LoadEnd {
  readonly #process: LabProcess;
  readonly #file: string;
  #lastId = 0;

  /** @param file where this one writes its records, each in the place of the one before. */
  constructor(process: LabProcess, file: string) {
    this.#process = process;
    this.#file = file;
  }

  /** Throws when it is not answered within `timeoutMs`. */
  async order(order: LoadOrder, timeoutMs = ANSWER_MS): Promise<Settled> {
    this.#lastId += 1;
    const id = this.#lastId;
    const fromLine = this.#process.lineCount;
    this.#process.write(JSON.stringify({ id, ...order }));
    const isAnswer = (line: LoadAnswer) => line.id === id;
    const answer = await this.#process.untilJson<LoadAnswer>(isAnswer, timeoutMs, fromLine);
    if (!answer.ok) throw new Error(`${this.#process.name}: ${order.op}: ${answer.error}`);
    return answer;
  }

  async report(): Promise<Record> {
    await this.order({ op: 'report', file: this.#file });
    return readRecord(readFileSync(this.#file));
  }
}
