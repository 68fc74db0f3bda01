/**
 * Who waits for an answer to which command: the newest for each id, of the newest ids that have none yet.
 *
 * @module
 */
import { ANSWERS_MAX } from '../policies/signed/state.ts';
import type { CommandRequest } from './telemetry.ts';

export class CommandRequests {
  readonly #byId = new Map<string, CommandRequest>();

  remember(request: CommandRequest): void {
    const { id } = request.place;
    this.#byId.delete(id);
    this.#byId.set(id, request);
    const [oldest] = this.#byId.keys();
    if (this.#byId.size > ANSWERS_MAX && oldest !== undefined) this.#byId.delete(oldest);
  }

  /** To be answered, and forgotten by that: whoever asks again says again who waits. Null: not known any more. */
  take(id: string): CommandRequest | null {
    const request = this.#byId.get(id) ?? null;
    this.#byId.delete(id);
    return request;
  }
}
