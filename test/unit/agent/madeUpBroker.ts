/**
 * A broker on loopback that lets anybody in and says what a test tells it to say, right or wrong.
 *
 * Packets are put together by hand, after MQTT 5 §3 and 3.1.1 §3; what a client publishes is acknowledged.
 *
 * @module
 */
import { createServer, type Server, type Socket } from 'node:net';

const PACKET = {
  ...{ connect: 1, publish: 3, puback: 4, subscribe: 8, pingreq: 12, disconnect: 14 },
} as const;
const GRANTED = 1;

/** What a broker should do, and this one may leave. */
export interface Manners {
  /** Left out: it closes when the client does. */
  readonly closes?: boolean;
  /** Left out: what is published at QoS 1 is acknowledged. */
  readonly acknowledges?: boolean;
  /** Behind so many SUBACKs; left out: the connection lives on. */
  readonly hangsUpAfter?: number;
  /** Whoever says nothing for one and a half keepalives is thrown out (MQTT 5 §3.1.2.10). Left out: nobody is. */
  readonly watchesKeepalive?: boolean;
}

export interface Saying {
  readonly qos?: 0 | 1 | 2;
  readonly isRetained?: boolean;
}

export class MadeUpBroker {
  url = '';
  connections = 0;
  /** Acknowledgements of what was published to the client. */
  acknowledged = 0;
  /** Topics, in the order in which they were asked for. */
  readonly subscribed: string[] = [];
  /** Properties of the newest CONNECT, as they came; empty in 3.1.1. */
  connectProperties: readonly number[] = [];
  /** Whether the newest CONNECT wanted a clean start. */
  isClean = true;
  /** Said with the answer to CONNECT, in one piece: what a session had kept. */
  kept: readonly { readonly topic: string; readonly payload: Uint8Array }[] = [];
  /** What clients published, each as it came behind its length. */
  readonly published: (readonly number[])[] = [];
  /** DISCONNECTs, each as it came behind its length. */
  readonly goodbyes: (readonly number[])[] = [];
  /** Reason code of SUBACK. */
  subackCode = GRANTED;
  /** Said to whoever asks for one of these by its name. */
  readonly retained = new Map<string, Uint8Array>();
  /** Said to whoever asks for one of these filters, each in a piece of its own, before SUBACK. */
  readonly retainedUnder = new Map<string, ReadonlyMap<string, Uint8Array>>();
  pings = 0;
  /** By `watchesKeepalive`. */
  thrownOut = 0;
  /** MQTT 5 §3.8.4 allows both: before SUBACK, or behind it. */
  isRetainedFirst = false;
  readonly #server: Server;
  readonly #manners: Manners;
  #client: Socket | null = null;
  #level = 5;
  #nextId = 1;
  /** Of the newest connection. */
  #subacks = 0;
  #keepaliveS = 0;

  constructor(manners: Manners = {}) {
    this.#manners = manners;
    const allowHalfOpen = manners.closes === false;
    this.#server = createServer({ allowHalfOpen }, (socket) => {
      let waiting: readonly number[] = [];
      socket.on('error', () => {});
      let patience: Timer | undefined;
      socket.on('close', () => clearTimeout(patience));
      socket.on('data', (bytes: Uint8Array) => {
        waiting = this.#take(socket, [...waiting, ...bytes]);
        clearTimeout(patience);
        if (manners.watchesKeepalive !== true) return;
        patience = setTimeout(() => {
          this.thrownOut += 1;
          socket.destroy();
        }, this.#keepaliveS * 1_500);
      });
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    const address = this.#server.address();
    this.url = `mqtt://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    return this;
  }

  close(): void {
    this.#client?.destroy();
    this.#server.close();
  }

  /** The newest connection ends without a word. */
  drop(): void {
    this.#client?.destroy();
  }

  /** All of them in one piece. */
  publish(topic: string, payloads: readonly Uint8Array[], how: Saying = {}): void {
    this.#client?.write(
      Uint8Array.from(payloads.flatMap((payload) => this.#publishing(topic, payload, how))),
    );
  }

  /** Whatever it is, to the newest client. */
  say(...bytes: number[]): void {
    this.#client?.write(Uint8Array.from(bytes));
  }

  /** One publish of 256 MB, until the connection is gone or so much of it was taken. @returns how much. */
  async flood(bytesMax: number): Promise<number> {
    const socket = this.#client;
    if (socket === null) return 0;
    const piece = new Uint8Array(262_144);
    let takenBytes = 0;
    await new Promise<void>((done) => {
      socket.once('close', done);
      const more = () => {
        if (socket.destroyed || takenBytes >= bytesMax) return done();
        socket.write(piece, (error) => {
          if (error) return done();
          takenBytes += piece.length;
          more();
        });
      };
      this.say(0x30, 0xff, 0xff, 0xff, 0x7f);
      more();
    });
    return takenBytes;
  }

  #publishing(topic: string, payload: Uint8Array, { qos = 1, isRetained = false }: Saying) {
    const name = [...new TextEncoder().encode(topic)];
    const id = qos === 0 ? [] : twoBytes(this.#nextId++);
    const properties = this.#level === 5 ? [0] : [];
    const body = [...twoBytes(name.length), ...name, ...id, ...properties, ...payload];
    const first = (PACKET.publish << 4) | (qos << 1) | Number(isRetained);
    return [first, ...lengthOf(body.length), ...body];
  }

  /** What is left of it: a packet that is not whole. */
  #take(socket: Socket, bytes: readonly number[]): readonly number[] {
    const length = readLength(bytes);
    if (length === null || bytes.length < length.endsAt) return bytes;
    this.#answer(socket, bytes[0] ?? 0, bytes.slice(length.beginsAt, length.endsAt));
    return this.#take(socket, bytes.slice(length.endsAt));
  }

  #answer(socket: Socket, first: number, body: readonly number[]): void {
    const say = (...bytes: number[]) => socket.write(Uint8Array.from(bytes));
    switch (first >> 4) {
      case PACKET.connect: {
        this.#client = socket;
        this.connections += 1;
        this.#subacks = 0;
        this.#level = body[6] ?? 5;
        this.#keepaliveS = ((body[8] ?? 0) << 8) + (body[9] ?? 0);
        const isFive = this.#level === 5;
        this.connectProperties = isFive ? body.slice(11, 11 + (body[10] ?? 0)) : [];
        this.isClean = ((body[7] ?? 0) & 0x02) !== 0;
        const isPresent = !this.isClean;
        const kept = isPresent ? this.kept : [];
        return void say(
          ...[0x20, isFive ? 3 : 2, Number(isPresent), 0, ...(isFive ? [0] : [])],
          ...kept.flatMap(({ topic, payload }) => this.#publishing(topic, payload, {})),
        );
      }
      case PACKET.subscribe: {
        const [high = 0, low = 0, ...rest] = body;
        const asked = topicsOf(this.#level === 5 ? rest.slice(1) : rest);
        this.subscribed.push(...asked);
        const answers = [...(this.#level === 5 ? [0] : []), ...asked.map(() => this.subackCode)];
        const answer = [0x90, 2 + answers.length, high, low, ...answers];
        const retained = asked.flatMap((topic) => {
          const payload = this.retained.get(topic);
          const how = { qos: 0, isRetained: true } as const;
          return payload === undefined ? [] : this.#publishing(topic, payload, how);
        });
        for (const topic of asked) {
          for (const [name, payload] of this.retainedUnder.get(topic) ?? []) {
            this.publish(name, [payload], { qos: 0, isRetained: true });
          }
        }
        say(...(this.isRetainedFirst ? [retained, answer] : [answer, retained]).flat());
        this.#subacks += 1;
        if (this.#subacks === this.#manners.hangsUpAfter) socket.end();
        return;
      }
      case PACKET.publish: {
        this.published.push(body);
        const name = ((body[0] ?? 0) << 8) + (body[1] ?? 0);
        const isAnswered = (first & 0x06) !== 0 && this.#manners.acknowledges !== false;
        if (isAnswered) say(0x40, 2, body[2 + name] ?? 0, body[3 + name] ?? 0);
        return;
      }
      case PACKET.pingreq:
        this.pings += 1;
        return void say(0xd0, 0);
      case PACKET.disconnect:
        return void this.goodbyes.push(body);
      case PACKET.puback:
        this.acknowledged += 1;
    }
  }
}

/** Each followed by a byte of options. */
function topicsOf(bytes: readonly number[]): readonly string[] {
  if (bytes.length < 3) return [];
  const endsAt = 2 + ((bytes[0] ?? 0) << 8) + (bytes[1] ?? 0);
  const topic = new TextDecoder().decode(Uint8Array.from(bytes.slice(2, endsAt)));
  return [topic, ...topicsOf(bytes.slice(endsAt + 1))];
}

const twoBytes = (value: number) => [(value >> 8) & 0xff, value & 0xff];

function lengthOf(bytes: number): number[] {
  return bytes < 0x80 ? [bytes] : [(bytes & 0x7f) | 0x80, ...lengthOf(bytes >> 7)];
}

function readLength(bytes: readonly number[]): { beginsAt: number; endsAt: number } | null {
  let length = 0;
  for (let at = 1; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    length += (byte & 0x7f) * 0x80 ** (at - 1);
    if (byte < 0x80) return { beginsAt: at + 1, endsAt: at + 1 + length };
  }
  return null;
}
