/**
 * A way to a broker on loopback that carries so many bytes a second towards its client, in order, and the other way whatever there is.
 *
 * @module
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

const TICK_MS = 20;

export class SlowLine {
  port = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<Timer>();
  #isStill = false;

  constructor(target: number, bytesPerS: number) {
    this.#server = createServer((near) => {
      const far = connect(target, '127.0.0.1');
      const waiting: Uint8Array[] = [];
      const timer = setInterval(() => {
        if (this.#isStill) return;
        carry(waiting, near, Math.ceil((bytesPerS * TICK_MS) / 1_000));
        // What the broker said before its end comes before it.
        if (far.destroyed && waiting.length === 0) near.destroy();
      }, TICK_MS);
      this.#timers.add(timer);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
      }
      near.on('close', () => {
        clearInterval(timer);
        far.destroy();
      });
      near.pipe(far);
      far.on('data', (bytes: Uint8Array) => waiting.push(bytes));
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    const address = this.#server.address();
    this.port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    return this;
  }

  /** Nothing more comes to the client, and nobody is told. */
  stand(): void {
    this.#isStill = true;
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

function carry(waiting: Uint8Array[], to: Socket, bytesMax: number): void {
  let leftBytes = bytesMax;
  while (leftBytes > 0) {
    const first = waiting.shift();
    if (first === undefined) return;
    to.write(first.subarray(0, leftBytes));
    if (first.length > leftBytes) waiting.unshift(first.subarray(leftBytes));
    leftBytes -= first.length;
  }
}
