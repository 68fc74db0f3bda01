/**
 * A daemon's main thread talking to its tunnel thread: messages out, events in, questions answered.
 *
 * A message with a `requestId` is the answer to a question; every other one is emitted as `message`.
 * The tunnel thread sleeps in poll(2): each post is followed by a signal on its eventfd.
 *
 * @module
 */
import { TypedEmitter } from 'tiny-typed-emitter';
import type { Wake } from './wake.ts';

const ANSWER_MAX_MS = 2_000;

interface Message {
  readonly kind: string;
}

export type AnswerIn<Received> = Extract<Received, { readonly requestId: number }>;

interface LinkEvents<Received> {
  message: (message: Exclude<Received, { readonly requestId: number }>) => void;
}

export class ThreadLink<Sent extends Message, Received extends Message> extends TypedEmitter<
  LinkEvents<Received>
> {
  readonly #port: MessagePort;
  readonly #wake: Wake;
  readonly #waiting = new Map<number, (answer: AnswerIn<Received>) => void>();
  #requests = 0;

  /** `port` is this thread's end; listeners have to be there before the event loop turns. */
  constructor(port: MessagePort, wake: Wake) {
    super();
    this.#port = port;
    this.#wake = wake;
    port.onmessage = ({ data }) => this.#take(data as Received);
  }

  /** The message is there when the thread wakes: it drains the port after the eventfd. */
  post(message: Sent): void {
    this.#port.postMessage(message);
    this.#wake.signal();
  }

  /** Ask and wait; rejects if the thread does not answer in time. */
  ask(question: (requestId: number) => Sent): Promise<AnswerIn<Received>> {
    this.#requests += 1;
    const requestId = this.#requests;
    const { promise, resolve, reject } = Promise.withResolvers<AnswerIn<Received>>();
    const patience = setTimeout(() => {
      this.#waiting.delete(requestId);
      reject(new Error('the tunnel thread does not answer'));
    }, ANSWER_MAX_MS);
    this.#waiting.set(requestId, (answer) => {
      clearTimeout(patience);
      resolve(answer);
    });
    this.post(question(requestId));
    return promise;
  }

  #take(message: Received): void {
    if (!isAnswer(message)) {
      const told = message as Exclude<Received, { readonly requestId: number }>;
      this.emit('message', ...([told] as Parameters<LinkEvents<Received>['message']>));
      return;
    }
    this.#waiting.get(message.requestId)?.(message);
    this.#waiting.delete(message.requestId);
  }
}

function isAnswer<Received extends Message>(message: Received): message is AnswerIn<Received> {
  return 'requestId' in message && typeof message.requestId === 'number';
}
