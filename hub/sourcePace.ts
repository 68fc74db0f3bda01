/**
 * How often the seat is told where data, or a copy of it, came from: a thousand packets from one address say nothing new.
 *
 * @module
 */
import type { Endpoint } from './endpoints.ts';

/** Repeats from one source on one transport are told to the seat this often at most. */
const TOLD_EVERY_MS = 20;
const TOLD_MAX = 32;

export class SourcePace {
  readonly #toldAtMs = new Map<string, number>();
  /** The source told of last: nearly always that of the next datagram too. */
  readonly #told = { transportId: 0, endpoint: null as Endpoint | null, atMs: 0 };

  /** Whether the seat is to hear of data; if so, that counts as told. */
  mayTell(transportId: number, endpoint: Endpoint, atMs: number): boolean {
    const told = this.#told;
    const isSame = told.transportId === transportId && told.endpoint === endpoint;
    if (isSame && atMs - told.atMs < TOLD_EVERY_MS) return false;
    if (!this.#mayTellOf(`${transportId} ${endpoint.text}`, atMs)) return false;
    told.transportId = transportId;
    told.endpoint = endpoint;
    told.atMs = atMs;
    return true;
  }

  /** The same of a duplicate. */
  mayTellOfDuplicate(transportId: number, endpoint: Endpoint, atMs: number): boolean {
    return this.#mayTellOf(`duplicate ${transportId} ${endpoint.text}`, atMs);
  }

  #mayTellOf(what: string, atMs: number): boolean {
    const toldAtMs = this.#toldAtMs.get(what);
    if (toldAtMs !== undefined && atMs - toldAtMs < TOLD_EVERY_MS) return false;
    if (toldAtMs === undefined && this.#toldAtMs.size >= TOLD_MAX) this.#toldAtMs.clear();
    this.#toldAtMs.set(what, atMs);
    return true;
  }
}
