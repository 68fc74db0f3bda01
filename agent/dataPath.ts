/**
 * The short way of a packet: tun to the binding's socket, and back. Nothing here decides.
 *
 * Route and accept list are the core's; without a route packets wait, bounded, and so they do while something
 * older is sent again. What moved is told to the core as often as it says (`session/device/pace.ts`). One
 * call for each packet or super-packet, one flush for each batch, and
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
import type { Exchange } from '../session/resend/exchange.ts';
import { ArrivalRate } from '../session/resend/rate.ts';
import { GradualRelease } from '../session/resend/release.ts';
import { Resending, type ResendingParts } from '../session/resend/resending.ts';
import { Outbound } from '../session/sealed/outbound.ts';
import { SlotPool } from '../session/sealed/pool.ts';
import { SealedRing } from '../session/sealed/ring.ts';
import { SLOT_BYTES } from '../session/sealed/slot.ts';
import { PacketSealer } from '../session/sealer.ts';
import type { Received } from '../session/wire/frames.ts';
import { counterOf, transportIdOf } from '../session/wire/transport.ts';
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

/** What resending needs of the shell. */
export type ResendShell = Pick<ResendingParts, 'maxAgeMs' | 'keypair' | 'tell'>;

export class DataPath {
  readonly #resending: Resending;
  readonly #rates = new ArrivalRate();
  readonly #maxAgeMs: () => number;
  readonly #counters: PacketCounters;
  readonly #holding: Holding;
  readonly #release: GradualRelease;
  readonly #outbound: Outbound;
  readonly #sealer: PacketSealer;
  readonly #delivery: Delivery;
  readonly #released: Memory;
  #route: Route | null = null;
  #accepted: ReadonlyMap<number, number | null> = new Map();
  /** Sealed since it was told; what waits counts when it is. */
  #sentPackets = 0;
  /** Whether a packet came that has to wait: data wants to go, which the core has to hear of, too. */
  #hasHeld = false;
  /** Time of the newest packet by transport, told and forgotten together. */
  readonly #heardOn = new Map<number, number>();
  /** What was put there last: the packets of a batch have one time, and nearly always one transport. */
  readonly #noted = { transportId: 0, atMs: 0 };
  #toldAtMs = 0;

  /** @param bufferBytes of packets that wait, and again of sealed ones that may be sent once more. */
  constructor(
    tun: Tun,
    transmitter: Transmitter,
    counters: PacketCounters,
    bufferBytes: number,
    newMemory: NewMemory,
    resend: ResendShell,
  ) {
    this.#maxAgeMs = resend.maxAgeMs;
    this.#released = newMemory(TUN_READ_BYTES);
    this.#counters = counters;
    this.#holding = new Holding({ bytesMax: bufferBytes, packetsMax: HELD_PACKETS_MAX });
    this.#release = new GradualRelease(this.#holding);
    const slots = Math.max(1, Math.floor(bufferBytes / SLOT_BYTES));
    const ring = new SealedRing(new SlotPool(newMemory(slots * SLOT_BYTES)), bufferBytes);
    const carry = (at: number, bytes: number, segmentBytes: number, ecn: number) => {
      const path = this.#route?.path;
      if (path !== undefined) transmitter.transmit(path, ring.memory, at, bytes, segmentBytes, ecn);
    };
    this.#outbound = new Outbound(ring, carry);
    this.#resending = new Resending({
      ...resend,
      ring,
      counters: counters.resend,
      rates: this.#rates,
      isFollowing: true,
      // What the network marked on the way before says nothing of this one.
      send: (at, bytes, segmentBytes) => carry(at, bytes, segmentBytes, 0),
    });
    const delivered = newMemory(DELIVERY_BYTES);
    this.#delivery = new Delivery(delivered, tun.offload, (at, bytes) => {
      if (!tun.write(delivered, at, bytes)) countRefused(counters, 'tunRefused');
    });
    this.#sealer = new PacketSealer(this.#delivery);
  }

  /** From here on data goes this way: what is sent again, then what waited and is young enough, then the rest. */
  setRoute(route: Route | null, atMs: number): void {
    this.#outbound.flush(); // what is sealed already was sealed for the way before
    this.#route = route;
    if (route === null) return this.#resending.stop();
    this.#resending.setCurrent(route.keypair.localIndex);
    this.#goOn(atMs);
  }

  /** A claim was answered; its route follows. */
  beginExchange(exchange: Exchange, atMs: number): void {
    this.#outbound.flush();
    this.#resending.begin(exchange, atMs);
  }

  /** What arrived here, to be said along with a claim in the channel `channelId` over `transportId`. */
  describe(
    stateVersion: number,
    channelId: number,
    transportId: number,
    atMs: number,
  ): readonly Received[] {
    return this.#resending.describe({ stateVersion, round: 0, transportId }, channelId, atMs);
  }

  /** What arrived at the hub; the core has made sure that it belongs to our claim. */
  onReceived(frame: Received, atMs: number): void {
    this.#resending.onReceived(frame, atMs);
    this.#goOn(atMs);
  }

  /** Time passed: more may be sent again, or newer data need wait no longer. */
  onTime(atMs: number): void {
    const dueAtMs = this.#resendAtMs();
    if (dueAtMs !== null && dueAtMs <= atMs) this.#goOn(atMs);
  }

  #goOn(atMs: number): void {
    const route = this.#route;
    if (route === null) return;
    this.#resending.proceed(atMs);
    if (this.#resending.isHolding(atMs)) return;
    this.#release.step(atMs, this.#maxAgeMs(), (packet) => this.#sealHeld(route, packet, atMs));
    this.#outbound.flush();
  }

  #sealHeld(route: Route, packet: Uint8Array, atMs: number): void {
    this.#released.bytes.set(packet);
    this.#seal(route, this.#released, 0, packet.length, atMs);
  }

  #resendAtMs(): number | null {
    if (this.#route === null) return null;
    const againAtMs = this.#resending.nextDeadlineMs();
    const heldAtMs = this.#release.nextDeadlineMs();
    if (heldAtMs === null || this.#resending.isHolding(heldAtMs)) return againAtMs;
    return againAtMs === null ? heldAtMs : Math.min(againAtMs, heldAtMs);
  }

  /** The largest inner packet that the links carry in one piece. */
  setMtu(mtuBytes: number): void {
    this.#sealer.mtuBytes = mtuBytes;
  }

  /** The keys of this channel are gone; whoever routed over it has to say where to go now. */
  forget(channelId: number): void {
    this.#outbound.flush();
    this.#resending.forget(channelId);
    if (this.#route?.keypair.localIndex !== channelId) return;
    this.#route = null;
    this.#resending.stop();
  }

  /** Transports whose data goes to the tun, each with the time until which it does (null: no end). */
  setAccepted(from: ReadonlyMap<number, number | null>): void {
    this.#accepted = from;
  }

  /** What one read of the tun gave; the memory is the caller's and free again on return. */
  onPacket(memory: Memory, at: number, bytes: number, atMs: number): void {
    const route = this.#route;
    if (route !== null && this.#mayPass(route, bytes, atMs)) {
      return this.#seal(route, memory, at, bytes, atMs);
    }
    this.#hasHeld = true;
    this.#holding.hold(memory.bytes.subarray(at, at + bytes), atMs);
  }

  /** Newer data waits for what is older, as long as there is room: to be late is better than to be lost. */
  #mayPass(route: Route, bytes: number, atMs: number): boolean {
    const isHolding = this.#resending.isHolding(atMs);
    if (!isHolding && this.#holding.count === 0) return true;
    if (this.#holding.hasRoom(bytes)) return false;
    this.#resending.stopHolding();
    this.#holding.release(atMs, this.#maxAgeMs(), (packet) => this.#sealHeld(route, packet, atMs));
    return true;
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

  /**
   * A type 16 message of `bytes` at `at` for `keypair`, any bytes from anyone.
   *
   * @param isOwnWay whether it came over the link of the transport that it names.
   */
  onData(
    keypair: SessionKeypair,
    memory: Memory,
    at: number,
    bytes: number,
    ecn: number,
    isOwnWay: boolean,
    atMs: number,
  ): void {
    const delivery = this.#delivery;
    const transportId = transportIdOf(memory.bytes, at);
    const untilMs = this.#accepted.get(transportId);
    const isAccepted = untilMs === null || (untilMs !== undefined && untilMs >= atMs);
    // Opened, it would count as received, and nobody would send it again.
    if (!isAccepted) return this.#refuse('foreign_transport');
    const opened = keypair.openData(memory, at, bytes, delivery.memory, PACKET_AT);
    if (opened < 0) return this.#onUnopened(keypair, memory, at, bytes, opened, atMs);
    keypair.noteData(atMs);
    // What is sent again names the transport it was sealed for, and proves the one it came over.
    if (isOwnWay) this.#noteHeard(transportId, atMs);
    if (untilMs === null) this.#rates.note(transportId, bytes, atMs);
    if (opened === 0) return;
    const packetBytes = sessionInnerBytes(delivery.memory.bytes, PACKET_AT, opened);
    if (packetBytes === NO_PACKET) return this.#refuse('malformed_packet');
    const code = delivery.deliver(packetBytes, ecn);
    if (code !== null) return this.#refuse(code);
    this.#counters.received += 1;
    this.#counters.receivedBytes += packetBytes;
  }

  #noteHeard(transportId: number, atMs: number): void {
    const noted = this.#noted;
    if (noted.transportId === transportId && noted.atMs === atMs) return;
    noted.transportId = transportId;
    noted.atMs = atMs;
    this.#heardOn.set(transportId, atMs);
  }

  /** A copy that resending explains is no sign of a replay. */
  #onUnopened(
    keypair: SessionKeypair,
    memory: Memory,
    at: number,
    bytes: number,
    opened: number,
    atMs: number,
  ): void {
    const error = openError(opened) ?? 'malformed_datagram';
    const resending = this.#resending;
    const isRepeat =
      error === 'duplicate' &&
      resending.isExpectingRepeats(atMs) &&
      keypair.isAuthentic(memory, at, bytes, this.#delivery.memory, PACKET_AT) &&
      resending.takesRepeat(keypair.localIndex, counterOf(memory.bytes, at), atMs);
    if (!isRepeat) this.#refuse(error);
  }

  /** The batch from the sockets is over. */
  flushReceived(): void {
    this.#delivery.flush();
  }

  /** What moved since the last call, or null while that is less than `everyMs` ago or nothing did. */
  takeTraffic(atMs: number, everyMs: number): Traffic | null {
    // The sum that `nextDeadlineMs` gives: a difference may be rounded to less, and then the time never comes.
    if (!this.#isMoving || atMs < this.#toldAtMs + everyMs) return null;
    const heardOn = Array.from(this.#heardOn, ([transportId, heardAtMs]) => ({
      transportId,
      atMs: heardAtMs,
    }));
    const traffic = { sentPackets: this.#sentPackets, heardOn };
    this.#sentPackets = 0;
    this.#hasHeld = false;
    this.#heardOn.clear();
    this.#noted.transportId = 0;
    this.#toldAtMs = atMs;
    return traffic;
  }

  /** When `takeTraffic` has something to say or `onTime` something to do, or null. */
  nextDeadlineMs(everyMs: number): number | null {
    const resendAtMs = this.#resendAtMs();
    if (!this.#isMoving) return resendAtMs;
    const tellAtMs = this.#toldAtMs + everyMs;
    return resendAtMs === null ? tellAtMs : Math.min(resendAtMs, tellAtMs);
  }

  get #isMoving(): boolean {
    return this.#sentPackets > 0 || this.#hasHeld || this.#heardOn.size > 0;
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
