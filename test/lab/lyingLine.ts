/**
 * A way to a broker on loopback that makes it a liar: each message that it delivers comes twice, and as retained where it
 * was not, or the other way round. What its client says passes as it is; an old one refuses a client that asks with MQTT 5.
 *
 * ```text
 *  PUBLISH (MQTT 5 §3.3.1):  first byte 0011 DUP QoS QoS RETAIN, then the remaining length in one to four bytes
 * ```
 *
 * @module
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { levelOf, REFUSES_5 } from './mqttLevel.ts';

const PUBLISH = 3;
const DUP = 0b1000;
const QOS = 0b0110;
const RETAIN = 0b0001;

export class LyingLine {
  port = 0;
  /** Messages that came twice, and those that came with the other retain flag. */
  repeated = 0;
  turned = 0;
  /** Connections that were told to ask with MQTT 3.1.1. */
  refused = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(target: number, isOld = false) {
    this.#server = createServer((near) => {
      const far = connect(target, '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => {});
        one.on('close', () => other.destroy());
      }
      near.once('data', (bytes: Buffer) => {
        if (isOld && levelOf(bytes) === 5) {
          this.refused += 1;
          near.end(REFUSES_5);
          return;
        }
        far.write(bytes);
        near.pipe(far);
      });
      let rest = Buffer.alloc(0);
      far.on('data', (bytes: Buffer) => {
        rest = Buffer.concat([rest, bytes]);
        for (let end = packetEnd(rest); end !== null; end = packetEnd(rest)) {
          for (const packet of this.#said(rest.subarray(0, end))) near.write(packet);
          rest = rest.subarray(end);
        }
      });
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    const address = this.#server.address();
    this.port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    return this;
  }

  /** What the client hears in the place of `packet`. */
  #said(packet: Buffer): readonly Buffer[] {
    const first = packet[0] ?? 0;
    if (first >> 4 !== PUBLISH) return [packet];
    const turned = Buffer.from(packet);
    turned[0] = first ^ RETAIN;
    this.turned += 1;
    if ((first & QOS) === 0) return [turned];
    const again = Buffer.from(turned);
    again[0] = (turned[0] ?? 0) | DUP;
    this.repeated += 1;
    return [turned, again];
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

/** Where the first packet of `bytes` ends; null: it is not there as a whole. */
function packetEnd(bytes: Buffer): number | null {
  let length = 0;
  for (let at = 1; at < 5; at++) {
    const byte = bytes[at];
    if (byte === undefined) return null;
    length += (byte & 0x7f) * 128 ** (at - 1);
    if (byte < 0x80) return bytes.length >= at + 1 + length ? at + 1 + length : null;
  }
  return null;
}
