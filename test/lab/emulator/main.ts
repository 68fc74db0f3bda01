/**
 * The link emulator: `main.ts '{"seed":1,"links":[…]}'` (see {@link EmulatorConfig}), commands on standard input, answers
 * on standard output (`control.ts`). It prints `{"ready":true}` when the interfaces exist and ends with its input.
 *
 * One thread in one ppoll(2): frames, commands and the next arrival wake it, and nothing else does. The event loop
 * never runs, because its timers are coarser than the delays that have to be kept.
 *
 * @module
 */
import { writeSync } from 'node:fs';
import { libc, monotonicMs, NativeMemory } from '../libc.ts';
import { Arena } from './arena.ts';
import type { Answer, Request } from './control.ts';
import { EmulatedLink, type LinkPlace } from './link.ts';

export interface EmulatorConfig {
  readonly seed: number;
  readonly links: readonly LinkPlace[];
}

/** Frames under way on all links together: 250 ms at 350 Mbit/s of full frames. */
const SLOTS = 8192;
const POLLIN = 1;
const POLLFD_BYTES = 8;
const STDIN = 0;
const STDOUT = 1;
const PR_SET_TIMERSLACK = 29;
const COMMAND_BYTES = 65_536;

class Emulator {
  readonly #links: readonly EmulatedLink[];
  readonly #polled: NativeMemory;
  readonly #timeout = new NativeMemory(16);
  readonly #input = new NativeMemory(COMMAND_BYTES);
  readonly #decoder = new TextDecoder();
  #rest = '';

  constructor(config: EmulatorConfig) {
    const arena = new Arena(SLOTS);
    this.#links = config.links.map((place) => new EmulatedLink(place, config.seed, arena, SLOTS));
    const fds = [STDIN, ...this.#links.flatMap((link) => [link.device.fd, link.router.fd])];
    this.#polled = new NativeMemory(fds.length * POLLFD_BYTES);
    fds.forEach((fd, index) => {
      this.#polled.view.setInt32(index * POLLFD_BYTES, fd, true);
      this.#polled.view.setInt16(index * POLLFD_BYTES + 4, POLLIN, true);
    });
  }

  /** Relay until standard input ends. */
  run(): void {
    const lanes = this.#links.flatMap((link) => [link.lanes.out, link.lanes.in]);
    const count = lanes.length + 1;
    for (;;) {
      let nextAtMs = Number.POSITIVE_INFINITY;
      for (const lane of lanes) nextAtMs = Math.min(nextAtMs, lane.nextAtMs);
      const timeout = this.#setTimeout(nextAtMs);
      const ready = libc.ppoll(this.#polled.at(0), count, timeout, null);
      const nowMs = monotonicMs();
      if (ready > 0) {
        if (this.#isReady(0) && !this.#readCommands()) return;
        lanes.forEach((lane, index) => {
          if (this.#isReady(index + 1)) lane.receive(nowMs);
        });
      }
      const deliverAtMs = monotonicMs();
      for (const lane of lanes) lane.deliver(deliverAtMs);
    }
  }

  #setTimeout(nextAtMs: number) {
    if (nextAtMs === Number.POSITIVE_INFINITY) return null;
    const waitMs = Math.max(0, nextAtMs - monotonicMs());
    const seconds = Math.floor(waitMs / 1000);
    this.#timeout.view.setBigInt64(0, BigInt(seconds), true);
    const nanoseconds = Math.ceil((waitMs - seconds * 1000) * 1e6);
    this.#timeout.view.setBigInt64(8, BigInt(Math.min(nanoseconds, 999_999_999)), true);
    return this.#timeout.at(0);
  }

  #isReady(index: number): boolean {
    return this.#polled.view.getInt16(index * POLLFD_BYTES + 6, true) !== 0;
  }

  /** False at the end of the input. */
  #readCommands(): boolean {
    const bytes = Number(libc.read(STDIN, this.#input.at(0), COMMAND_BYTES));
    if (bytes <= 0) return false;
    const text = this.#decoder.decode(this.#input.bytes.slice(0, bytes), { stream: true });
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      writeSync(STDOUT, `${JSON.stringify(this.#answer(line))}\n`);
    }
    return true;
  }

  #answer(line: string): Answer {
    let id = 0;
    try {
      const request = JSON.parse(line) as Request;
      id = request.id;
      if (request.op === 'counters') {
        const counters = Object.fromEntries(this.#links.map((link) => [link.name, link.counters]));
        return { id, ok: true, atMs: monotonicMs(), counters };
      }
      const link = this.#links.find((candidate) => candidate.name === request.link);
      if (link === undefined) throw new Error(`no link ${request.link}`);
      link.obey(request);
      return { id, ok: true, atMs: monotonicMs() };
    } catch (error) {
      return { id, ok: false, error: error instanceof Error ? error.message : String(error) };
    }
  }
}

if (import.meta.main) {
  // The default slack of 50 µs would be half of the error budget of a delay.
  libc.prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  const emulator = new Emulator(JSON.parse(process.argv[2] ?? '{}') as EmulatorConfig);
  writeSync(STDOUT, '{"ready":true}\n');
  emulator.run();
  process.exit(0);
}
