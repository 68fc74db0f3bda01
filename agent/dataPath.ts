/**
 * The short way of a packet: tun to the binding's socket, and back. Nothing here decides.
 *
 * Route and accept list are the core's; without a route packets wait, bounded. What moved is told to
 * the core at most every 20 ms.
 *
 * @module
 */
import type { Clock } from '../hal/clock.ts';
import { nativeMemory } from '../hal/linux/memory.ts';
import type { Tun } from '../hal/tun.ts';
import { openError } from '../session/channel/openCode.ts';
import type { SessionKeypair } from '../session/channel/sessionKeypair.ts';
import { Holding } from '../session/holding.ts';
import { TRANSPORT_HEADER_BYTES } from '../session/wire/messages.ts';
import { countRefused, type PacketCounters } from './status.ts';
import type { Transmitter } from './transmitter.ts';
import type { Path } from './uplinks.ts';

const PACKET_BYTES = 65_536;
const HELD_PACKETS_MAX = 4_096;
const TRAFFIC_EVENT_MS = 20;

export interface Traffic {
  readonly sentPackets: number;
  readonly heardOn: readonly number[];
}

export class DataPath {
  readonly #clock: Clock;
  readonly #tun: Tun;
  readonly #transmitter: Transmitter;
  readonly #counters: PacketCounters;
  readonly #holding: Holding;
  readonly #received = nativeMemory(PACKET_BYTES);
  readonly #opened = nativeMemory(PACKET_BYTES);
  #route: { readonly keypair: SessionKeypair; readonly path: Path } | null = null;
  #accepted: ReadonlyMap<number, number | null> = new Map();
  #sentPackets = 0;
  readonly #heardOn = new Set<number>();
  #toldAtMs = 0;

  constructor(
    clock: Clock,
    tun: Tun,
    transmitter: Transmitter,
    counters: PacketCounters,
    heldBytesMax: number,
  ) {
    this.#clock = clock;
    this.#tun = tun;
    this.#transmitter = transmitter;
    this.#counters = counters;
    this.#holding = new Holding({ bytesMax: heldBytesMax, packetsMax: HELD_PACKETS_MAX });
  }

  /** From here on data goes this way; what waited and is young enough goes first. */
  setRoute(route: { keypair: SessionKeypair; path: Path } | null, heldAgeMaxMs: number): void {
    this.#route = route;
    if (route === null) return;
    this.#holding.release(this.#clock.monotonicMs(), heldAgeMaxMs, (packet) =>
      this.#seal(route.keypair, route.path, packet, packet.length),
    );
  }

  /** The keys of this channel are gone; whoever routed over it has to say where to go now. */
  forget(channelId: number): void {
    if (this.#route?.keypair.localIndex === channelId) this.#route = null;
  }

  /** Transports whose data goes to the tun, each with the time until which it does (null: no end). */
  setAccepted(from: ReadonlyMap<number, number | null>): void {
    this.#accepted = from;
  }

  /** A packet from an application; `packet` is the caller's buffer and free again on return. */
  onPacket(packet: Uint8Array, bytes: number): void {
    this.#sentPackets += 1;
    const route = this.#route;
    if (route !== null) return this.#seal(route.keypair, route.path, packet, bytes);
    this.#holding.hold(packet.subarray(0, bytes), this.#clock.monotonicMs());
  }

  #seal(keypair: SessionKeypair, path: Path, packet: Uint8Array, bytes: number): void {
    const { memory } = this.#transmitter;
    memory.bytes.set(packet.subarray(0, bytes), TRANSPORT_HEADER_BYTES);
    const at = TRANSPORT_HEADER_BYTES;
    const total = keypair.sealData(path.transportId, memory, at, bytes, memory, 0);
    if (total < 0) return countRefused(this.#counters, openError(total) ?? 'counterExhausted');
    keypair.noteData(this.#clock.monotonicMs());
    this.#counters.sent += 1;
    this.#counters.sentBytes += bytes;
    this.#transmitter.transmit(path, total);
  }

  /** A type 16 message for `keypair`, any bytes from anyone. */
  onData(keypair: SessionKeypair, datagram: Uint8Array): void {
    this.#received.bytes.set(datagram);
    const bytes = keypair.openData(this.#received, 0, datagram.length, this.#opened, 0);
    if (bytes < 0) return countRefused(this.#counters, openError(bytes) ?? 'malformed_datagram');
    const atMs = this.#clock.monotonicMs();
    keypair.noteData(atMs);
    this.#heardOn.add(keypair.openedTransportId);
    const untilMs = this.#accepted.get(keypair.openedTransportId);
    const isAccepted = untilMs === null || (untilMs !== undefined && untilMs >= atMs);
    if (!isAccepted) return countRefused(this.#counters, 'foreign_transport');
    if (bytes === 0) return;
    this.#counters.received += 1;
    this.#counters.receivedBytes += bytes;
    this.#tun.write(this.#opened.bytes, bytes);
  }

  /** What moved since the last call, or null while there is nothing to tell yet. */
  takeTraffic(atMs: number): Traffic | null {
    if (!this.#isMoving || atMs - this.#toldAtMs < TRAFFIC_EVENT_MS) return null;
    const traffic = { sentPackets: this.#sentPackets, heardOn: [...this.#heardOn] };
    this.#sentPackets = 0;
    this.#heardOn.clear();
    this.#toldAtMs = atMs;
    return traffic;
  }

  /** When `takeTraffic` has something to say, or null. */
  nextDeadlineMs(): number | null {
    return this.#isMoving ? this.#toldAtMs + TRAFFIC_EVENT_MS : null;
  }

  get #isMoving(): boolean {
    return this.#sentPackets > 0 || this.#heardOn.size > 0;
  }

  /** Bring the counters of waiting packets up to date, for status. */
  countHeld(): void {
    this.#counters.held = this.#holding.count;
    this.#counters.heldDropped = this.#holding.droppedCount;
  }
}
