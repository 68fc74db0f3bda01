/**
 * Sends a seeded stream over ONE TCP connection at a bounded rate until told to stop, then compares its SHA-256 with the
 * one that the sink answers. It never reconnects: a broken connection is a broken flow, exit status 1.
 *
 * ```text
 * tcpSource.ts --to HOST:PORT [--rate-mbit 8] [--seed 1] [--bytes 0] [--seconds 0] [--finish-seconds 30]
 * {"event":"connected","atMs":…}
 * {"event":"summary","bytes":…,"sha256":…,"intact":true,"connections":1,"durationMs":…,"longestStallMs":…,"error":null,
 *  "sink":{…}}
 * ```
 *
 * `--bytes`, `--seconds`, `--rate-mbit`: 0 is no bound. `durationMs` is from the connection to the sink's answer,
 * `longestStallMs` what the sink saw.
 *
 * @module
 */
import { connect, type Socket } from 'node:net';
import { monotonicMs } from '../libc.ts';
import { parseLine } from '../process.ts';
import { parseEndpoint, parseFlow, report, runFlow, stopOrder } from './command.ts';
import { Content } from './content.ts';
import type { TcpSummary } from './tcpSink.ts';

/** How often the bucket of the rate is refilled. */
const TICK_MS = 5;
/** After a stall the source may catch up this much of its rate at once, no more. */
const BURST_MS = 250;

export async function main(argv: readonly string[]): Promise<number> {
  const options = parseFlow(argv, {
    to: '',
    'rate-mbit': 8,
    seed: 1,
    bytes: 0,
    seconds: 0,
    'finish-seconds': 30,
  });
  const stop = stopOrder(options.seconds);
  const { host, port } = parseEndpoint(options.to);
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });

  let answer = '';
  let error: string | null = null;
  const closed = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', (reason) => {
      error = reason.message;
    });
    socket.on('end', resolve);
    socket.on('close', () => resolve());
  });
  let connectedAtMs = Number.NaN;
  socket.once('connect', () => {
    connectedAtMs = monotonicMs();
    report({ event: 'connected', atMs: connectedAtMs });
  });

  const sender = new Sender(socket, options['rate-mbit'], options.seed, options.bytes);
  await Promise.race([stop, closed, sender.finished]);
  sender.stop();
  socket.end();
  await Promise.race([closed, Bun.sleep(options['finish-seconds'] * 1000)]);
  const durationMs = monotonicMs() - connectedAtMs;
  socket.destroy();

  const sink = parseLine<TcpSummary>(answer) ?? null;
  const sha256 = sender.sha256();
  const intact = sink !== null && sink.sha256 === sha256 && sink.bytes === sender.bytes;
  report({
    event: 'summary',
    bytes: sender.bytes,
    sha256,
    intact,
    connections: Number.isNaN(connectedAtMs) ? 0 : 1,
    durationMs,
    longestStallMs: sink?.longestStallMs ?? null,
    error: error ?? (sink === null ? 'the sink did not answer' : null),
    sink,
  });
  return intact ? 0 : 1;
}

class Sender {
  bytes = 0;
  readonly finished: Promise<void>;
  readonly #socket: Socket;
  readonly #bytesPerMs: number;
  readonly #bytesMax: number;
  readonly #content: Content;
  readonly #hash = new Bun.CryptoHasher('sha256');
  readonly #timer: Timer;
  #finish: () => void = () => {};
  #block = new Uint8Array(0);
  #allowance = 0;
  #refilledAtMs: number | null = null;
  #hasStopped = false;

  constructor(socket: Socket, rateMbit: number, seed: number, bytesMax: number) {
    this.#socket = socket;
    this.#bytesPerMs = rateMbit === 0 ? Number.POSITIVE_INFINITY : rateMbit * 125;
    this.#bytesMax = bytesMax === 0 ? Number.POSITIVE_INFINITY : bytesMax;
    this.#content = new Content(seed);
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#timer = setInterval(() => this.#pump(), TICK_MS);
    socket.on('drain', () => this.#pump());
  }

  stop(): void {
    this.#hasStopped = true;
    clearInterval(this.#timer);
  }

  sha256(): string {
    return this.#hash.digest('hex');
  }

  #pump(): void {
    if (this.#hasStopped || this.#socket.connecting || this.#socket.destroyed) return;
    const nowMs = monotonicMs();
    const earned = (nowMs - (this.#refilledAtMs ?? nowMs)) * this.#bytesPerMs;
    this.#refilledAtMs = nowMs;
    this.#allowance =
      this.#bytesPerMs === Number.POSITIVE_INFINITY
        ? this.#bytesPerMs
        : Math.min(this.#allowance + earned, this.#bytesPerMs * BURST_MS);
    while (this.#allowance >= 1 && !this.#socket.writableNeedDrain) {
      if (this.#block.length === 0) this.#block = this.#content.nextBlock();
      const left = Math.min(this.#allowance, this.#bytesMax - this.bytes, this.#block.length);
      const part = this.#block.subarray(0, left);
      this.#block = this.#block.subarray(part.length);
      this.#hash.update(part);
      this.bytes += part.length;
      this.#allowance -= part.length;
      this.#socket.write(part);
      if (this.bytes >= this.#bytesMax) {
        this.stop();
        this.#finish();
        return;
      }
    }
  }
}

if (import.meta.main) await runFlow(main);
