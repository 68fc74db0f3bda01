/**
 * The TCP transfer of one end: the device's sends at a steady rate, the other one notes when bytes come.
 *
 * @module
 */
import { NativeMemory } from '../../libc.ts';
import type { Recorder } from './record.ts';
import {
  abortStream,
  acceptStream,
  closeSocket,
  dialStream,
  listenForStreams,
  receiveSome,
  type StreamProtocol,
  sendSome,
} from './sockets.ts';

export const STREAM_MBIT = 8;
const TICK_MS = 1;
const TICK_BYTES = (STREAM_MBIT * 1e6) / 8 / (1000 / TICK_MS);
/** After a stall the source may catch up this much, no more. */
const OWED_BYTES_MAX = 250 * TICK_BYTES;
/** Writes, or reads, in a row before others have their turn. */
const BATCH = 8;
const CHUNK_BYTES = 65_536;

const outgoing = new NativeMemory(TICK_BYTES);
const incoming = new NativeMemory(CHUNK_BYTES);

export class StreamSource {
  readonly fd: number;
  sentBytes = 0;
  isSending = true;
  #tickAtMs: number;
  #owedBytes = 0;

  constructor(peer: string, port: number, protocol: StreamProtocol, nowMs: number) {
    this.fd = dialStream(peer, port, protocol);
    this.#tickAtMs = nowMs;
  }

  get nextAtMs(): number {
    return this.isSending ? this.#tickAtMs + TICK_MS : Number.POSITIVE_INFINITY;
  }

  send(nowMs: number): void {
    while (this.nextAtMs <= nowMs) {
      this.#tickAtMs += TICK_MS;
      this.#owedBytes = Math.min(this.#owedBytes + TICK_BYTES, OWED_BYTES_MAX);
    }
    for (let i = 0; i < BATCH && this.isSending && this.#owedBytes >= TICK_BYTES; i += 1) {
      const bytes = sendSome(this.fd, outgoing, TICK_BYTES);
      if (bytes <= 0) return;
      this.sentBytes += bytes;
      this.#owedBytes -= bytes;
    }
  }

  close(): void {
    abortStream(this.fd);
  }
}

/** Takes one connection. */
export class StreamSink {
  receivedBytes = 0;
  readonly #listener: number;
  readonly #recorder: Recorder;
  #fd = -1;

  constructor(port: number, protocol: StreamProtocol, recorder: Recorder) {
    this.#listener = listenForStreams(port, protocol);
    this.#recorder = recorder;
  }

  /** What poll(2) is to watch. */
  get fd(): number {
    return this.#fd < 0 ? this.#listener : this.#fd;
  }

  receive(clockMs: () => number): void {
    if (this.#fd < 0) {
      this.#fd = acceptStream(this.#listener);
      return;
    }
    for (let i = 0; i < BATCH; i += 1) {
      const bytes = receiveSome(this.#fd, incoming);
      if (bytes <= 0) return;
      this.receivedBytes += bytes;
      this.#recorder.tcp(clockMs());
    }
  }

  close(): void {
    if (this.#fd >= 0) abortStream(this.#fd);
    closeSocket(this.#listener);
  }
}
