/**
 * One end of a round's flows, for many rounds: UDP at 1 kHz out and in, and the TCP transfer. Orders on standard input,
 * one JSON object a line, each answered by one line on standard output.
 *
 * ```text
 * {"id":1,"op":"open","round":7,"peer":"10.79.0.2","udp":true,"tcp":"dial","protocol":"tcp"}     → {"id":1,"ok":true,…}
 * {"id":2,"op":"settle","afterMs":…,"datagrams":100,"bytes":50000}     answered when so much has arrived
 * {"id":9,"op":"look"}                                                 answered at once
 * {"id":3,"op":"stop"}                                                 send no more; → "sent": datagrams
 * {"id":4,"op":"drain","seq":1234}                                     answered when that one has arrived
 * {"id":5,"op":"report","file":"/…"}                                   writes the record (record.ts), ends the round
 * ```
 *
 * A new `settle` or `drain` takes the place of one that was not answered. One thread in one ppoll(2), as the link
 * emulator; the event loop never runs and nothing is allocated while flows run, so that neither timers nor the
 * collector make gaps. When it did not run for longer than a pause it says so in its record.
 *
 * @module
 */
import { writeFileSync, writeSync } from 'node:fs';
import { libc, NativeMemory } from '../../libc.ts';
import { DatagramFlow } from './datagrams.ts';
import { Recorder } from './record.ts';
import type { StreamProtocol } from './sockets.ts';
import { StreamSink, StreamSource } from './streams.ts';

export const UDP_PORT = 7002;
export const TCP_PORT = 7001;
export const MPTCP_PORT = 7003;

export type LoadOrder =
  | {
      readonly op: 'open';
      readonly round: number;
      readonly peer: string;
      readonly udp: boolean;
      readonly tcp: 'dial' | 'listen';
      readonly protocol: StreamProtocol;
    }
  | {
      readonly op: 'settle';
      readonly afterMs: number;
      /** Of those sent after `afterMs`. */
      readonly datagrams: number;
      /** Of the transfer, from its beginning. */
      readonly bytes: number;
    }
  | { readonly op: 'look' }
  | { readonly op: 'stop' }
  | { readonly op: 'drain'; readonly seq: number }
  | { readonly op: 'report'; readonly file: string };

/**
 * `nowMs` is CLOCK_MONOTONIC at the answer, `sent` counts datagrams, `streamBytes` what the transfer's source has handed to
 * the kernel or its sink has got.
 */
export type LoadAnswer =
  | {
      readonly id: number;
      readonly ok: true;
      readonly nowMs: number;
      readonly sent: number;
      readonly streamBytes: number;
    }
  | { readonly id: number; readonly ok: false; readonly error: string };

const CLOCK_MONOTONIC = 1;
const PR_SET_TIMERSLACK = 29;
const POLLIN = 1;
const POLLFD_BYTES = 8;
const POLLED = 3;
const STDIN = 0;
const STDOUT = 1;
const ORDER_BYTES = 65_536;
/** While it sends, it wakes every millisecond; longer than this is worth telling. Chosen. */
const PAUSE_MS = 3;

const timespec = new NativeMemory(16);
const timespecAt = timespec.at(0);

/** Without a BigInt, which would be an allocation. */
function clockMs(): number {
  libc.clock_gettime(CLOCK_MONOTONIC, timespecAt);
  return timespec.view.getUint32(0, true) * 1000 + timespec.view.getUint32(8, true) / 1e6;
}

class Load {
  readonly #recorder = new Recorder();
  readonly #polled = new NativeMemory(POLLED * POLLFD_BYTES);
  readonly #polledAt = this.#polled.at(0);
  readonly #timeout = new NativeMemory(16);
  readonly #timeoutAt = this.#timeout.at(0);
  readonly #input = new NativeMemory(ORDER_BYTES);
  readonly #decoder = new TextDecoder();
  #rest = '';
  #udp: DatagramFlow | null = null;
  #source: StreamSource | null = null;
  #sink: StreamSink | null = null;
  #wanted: { id: number; datagrams: number; bytes: number; seq: number } | null = null;

  /** Until standard input ends. */
  run(): void {
    let beforeMs = clockMs();
    for (;;) {
      const nowMs = clockMs();
      const isBusy = this.#udp?.isSending === true;
      if (isBusy && nowMs - beforeMs > PAUSE_MS) this.#recorder.pause(beforeMs, nowMs - beforeMs);
      beforeMs = nowMs;
      this.#udp?.send(nowMs);
      this.#source?.send(nowMs);
      this.#watch();
      const nextAtMs = Math.min(
        this.#udp?.nextAtMs ?? Number.POSITIVE_INFINITY,
        this.#source?.nextAtMs ?? Number.POSITIVE_INFINITY,
      );
      const ready = libc.ppoll(this.#polledAt, POLLED, this.#timeoutUntil(nextAtMs), null);
      if (ready > 0) {
        if (this.#isReady(1)) this.#udp?.receive(clockMs);
        if (this.#isReady(2)) this.#sink?.receive(clockMs);
        if (this.#wanted !== null) this.#answerWanted();
        if (this.#isReady(0)) {
          if (!this.#readOrders()) return;
          // What an order took is no pause of the flows.
          beforeMs = clockMs();
        }
      }
    }
  }

  #watch(): void {
    this.#set(0, STDIN);
    this.#set(1, this.#udp?.fd ?? -1);
    this.#set(2, this.#sink?.fd ?? -1);
  }

  #set(index: number, fd: number): void {
    this.#polled.view.setInt32(index * POLLFD_BYTES, fd, true);
    this.#polled.view.setInt16(index * POLLFD_BYTES + 4, POLLIN, true);
    this.#polled.view.setInt16(index * POLLFD_BYTES + 6, 0, true);
  }

  #isReady(index: number): boolean {
    return this.#polled.view.getInt16(index * POLLFD_BYTES + 6, true) !== 0;
  }

  #timeoutUntil(atMs: number) {
    if (atMs === Number.POSITIVE_INFINITY) return null;
    const nanoseconds = Math.min(999_999_999, Math.max(0, Math.ceil((atMs - clockMs()) * 1e6)));
    // 64-bit fields whose upper halves stay zero.
    this.#timeout.view.setUint32(8, nanoseconds, true);
    return this.#timeoutAt;
  }

  /** False at the end of the input. */
  #readOrders(): boolean {
    const bytes = Number(libc.read(STDIN, this.#input.at(0), ORDER_BYTES));
    if (bytes <= 0) return false;
    const text = this.#decoder.decode(this.#input.bytes.slice(0, bytes), { stream: true });
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#take(line);
    return true;
  }

  #take(line: string): void {
    const order = JSON.parse(line) as LoadOrder & { readonly id: number };
    try {
      if (this.#obey(order)) this.#answer(order.id);
    } catch (error) {
      print({ id: order.id, ok: false, error: (error as Error).message });
    }
  }

  /** Whether to answer at once. */
  #obey(order: LoadOrder & { readonly id: number }): boolean {
    switch (order.op) {
      case 'open': {
        this.#close();
        this.#recorder.clear();
        const port = order.protocol === 'tcp' ? TCP_PORT : MPTCP_PORT;
        const { peer, round, protocol } = order;
        const recorder = this.#recorder;
        if (order.tcp === 'listen') this.#sink = new StreamSink(port, protocol, recorder);
        else this.#source = new StreamSource(peer, port, protocol, clockMs());
        if (order.udp) this.#udp = new DatagramFlow(peer, UDP_PORT, round, recorder, clockMs());
        return true;
      }
      case 'settle':
        if (this.#udp !== null) {
          this.#udp.countFromMs = order.afterMs;
          this.#udp.counted = 0;
        }
        this.#wanted = {
          id: order.id,
          datagrams: this.#udp === null ? 0 : order.datagrams,
          bytes: this.#sink === null ? 0 : order.bytes,
          seq: -1,
        };
        this.#answerWanted();
        return false;
      case 'look':
        return true;
      case 'stop':
        if (this.#udp !== null) this.#udp.isSending = false;
        if (this.#source !== null) this.#source.isSending = false;
        return true;
      case 'drain':
        this.#wanted = { id: order.id, datagrams: 0, bytes: 0, seq: order.seq };
        this.#answerWanted();
        return false;
      case 'report':
        writeFileSync(order.file, this.#recorder.bytes());
        this.#close();
        if (this.#recorder.dropped > 0) throw new Error('the round was too long to be recorded');
        return true;
      default:
        throw new Error(`no order ${JSON.stringify(order)}`);
    }
  }

  #answerWanted(): void {
    const wanted = this.#wanted;
    if (wanted === null) return;
    const { counted = 0, highestSeq = -1 } = this.#udp ?? {};
    const receivedBytes = this.#sink?.receivedBytes ?? 0;
    if (counted < wanted.datagrams || receivedBytes < wanted.bytes) return;
    if (this.#udp !== null && highestSeq < wanted.seq) return;
    this.#wanted = null;
    this.#answer(wanted.id);
  }

  #answer(id: number): void {
    const streamBytes = this.#source?.sentBytes ?? this.#sink?.receivedBytes ?? 0;
    print({ id, ok: true, nowMs: clockMs(), sent: this.#udp?.sent ?? 0, streamBytes });
  }

  #close(): void {
    this.#udp?.close();
    this.#source?.close();
    this.#sink?.close();
    this.#udp = null;
    this.#source = null;
    this.#sink = null;
    this.#wanted = null;
  }
}

function print(answer: LoadAnswer): void {
  writeSync(STDOUT, `${JSON.stringify(answer)}\n`);
}

if (import.meta.main) {
  libc.prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  new Load().run();
  process.exit(0);
}
