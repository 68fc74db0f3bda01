/**
 * A way to a port on loopback that can be cut and mended, or is slow: what a broker and a device see of a network that goes away.
 *
 * @module
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

export class CuttableLine {
  port = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  /** @param delayMs how long each byte is under way, one way. */
  constructor(target: number, delayMs = 0) {
    this.#server = createServer((near) => {
      if (this.#isCut) return void near.destroy();
      const far = connect(target, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on('error', () => {});
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        if (delayMs === 0) from.pipe(to);
        else from.on('data', (bytes) => setTimeout(() => to.write(bytes), delayMs));
      }
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    const address = this.#server.address();
    this.port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    return this;
  }

  /** Both ends see their connections end without a word, and no new one comes about. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  [Symbol.dispose](): void {
    this.cut();
    this.#server.close();
  }
}
