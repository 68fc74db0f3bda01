/**
 * The running link emulator as its starter sees it: one child process for all links of a lab.
 *
 * ```text
 *  device namespace                emulator process               router namespace
 *  ┌──────┐  frames  ┌─────┐  shaper, arrival queue  ┌─────┐  ┌───────────┐
 *  │ eth0 │ ───────▶ │ tap │ ─────── out ──────────▶ │ tap │  │ interface │
 *  │      │ ◀─────── │ fd  │ ◀────── in ──────────── │ fd  │  │   "lan"   │
 *  └──────┘          └─────┘                         └─────┘  └───────────┘
 * ```
 *
 * @module
 */
import type { Answer, Command, Directions, LinkCounters } from './emulator/control.ts';
import type { Impairment } from './emulator/impairment.ts';
import type { EmulatorConfig } from './emulator/main.ts';
import { LabProcess } from './process.ts';

const START_MS = 10_000;
const ANSWER_MS = 5000;

export class LinkEmulator implements AsyncDisposable {
  readonly process: LabProcess;
  #lastId = 0;

  private constructor(process: LabProcess) {
    this.process = process;
  }

  /** Start it; resolves when all interfaces exist (down and without addresses). */
  static async start(config: EmulatorConfig): Promise<LinkEmulator> {
    const program = Bun.fileURLToPath(new URL('./emulator/main.ts', import.meta.url));
    const child = new LabProcess([process.execPath, program, JSON.stringify(config)], {
      name: 'link emulator',
    });
    try {
      await child.untilJson<{ ready: boolean }>((line) => line.ready, START_MS);
      return new LinkEmulator(child);
    } catch (error) {
      await child.stop();
      throw error;
    }
  }

  /** Change what `link` does to frames; fields not named keep their value. Returns when it took effect. */
  async impair(
    link: string,
    changes: Partial<Impairment>,
    direction: Directions = 'both',
  ): Promise<number> {
    return (await this.#ask({ op: 'impair', link, direction, changes })).atMs;
  }

  /** Drop every frame in `direction` while the interface stays up. */
  async cut(link: string, direction: Directions, on: boolean): Promise<number> {
    return (await this.#ask({ op: 'cut', link, direction, on })).atMs;
  }

  /** Take away or give back the carrier of the device's interface; frames stop as well. */
  async carrier(link: string, up: boolean): Promise<number> {
    return (await this.#ask({ op: 'carrier', link, up })).atMs;
  }

  async counters(): Promise<Readonly<Record<string, LinkCounters>>> {
    return (await this.#ask({ op: 'counters' })).counters ?? {};
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
  }

  async #ask(command: Command): Promise<Extract<Answer, { ok: true }>> {
    this.#lastId += 1;
    const id = this.#lastId;
    const fromLine = this.process.lineCount;
    this.process.write(JSON.stringify({ id, ...command }));
    const answer = await this.process.untilJson<Answer>(
      (line) => line.id === id,
      ANSWER_MS,
      fromLine,
    );
    if (!answer.ok) throw new Error(`link emulator: ${answer.error}`);
    return answer;
  }
}
