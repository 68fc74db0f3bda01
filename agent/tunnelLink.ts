/**
 * The main thread's end of the line to the tunnel thread.
 *
 * @module
 */
import type { MessagePort as NodePort } from 'node:worker_threads';
import type { Wake } from '../hal/wake.ts';
import type { FromTunnel, ToTunnel } from './messages.ts';
import type { TunnelStatus } from './status.ts';

const ANSWER_MAX_MS = 2_000;

export class TunnelLink {
  readonly #port: NodePort;
  readonly #wake: Wake;
  readonly #waiting = new Map<number, (status: TunnelStatus) => void>();
  #requests = 0;

  constructor(port: NodePort, wake: Wake) {
    this.#port = port;
    this.#wake = wake;
  }

  /** The message is there when the thread wakes: it drains the port after the eventfd. */
  post(message: ToTunnel): void {
    this.#port.postMessage(message);
    this.#wake.signal();
  }

  onMessage(take: (message: FromTunnel) => void): void {
    this.#port.on('message', (message: FromTunnel) => {
      if (message.kind === 'status') {
        this.#waiting.get(message.requestId)?.(message.status);
        this.#waiting.delete(message.requestId);
      }
      take(message);
    });
  }

  /** What the tunnel thread is doing now; rejects if it does not answer in time. */
  status(): Promise<TunnelStatus> {
    const requestId = ++this.#requests;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(requestId);
        reject(new Error('the tunnel thread does not answer'));
      }, ANSWER_MAX_MS);
      this.#waiting.set(requestId, (status) => {
        clearTimeout(timer);
        resolve(status);
      });
      this.post({ kind: 'status', requestId });
    });
  }
}
