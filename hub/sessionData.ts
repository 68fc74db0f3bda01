/**
 * The data of one session device: sealed to its route, opened from its accepted channels, nothing else.
 *
 * What is not accepted is not opened either, so that its counter is not used up: data directly behind
 * a REATTACH waits, sealed and briefly, for the commit. While there is no route, and while something older is
 * sent again, packets for a living session are held, few and not for long. Everything beyond is dropped and counted.
 *
 * @module
 */
import type { OpenError } from '../session/channel/openCode.ts';
import { openError } from '../session/channel/openCode.ts';
import { NO_PACKET, sessionInnerBytes } from '../session/channel/padding.ts';
import type { SessionKeypair } from '../session/channel/sessionKeypair.ts';
import { Holding } from '../session/holding.ts';
import type { DataRoute, DataSource } from '../session/hub/event.ts';
import type { Memory } from '../session/memory.ts';
import { PACKET_AT } from '../session/packet/delivery.ts';
import { newResendCounters } from '../session/resend/counters.ts';
import type { Exchange } from '../session/resend/exchange.ts';
import { ArrivalRate } from '../session/resend/rate.ts';
import { GradualRelease } from '../session/resend/release.ts';
import { Resending } from '../session/resend/resending.ts';
import { Outbound } from '../session/sealed/outbound.ts';
import { SealedRing } from '../session/sealed/ring.ts';
import type { DataCipher, Received } from '../session/wire/frames.ts';
import { counterOf, transportIdOf } from '../session/wire/transport.ts';
import { COUNTER_OF_REFUSAL, TrafficCount } from './counters.ts';
import type { Endpoint } from './endpoints.ts';
import type { SessionChannels } from './sessionChannels.ts';
import type { SessionPeer } from './sessionPeer.ts';
import { HELD_BYTES_LEAST, type Site } from './site.ts';
import { SourcePace } from './sourcePace.ts';

/**
 * While an address is asked whether it is the device's, a round trip passes: 500 ms of a thousand packets a second. Chosen.
 * All devices together have `HELD_BYTES_MAX` of `site.ts`.
 */
const HELD = { bytesMax: 262_144, packetsMax: 512 } as const;
const EARLY_MAX = 64;
/** They are still sealed, so anyone who saw a receiver index may have sent them. */
const EARLY_BYTES_MAX = HELD_BYTES_LEAST;
/** A commit takes milliseconds; later than this the device has sent it again. Chosen. */
const EARLY_AGE_MAX_MS = 500;

interface Route {
  readonly keypair: SessionKeypair;
  readonly transportId: number;
  readonly endpoint: Endpoint;
  /** Perhaps the binding is there by now. */
  readonly candidate: Endpoint | null;
  /** The largest inner packet: what the device's links carry in one piece, at most `tunnel.mtu`. */
  readonly mtuBytes: number;
}

interface Early {
  readonly datagram: Uint8Array;
  readonly ecn: number;
  readonly keypair: SessionKeypair;
  readonly endpoint: Endpoint;
  readonly atMs: number;
}

export class SessionData {
  readonly traffic = new TrafficCount();
  readonly resend = newResendCounters();
  readonly #rates = new ArrivalRate();
  #resending: Resending;
  readonly #site: Site;
  readonly #peer: SessionPeer;
  readonly #channels: SessionChannels;
  readonly #held: Holding;
  readonly #release: GradualRelease;
  readonly #outbound: Outbound;
  readonly #sources = new SourcePace();
  #route: Route | null = null;
  #accepted: readonly DataSource[] = [];
  #early: Early[] = [];
  #earlyBytes = 0;
  #overflowCounted = 0;

  constructor(site: Site, peer: SessionPeer, channels: SessionChannels) {
    this.#site = site;
    this.#peer = peer;
    this.#channels = channels;
    this.#held = new Holding(HELD, site.heldBudget);
    this.#release = new GradualRelease(this.#held);
    const { slots, setup } = site;
    const ring = new SealedRing(slots, setup.rules.resendBufferBytes);
    this.#outbound = new Outbound(ring, (at, bytes, segmentBytes, ecn) =>
      this.#carry(at, bytes, segmentBytes, ecn),
    );
    this.#resending = this.#newResending();
  }

  #carry(at: number, bytes: number, segmentBytes: number, ecn: number): void {
    const route = this.#route;
    if (route === null) return;
    const { endpoints, slots } = this.#site;
    endpoints.send(route.endpoint, slots.memory, at, bytes, segmentBytes, ecn);
    if (route.candidate === null) return;
    endpoints.send(route.candidate, slots.memory, at, bytes, segmentBytes, ecn);
  }

  #newResending(): Resending {
    return new Resending({
      ring: this.#outbound.ring,
      counters: this.resend,
      rates: this.#rates,
      isFollowing: false,
      maxAgeMs: () => this.#maxAgeMs,
      keypair: (channelId) => this.#channels.find(channelId),
      // What the network marked on the way before says nothing of this one.
      send: (at, bytes, segmentBytes) => this.#carry(at, bytes, segmentBytes, 0),
      tell: (frame) => {
        const route = this.#route;
        if (route === null) return;
        const { keypair, transportId, endpoint } = route;
        this.#peer.tell(keypair.localIndex, transportId, endpoint.text, frame);
      },
    });
  }

  get heldCount(): number {
    return this.#held.count;
  }

  /** What one read of the tun gave for this device; the memory is free again on return. */
  onPacket(memory: Memory, at: number, bytes: number, atMs: number): void {
    const route = this.#route;
    if (route !== null && this.#mayPass(route, bytes, atMs)) {
      return this.#seal(route, memory, at, bytes, atMs);
    }
    if (!this.#peer.isLive) return this.#site.counters.count('no_route');
    this.#held.hold(memory.bytes.subarray(at, at + bytes), atMs);
    this.#countDropped();
  }

  /** Newer data waits for what is older, as long as there is room: to be late is better than to be lost. */
  #mayPass(route: Route, bytes: number, atMs: number): boolean {
    const isHolding = this.#resending.isHolding(atMs);
    if (!isHolding && this.#held.count === 0) return true;
    if (this.#held.hasRoom(bytes)) return false;
    this.#resending.stopHolding();
    this.#held.release(atMs, this.#maxAgeMs, (packet) => this.#sealHeld(route, packet, atMs));
    this.#countDropped();
    return true;
  }

  setRoute(route: DataRoute | null, atMs: number): void {
    this.#outbound.flush(); // what is sealed already was sealed for the way before
    this.#route = this.#routeOf(route);
    if (this.#route === null) return this.#resending.stop();
    this.#resending.setCurrent(this.#route.keypair.localIndex);
    this.#goOn(atMs);
  }

  /** A claim was committed, or its binding has another address; the route follows. */
  beginExchange(exchange: Exchange, atMs: number): void {
    this.#outbound.flush();
    this.#resending.begin(exchange, atMs);
  }

  /** What arrived at the device; the seat has made sure that it belongs to its claim. */
  onReceived(frame: Received, atMs: number): void {
    this.#resending.onReceived(frame, atMs);
    this.#goOn(atMs);
  }

  /** The keys of this channel are gone. */
  forget(channelId: number): void {
    this.#outbound.flush();
    this.#resending.forget(channelId);
  }

  /** When `onTime` has something to do, or null. */
  nextDeadlineMs(): number | null {
    if (this.#route === null) return null;
    const againAtMs = this.#resending.nextDeadlineMs();
    const heldAtMs = this.#release.nextDeadlineMs();
    if (heldAtMs === null || this.#resending.isHolding(heldAtMs)) return againAtMs;
    return againAtMs === null ? heldAtMs : Math.min(againAtMs, heldAtMs);
  }

  onTime(atMs: number): void {
    const dueAtMs = this.nextDeadlineMs();
    if (dueAtMs !== null && dueAtMs <= atMs) this.#goOn(atMs);
  }

  #goOn(atMs: number): void {
    const route = this.#route;
    if (route === null) return;
    this.#resending.proceed(atMs);
    if (this.#resending.isHolding(atMs)) return;
    this.#release.step(atMs, this.#maxAgeMs, (packet) => this.#sealHeld(route, packet, atMs));
    this.#outbound.flush();
    this.#countDropped();
  }

  get #maxAgeMs(): number {
    return this.#site.rules.limits.resendMaxAgeMs;
  }

  #routeOf(route: DataRoute | null): Route | null {
    if (route === null) return null;
    const keypair = this.#enabled(route.channelId, route.cipher);
    const endpoint = this.#site.endpoints.find(route.target);
    if (keypair === null || endpoint === null) return null;
    const { transportId } = route;
    const candidate = route.candidate === null ? null : this.#site.endpoints.find(route.candidate);
    const { setup } = this.#site;
    const mtuBytes = Math.min(route.mtuBytes ?? setup.mtuBytes, setup.mtuBytes);
    return { keypair, transportId, endpoint, candidate, mtuBytes };
  }

  #sealHeld(route: Route, packet: Uint8Array, atMs: number): void {
    const { released } = this.#site;
    released.bytes.set(packet);
    this.#seal(route, released, 0, packet.length, atMs);
  }

  setAccepted(from: readonly DataSource[], atMs: number): void {
    this.#accepted = from.filter(
      ({ channelId, cipher }) => this.#enabled(channelId, cipher) !== null,
    );
    const { counters, released, delivery } = this.#site;
    for (const { datagram, ecn, keypair, endpoint, atMs: heldAtMs } of this.#takeEarly()) {
      if (atMs - heldAtMs > EARLY_AGE_MAX_MS) counters.count('data_not_accepted');
      else {
        released.bytes.set(datagram);
        this.onDatagram(keypair, released, 0, datagram.length, ecn, endpoint, atMs, heldAtMs);
      }
    }
    delivery.flush();
  }

  /** Nothing is held for a session that is no more. */
  clear(): void {
    this.#outbound.flush();
    this.#outbound.ring.clear();
    this.#resending = this.#newResending();
    this.#route = null;
    this.#accepted = [];
    this.#site.counters.count('data_not_accepted', this.#takeEarly().length);
    this.dropHeld();
  }

  /** Nobody will take what waits for a route. */
  dropHeld(): void {
    this.#held.clear();
    this.#countDropped();
  }

  /** A type 16 message of `bytes` at `at` for one of our channels, from anyone. */
  onDatagram(
    keypair: SessionKeypair,
    memory: Memory,
    at: number,
    bytes: number,
    ecn: number,
    endpoint: Endpoint,
    atMs: number,
    heldAtMs = atMs,
  ): void {
    const transportId = transportIdOf(memory.bytes, at);
    if (!this.#isAccepted(keypair.localIndex, transportId, atMs)) {
      const datagram = memory.bytes.slice(at, at + bytes);
      return this.#holdEarly({ datagram, ecn, keypair, endpoint, atMs: heldAtMs });
    }
    const { delivery } = this.#site;
    const opened = keypair.openData(memory, at, bytes, delivery.memory, PACKET_AT);
    if (opened < 0) {
      return this.#onRefused(keypair, memory, at, bytes, endpoint, openError(opened), atMs);
    }
    keypair.noteData(atMs);
    if (transportId === this.#route?.transportId) this.#rates.note(transportId, bytes, atMs);
    if (opened > 0) this.#deliver(opened, ecn);
    this.#channels.noteSource(keypair, endpoint);
    if (!this.#sources.mayTell(transportId, endpoint, atMs)) return;
    const { localIndex: channelId, openedIsNewest: isNewest } = keypair;
    const source = endpoint.text;
    this.#peer.feed({ kind: 'data', atMs, channelId, transportId, source, isNewest });
    this.#site.rehearsals.onData(this.#peer, atMs);
  }

  /** ◆ I9: only from an address that is the device's own. */
  #deliver(opened: number, ecn: number): void {
    const { routes, counters, delivery } = this.#site;
    const { bytes } = delivery.memory;
    const packetBytes = sessionInnerBytes(bytes, PACKET_AT, opened);
    if (packetBytes === NO_PACKET) return counters.count('malformed_packet');
    if (routes.source(bytes, PACKET_AT, packetBytes) !== this.#peer)
      return counters.count('source_forbidden');
    const code = delivery.deliver(packetBytes, ecn);
    if (code !== null) return counters.count(COUNTER_OF_REFUSAL[code]);
    this.#site.traffic.noteReceived(1, packetBytes);
    this.traffic.noteReceived(1, packetBytes);
  }

  #onRefused(
    keypair: SessionKeypair,
    memory: Memory,
    at: number,
    bytes: number,
    endpoint: Endpoint,
    error: OpenError | null,
    atMs: number,
  ): void {
    const { counters, delivery } = this.#site;
    if (error !== 'duplicate') return counters.countError(error);
    if (!keypair.isAuthentic(memory, at, bytes, delivery.memory, PACKET_AT)) {
      return counters.count('wrong_key_datagram');
    }
    const { localIndex: channelId } = keypair;
    // A copy that resending explains is no sign of a replay; where it came from counts all the same.
    const isRepeat = this.#resending.takesRepeat(channelId, counterOf(memory.bytes, at), atMs);
    counters.count(isRepeat ? 'resend_duplicate' : 'replayed_datagram');
    const transportId = transportIdOf(memory.bytes, at);
    if (!this.#sources.mayTellOfDuplicate(transportId, endpoint, atMs)) return;
    const source = endpoint.text;
    this.#peer.feed({ kind: 'duplicate', atMs, channelId, transportId, source });
  }

  #seal(route: Route, memory: Memory, at: number, bytes: number, atMs: number): void {
    const { sealer, counters, traffic } = this.#site;
    const { keypair, transportId } = route;
    sealer.mtuBytes = route.mtuBytes;
    const code = sealer.seal(this.#outbound, keypair, transportId, memory, at, bytes, atMs);
    if (code !== null) counters.count(COUNTER_OF_REFUSAL[code]);
    if (sealer.packets === 0) return;
    this.#site.noteWaiting(this.#outbound);
    keypair.noteData(atMs);
    traffic.noteSent(sealer.packets, sealer.bytes);
    this.traffic.noteSent(sealer.packets, sealer.bytes);
  }

  /** The keypair with this data cipher enabled, or null: a keypair never changes its cipher. */
  #enabled(channelId: number, cipher: DataCipher): SessionKeypair | null {
    const keypair = this.#channels.find(channelId);
    if (keypair === null || (keypair.suite !== null && keypair.suite !== cipher)) return null;
    keypair.enableData(cipher);
    return keypair;
  }

  #isAccepted(channelId: number, transportId: number, atMs: number): boolean {
    for (const from of this.#accepted) {
      if (from.channelId !== channelId || from.transportId !== transportId) continue;
      if (from.untilMs === null || atMs < from.untilMs) return true;
    }
    return false;
  }

  #holdEarly(early: Early): void {
    const { datagram, atMs } = early;
    for (let oldest = this.#early[0]; oldest !== undefined; oldest = this.#early[0]) {
      const isFull =
        this.#early.length >= EARLY_MAX || this.#earlyBytes + datagram.length > EARLY_BYTES_MAX;
      if (!isFull && atMs - oldest.atMs <= EARLY_AGE_MAX_MS) break;
      this.#early.shift();
      this.#earlyBytes -= oldest.datagram.length;
      this.#site.counters.count('data_not_accepted');
    }
    this.#early.push(early);
    this.#earlyBytes += datagram.length;
  }

  #takeEarly(): readonly Early[] {
    const early = this.#early;
    this.#early = [];
    this.#earlyBytes = 0;
    return early;
  }

  #countDropped(): void {
    const dropped = this.#held.droppedCount - this.#overflowCounted;
    this.#overflowCounted += dropped;
    if (dropped > 0) this.#site.counters.count('no_route', dropped);
  }
}
