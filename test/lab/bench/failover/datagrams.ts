/**
 * The UDP flow of one end: numbered datagrams out at a steady rate, and what came in.
 *
 * ```text
 *  0               4               8                               16                              24 … 200
 *  +---------------+---------------+-------------------------------+-------------------------------+
 *  |    "jvfo"     |  round, u32   |  seq, from 0, float64         |  sentAtMs, float64            |
 *  +---------------+---------------+-------------------------------+-------------------------------+
 * ```
 *
 * Big-endian. What belongs to another round is dropped. Nothing is allocated for a datagram.
 *
 * @module
 */
import { NativeMemory } from '../../libc.ts';
import type { Recorder } from './record.ts';
import { closeSocket, openDatagrams, receiveSome, sendSome } from './sockets.ts';

const MAGIC = 0x6a76666f;
const DATAGRAM_BYTES = 200;
const HEADER_BYTES = 24;
export const DATAGRAMS_PER_SECOND = 1000;
const INTERVAL_MS = 1000 / DATAGRAMS_PER_SECOND;
/** Received in a row before the sender has its turn. */
const BATCH = 64;

const outgoing = new NativeMemory(DATAGRAM_BYTES);
const incoming = new NativeMemory(2048);

export class DatagramFlow {
  readonly fd: number;
  sent = 0;
  isSending = true;
  highestSeq = -1;
  /** Arrivals of what was sent from {@link countFromMs} on. */
  counted = 0;
  countFromMs = Number.POSITIVE_INFINITY;
  readonly #round: number;
  readonly #recorder: Recorder;
  readonly #startAtMs: number;

  constructor(peer: string, port: number, round: number, recorder: Recorder, nowMs: number) {
    this.fd = openDatagrams(peer, port);
    this.#round = round;
    this.#recorder = recorder;
    this.#startAtMs = nowMs;
    outgoing.view.setUint32(0, MAGIC);
    outgoing.view.setUint32(4, round);
  }

  get nextAtMs(): number {
    return this.isSending ? this.#startAtMs + this.sent * INTERVAL_MS : Number.POSITIVE_INFINITY;
  }

  /** Send what is due. One that the kernel refuses counts as sent: the application had it to send. */
  send(nowMs: number): void {
    while (this.nextAtMs <= nowMs) {
      outgoing.view.setFloat64(8, this.sent);
      outgoing.view.setFloat64(16, nowMs);
      sendSome(this.fd, outgoing, DATAGRAM_BYTES);
      this.sent += 1;
    }
  }

  receive(clockMs: () => number): void {
    for (let i = 0; i < BATCH; i += 1) {
      const bytes = receiveSome(this.fd, incoming);
      // An error that an ICMP message left behind is one failed call.
      if (bytes < 0) return;
      const { view } = incoming;
      if (bytes < HEADER_BYTES || view.getUint32(0) !== MAGIC) continue;
      if (view.getUint32(4) !== this.#round) continue;
      const seq = view.getFloat64(8);
      const sentAtMs = view.getFloat64(16);
      this.#recorder.arrival(seq, sentAtMs, clockMs());
      if (seq > this.highestSeq) this.highestSeq = seq;
      if (sentAtMs >= this.countFromMs) this.counted += 1;
    }
  }

  close(): void {
    closeSocket(this.fd);
  }
}
