/**
 * The short way of a packet: tun to the binding's socket, and back. Nothing here decides.
 *
 * Route and accept list are the core's; without a route packets wait, bounded. What moved is told to
 * the core as often as it says (`session/device/pace.ts`). One call for each packet or super-packet, one flush for each batch, and
 * nothing is allocated in between.
 *
 * @module
 */
import { TUN_READ_BYTES, type Tun } from '../hal/tun.ts';
import { openError } from '../session/channel/openCode.ts';
import { NO_PACKET, sessionInnerBytes } from '../session/channel/padding.ts';
import type { SessionKeypair } from '../session/channel/sessionKeypair.ts';
import type { Heard } from '../session/device/event.ts';
import { Holding } from '../session/holding.ts';
import type { Memory, NewMemory } from '../session/memory.ts';
import { DELIVERY_BYTES, Delivery, PACKET_AT } from '../session/packet/delivery.ts';
import { Outbound } from '../session/sealed/outbound.ts';
import { SlotPool } from '../session/sealed/pool.ts';
import { SealedRing } from '../session/sealed/ring.ts';
import { SLOT_BYTES } from '../session/sealed/slot.ts';
import { PacketSealer } from '../session/sealer.ts';
import { countRefused, type PacketCounters } from './status.ts';
import type { Transmitter } from './transmitter.ts';
import type { Path } from './uplinks.ts';

const HELD_PACKETS_MAX = 4_096;

export interface Traffic {
  readonly sentPackets: number;
  readonly heardOn: readonly Heard[];
}

interface Route {
  readonly keypair: SessionKeypair;
  readonly path: Path;
}

export class DataPath {
  readonly #transmitter: Transmitter;
  readonly #counters: PacketCounters;
  readonly #holding: Holding;
  readonly #outbound: Outbound;
  readonly #sealer: PacketSealer;
  readonly #delivery: Delivery;
  readonly #released: Memory;
  #route: Route | null = null;
  #accepted: ReadonlyMap<number, number | null> = new Map();
  #sentPackets = 0;
  /** Time of the newest packet by transport, told and forgotten together. */
  readonly #heardOn = new Map<number, number>();
  #toldAtMs = 0;

  /** @param bufferBytes of packets that wait, and again of sealed ones that may be sent once more. */
  constructor(
    tun: Tun,
    transmitter: Transmitter,
    counters: PacketCounters,
    bufferBytes: number,
    newMemory: NewMemory,
  ) {
    this.#released = newMemory(TUN_READ_BYTES);
    this.#transmitter = transmitter;
    this.#counters = counters;
    this.#holding = new Holding({ bytesMax: bufferBytes, packetsMax: HELD_PACKETS_MAX });
    const slots = Math.max(1, Math.floor(bufferBytes / SLOT_BYTES));
    const ring = new SealedRing(new SlotPool(newMemory(slots * SLOT_BYTES)), bufferBytes);
    this.#outbound = new Outbound(ring, (at, bytes, segmentBytes, ecn) => {
      const path = this.#route?.path;
      if (path !== undefined) {
        this.#transmitter.transmit(path, ring.memory, at, bytes, segmentBytes, ecn);
      }
    });
    const delivered = newMemory(DELIVERY_BYTES);
    this.#delivery = new Delivery(delivered, tun.offload, (at, bytes) => {
      if (!tun.write(delivered, at, bytes)) countRefused(counters, 'tunRefused');
    });
    this.#sealer = new PacketSealer(this.#delivery);
  }

  /** From here on data goes this way; what waited and is young enough goes first. */
  setRoute(route: Route | null, heldAgeMaxMs: number, atMs: number): void {
    this.#outbound.flush(); // what is sealed already was sealed for the way before
    this.#route = route;
    if (route === null) return;
    const { bytes } = this.#released;
    this.#holding.release(atMs, heldAgeMaxMs, (packet) => {
      bytes.set(packet);
      this.#seal(route, this.#released, 0, packet.length, atMs);
    });
    this.#outbound.flush();
  }

  /** The largest inner packet that the links carry in one piece. */
  setMtu(mtuBytes: number): void {
    this.#sealer.mtuBytes = mtuBytes;
  }

  /** The keys of this channel are gone; whoever routed over it has to say where to go now. */
  forget(channelId: number): void {
    if (this.#route?.keypair.localIndex !== channelId) return;
    this.#outbound.flush();
    this.#route = null;
  }

  /** Transports whose data goes to the tun, each with the time until which it does (null: no end). */
  setAccepted(from: ReadonlyMap<number, number | null>): void {
    this.#accepted = from;
  }

  /** What one read of the tun gave; the memory is the caller's and free again on return. */
  onPacket(memory: Memory, at: number, bytes: number, atMs: number): void {
    const route = this.#route;
    if (route !== null) return this.#seal(route, memory, at, bytes, atMs);
    this.#sentPackets += 1;
    this.#holding.hold(memory.bytes.subarray(at, at + bytes), atMs);
  }

  /** The batch from the tun is over. */
  flushSent(): void {
    this.#outbound.flush();
  }

  #seal({ keypair, path }: Route, memory: Memory, at: number, bytes: number, atMs: number): void {
    const { transportId } = path;
    const outbound = this.#outbound;
    const code = this.#sealer.seal(outbound, keypair, transportId, memory, at, bytes, atMs);
    this.#counters.sent += this.#sealer.packets;
    this.#counters.sentBytes += this.#sealer.bytes;
    this.#sentPackets += Math.max(1, this.#sealer.packets);
    if (this.#sealer.packets > 0) keypair.noteData(atMs); // the hub's clock for these keys runs, too
    if (code !== null) countRefused(this.#counters, code);
  }

  /** A type 16 message of `bytes` at `at` for `keypair`, any bytes from anyone. */
  onData(
    keypair: SessionKeypair,
    memory: Memory,
    at: number,
    bytes: number,
    ecn: number,
    atMs: number,
  ): void {
    const delivery = this.#delivery;
    const opened = keypair.openData(memory, at, bytes, delivery.memory, PACKET_AT);
    if (opened < 0) return this.#refuse(openError(opened) ?? 'malformed_datagram');
    keypair.noteData(atMs);
    this.#heardOn.set(keypair.openedTransportId, atMs);
    const untilMs = this.#accepted.get(keypair.openedTransportId);
    const isAccepted = untilMs === null || (untilMs !== undefined && untilMs >= atMs);
    if (!isAccepted) return this.#refuse('foreign_transport');
    if (opened === 0) return;
    const packetBytes = sessionInnerBytes(delivery.memory.bytes, PACKET_AT, opened);
    if (packetBytes === NO_PACKET) return this.#refuse('malformed_packet');
    const code = delivery.deliver(packetBytes, ecn);
    if (code !== null) return this.#refuse(code);
    this.#counters.received += 1;
    this.#counters.receivedBytes += packetBytes;
  }

  /** The batch from the sockets is over. */
  flushReceived(): void {
    this.#delivery.flush();
  }

  /** What moved since the last call, or null while that is less than `everyMs` ago or nothing did. */
  takeTraffic(atMs: number, everyMs: number): Traffic | null {
    if (!this.#isMoving || atMs - this.#toldAtMs < everyMs) return null;
    const heardOn = Array.from(this.#heardOn, ([transportId, heardAtMs]) => ({
      transportId,
      atMs: heardAtMs,
    }));
    const traffic = { sentPackets: this.#sentPackets, heardOn };
    this.#sentPackets = 0;
    this.#heardOn.clear();
    this.#toldAtMs = atMs;
    return traffic;
  }

  /** When `takeTraffic` has something to say, or null. */
  nextDeadlineMs(everyMs: number): number | null {
    return this.#isMoving ? this.#toldAtMs + everyMs : null;
  }

  get #isMoving(): boolean {
    return this.#sentPackets > 0 || this.#heardOn.size > 0;
  }

  /** Bring the counters of waiting packets up to date, for status. */
  countHeld(): void {
    this.#counters.held = this.#holding.count;
    this.#counters.heldDropped = this.#holding.droppedCount;
  }

  #refuse(code: string): void {
    countRefused(this.#counters, code);
  }
}
