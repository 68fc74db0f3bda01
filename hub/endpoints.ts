/**
 * Outer addresses, and the sockets by which they are reached.
 *
 * One object for each address, so that the data path compares and sends without parsing. An address
 * is answered on the socket it was heard on last. Kept are only those from which something authentic
 * came, so that strangers cannot push them out; bounded all the same: what was kept first is forgotten
 * and made anew when it is needed.
 *
 * @module
 */
import { type DatagramSocket, SEND } from '../hal/datagram.ts';
import type { Memory, NewMemory } from '../session/memory.ts';
import { formatAddress, parseAddress, type SocketAddress } from '../session/wire/address.ts';
import type { Counters } from './counters.ts';

/** Chosen: two or three a device for the largest fleets that one hub serves. */
const ENDPOINTS_MAX = 16_384;
/** The longest message that is not data. */
const MESSAGE_BYTES = 4_096;

export interface Endpoint {
  readonly address: SocketAddress;
  /** Canonical `ip:port`. */
  readonly text: string;
  socket: DatagramSocket;
}

export class Endpoints {
  readonly sockets: readonly DatagramSocket[];
  readonly #counters: Counters;
  readonly #message: Memory;
  readonly #byText = new Map<string, Endpoint>();
  /** The sender heard last on each socket: most datagrams come from the same one as before. */
  readonly #lastOn = new Map<DatagramSocket, { source: SocketAddress; endpoint: Endpoint }>();

  constructor(sockets: readonly DatagramSocket[], counters: Counters, newMemory: NewMemory) {
    this.#message = newMemory(MESSAGE_BYTES);
    this.sockets = sockets;
    this.#counters = counters;
  }

  /** Who sent what `socket` received last. */
  heard(socket: DatagramSocket): Endpoint {
    const { source } = socket;
    const last = this.#lastOn.get(socket);
    if (last !== undefined && last.source === source) {
      last.endpoint.socket = socket;
      return last.endpoint;
    }
    const text = formatAddress(source);
    const endpoint = this.#byText.get(text) ?? { address: source, text, socket };
    endpoint.socket = socket;
    this.#lastOn.set(socket, { source, endpoint });
    return endpoint;
  }

  /** The endpoint of a canonical text, or null where it is no address. */
  find(text: string): Endpoint | null {
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const address = parseAddress(text);
    if (!address.ok) return null;
    const endpoint = { address: address.value, text, socket: this.sockets[0]! };
    this.keep(endpoint);
    return endpoint;
  }

  /** Something authentic came from there. */
  keep(endpoint: Endpoint): void {
    if (this.#byText.get(endpoint.text) === endpoint) return;
    if (this.#byText.size >= ENDPOINTS_MAX) {
      const [oldest] = this.#byText.keys();
      if (oldest !== undefined) this.#byText.delete(oldest);
    }
    this.#byText.set(endpoint.text, endpoint);
  }

  /** Send a run (`hal/datagram.ts`); false if the system refused it, or a part of it. */
  send(
    endpoint: Endpoint,
    memory: Memory,
    at: number,
    bytes: number,
    segmentBytes: number,
    ecn: number,
  ): boolean {
    const { socket, address } = endpoint;
    if (socket.send(memory, at, bytes, segmentBytes, ecn, address) === SEND.sent) return true;
    this.#counters.count('send_failed', socket.unsentCount);
    return false;
  }

  /** Send one message that is not data: its own bytes, sealed or not. */
  sendMessage(endpoint: Endpoint, message: Uint8Array): void {
    this.#message.bytes.set(message);
    this.send(endpoint, this.#message, 0, message.length, message.length, 0);
  }
}
