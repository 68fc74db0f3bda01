/**
 * The main thread's end of the line to the tunnel thread.
 *
 * @module
 */
import type { MessagePort as NodePort } from 'node:worker_threads';
import type { Wake } from '../hal/wake.ts';
import type { FromHub, PeerStatus, ToHub, TunnelStatus } from './messages.ts';

const ANSWER_MAX_MS = 2_000;

type Answer = Extract<FromHub, { kind: 'status' | 'peers' }>;

export class TunnelLink {
  readonly #port: NodePort;
  readonly #wake: Wake;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #requests = 0;

  constructor(port: NodePort, wake: Wake) {
    this.#port = port;
    this.#wake = wake;
  }

  /** The message is there when the thread wakes: it drains the port after the eventfd. */
  post(message: ToHub): void {
    this.#port.postMessage(message);
    this.#wake.signal();
  }

  onMessage(take: (message: Exclude<FromHub, Answer>) => void): void {
    this.#port.on('message', (message: FromHub) => {
      if (message.kind !== 'status' && message.kind !== 'peers') return take(message);
      this.#waiting.get(message.requestId)?.(message);
      this.#waiting.delete(message.requestId);
    });
  }

  /** Rejects if the thread does not answer in time. */
  async status(): Promise<TunnelStatus> {
    const answer = await this.#ask('status');
    if (answer.kind !== 'status') throw new Error('the tunnel thread answered something else');
    return answer.status;
  }

  async peers(): Promise<readonly PeerStatus[]> {
    const answer = await this.#ask('peers');
    if (answer.kind !== 'peers') throw new Error('the tunnel thread answered something else');
    return answer.peers;
  }

  #ask(kind: 'status' | 'peers'): Promise<Answer> {
    this.#requests += 1;
    const requestId = this.#requests;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const patience = setTimeout(() => {
      this.#waiting.delete(requestId);
      reject(new Error('the tunnel thread does not answer'));
    }, ANSWER_MAX_MS);
    this.#waiting.set(requestId, (answer) => {
      clearTimeout(patience);
      resolve(answer);
    });
    this.post({ kind, requestId });
    return promise;
  }
}
