/**
 * The data of one session device: sealed to its route, opened from its accepted channels, nothing else.
 *
 * What is not accepted is not opened either, so that its counter is not used up: data directly behind
 * a REATTACH waits, sealed and briefly, for the commit. While there is no route, packets for a living
 * session are held, few and not for long. Everything beyond is dropped and counted.
 *
 * @module
 */
import type { OpenError } from '../session/channel/openCode.ts';
import { openError } from '../session/channel/openCode.ts';
import { innerBytes, NO_PACKET } from '../session/channel/padding.ts';
import type { SessionKeypair } from '../session/channel/sessionKeypair.ts';
import { Holding } from '../session/holding.ts';
import type { DataRoute, DataSource } from '../session/hub/event.ts';
import type { DataCipher } from '../session/wire/frames.ts';
import { TRANSPORT_HEADER_BYTES } from '../session/wire/messages.ts';
import { transportIdOf } from '../session/wire/transport.ts';
import { TrafficCount } from './counters.ts';
import type { Endpoint } from './endpoints.ts';
import type { SessionChannels } from './sessionChannels.ts';
import type { SessionPeer } from './sessionPeer.ts';
import type { Site } from './site.ts';

/** One second of a slow link, half a round trip of a fast one. Chosen. */
const HELD = { bytesMax: 98_304, packetsMax: 64 } as const;
const EARLY_MAX = 64;
/** They are still sealed, so anyone who saw a receiver index may have sent them. */
const EARLY_BYTES_MAX = HELD.bytesMax;
/** A commit takes milliseconds; later than this the device has sent it again. Chosen. */
const EARLY_AGE_MAX_MS = 500;
/** Repeats from one source on one transport are told to the seat this often at most. */
const TOLD_EVERY_MS = 20;
const TOLD_MAX = 32;

interface Route {
  readonly keypair: SessionKeypair;
  readonly transportId: number;
  readonly endpoint: Endpoint;
}

interface Early {
  readonly datagram: Uint8Array;
  readonly keypair: SessionKeypair;
  readonly endpoint: Endpoint;
  readonly atMs: number;
}

export class SessionData {
  readonly traffic = new TrafficCount();
  readonly #site: Site;
  readonly #peer: SessionPeer;
  readonly #channels: SessionChannels;
  readonly #held = new Holding(HELD);
  readonly #toldAtMs = new Map<string, number>();
  #route: Route | null = null;
  #accepted: readonly DataSource[] = [];
  #early: Early[] = [];
  #earlyBytes = 0;
  #overflowCounted = 0;

  constructor(site: Site, peer: SessionPeer, channels: SessionChannels) {
    this.#site = site;
    this.#peer = peer;
    this.#channels = channels;
  }

  get heldCount(): number {
    return this.#held.count;
  }

  /** A packet from the site for this device; `packet` is free again on return. */
  onPacket(packet: Uint8Array, bytes: number, atMs: number): void {
    const route = this.#route;
    if (route !== null) return this.#seal(route, packet, bytes, atMs);
    if (!this.#peer.isLive) return this.#site.counters.count('no_route');
    this.#held.hold(packet.subarray(0, bytes), atMs);
    this.#countDropped();
  }

  setRoute(route: DataRoute | null, atMs: number): void {
    this.#route = null;
    if (route === null) return;
    const keypair = this.#enabled(route.channelId, route.cipher);
    const endpoint = this.#site.endpoints.find(route.target);
    if (keypair === null || endpoint === null) return;
    const { transportId } = route;
    this.#route = { keypair, transportId, endpoint };
    this.#held.release(atMs, this.#site.rules.limits.resendMaxAgeMs, (packet) => {
      if (this.#route !== null) this.#seal(this.#route, packet, packet.length, atMs);
    });
    this.#countDropped();
  }

  setAccepted(from: readonly DataSource[], atMs: number): void {
    this.#accepted = from.filter(
      ({ channelId, cipher }) => this.#enabled(channelId, cipher) !== null,
    );
    const early = this.#takeEarly();
    for (const { datagram, keypair, endpoint, atMs: heldAtMs } of early) {
      if (atMs - heldAtMs > EARLY_AGE_MAX_MS) this.#site.counters.count('data_not_accepted');
      else this.onDatagram(keypair, datagram, endpoint, atMs, heldAtMs);
    }
  }

  /** Nothing is held for a session that is no more. */
  clear(): void {
    this.#route = null;
    this.#accepted = [];
    this.#takeEarly();
    this.#held.clear();
    this.#countDropped();
  }

  /** A type 16 message for one of our channels, from anyone. */
  onDatagram(
    keypair: SessionKeypair,
    datagram: Uint8Array,
    endpoint: Endpoint,
    atMs: number,
    heldAtMs = atMs,
  ): void {
    const transportId = transportIdOf(datagram);
    if (!this.#isAccepted(keypair.localIndex, transportId, atMs)) {
      return this.#holdEarly({ datagram, keypair, endpoint, atMs: heldAtMs });
    }
    const { received, openedMemory, opened } = this.#site;
    received.bytes.set(datagram);
    const bytes = keypair.openData(received, 0, datagram.length, openedMemory, 0);
    if (bytes < 0) return this.#onRefused(keypair, datagram, endpoint, openError(bytes), atMs);
    keypair.noteData(atMs);
    if (bytes > 0) this.#deliver(opened, bytes);
    this.#channels.noteSource(keypair, endpoint);
    if (!this.#isWorthTelling(`${transportId} ${endpoint.text}`, atMs)) return;
    const { localIndex: channelId, openedIsNewest: isNewest } = keypair;
    const source = endpoint.text;
    this.#peer.feed({ kind: 'data', atMs, channelId, transportId, source, isNewest });
  }

  /** ◆ I9: only from an address that is the device's own. */
  #deliver(packet: Uint8Array, bytes: number): void {
    const { routes, counters } = this.#site;
    const packetBytes = innerBytes(packet, bytes);
    if (packetBytes === NO_PACKET) return counters.count('malformed_packet');
    if (routes.source(packet, packetBytes) !== this.#peer)
      return counters.count('source_forbidden');
    this.#site.deliver(packet, packetBytes);
    this.traffic.noteReceived(packetBytes);
  }

  #onRefused(
    keypair: SessionKeypair,
    datagram: Uint8Array,
    endpoint: Endpoint,
    error: OpenError | null,
    atMs: number,
  ): void {
    const { counters, received, openedMemory } = this.#site;
    if (error !== 'duplicate') return counters.countError(error);
    received.bytes.set(datagram);
    if (!keypair.isAuthentic(received, 0, datagram.length, openedMemory, 0)) {
      return counters.count('wrong_key_datagram');
    }
    counters.count('replayed_datagram');
    const transportId = transportIdOf(datagram);
    const { localIndex: channelId } = keypair;
    const source = endpoint.text;
    if (!this.#isWorthTelling(`duplicate ${transportId} ${source}`, atMs)) return;
    this.#peer.feed({ kind: 'duplicate', atMs, channelId, transportId, source });
  }

  #seal(route: Route, packet: Uint8Array, bytes: number, atMs: number): void {
    const { sealedMemory: memory, sealed, counters, endpoints, traffic } = this.#site;
    const at = TRANSPORT_HEADER_BYTES;
    sealed.set(packet.subarray(0, bytes), at);
    const total = route.keypair.sealData(route.transportId, memory, at, bytes, memory, 0);
    if (total < 0) return counters.countError(openError(total));
    route.keypair.noteData(atMs);
    if (!endpoints.send(route.endpoint, sealed, total)) return;
    traffic.noteSent(bytes);
    this.traffic.noteSent(bytes);
  }

  /** The keypair with this data cipher enabled, or null: a keypair never changes its cipher. */
  #enabled(channelId: number, cipher: DataCipher): SessionKeypair | null {
    const keypair = this.#channels.find(channelId);
    if (keypair === null || (keypair.suite !== null && keypair.suite !== cipher)) return null;
    keypair.enableData(cipher);
    return keypair;
  }

  #isAccepted(channelId: number, transportId: number, atMs: number): boolean {
    return this.#accepted.some(
      (from) =>
        from.channelId === channelId &&
        from.transportId === transportId &&
        (from.untilMs === null || atMs < from.untilMs),
    );
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
    this.#early.push({ ...early, datagram: datagram.slice() });
    this.#earlyBytes += datagram.length;
  }

  #takeEarly(): readonly Early[] {
    const early = this.#early;
    this.#early = [];
    this.#earlyBytes = 0;
    return early;
  }

  #isWorthTelling(what: string, atMs: number): boolean {
    const toldAtMs = this.#toldAtMs.get(what);
    if (toldAtMs !== undefined && atMs - toldAtMs < TOLD_EVERY_MS) return false;
    if (toldAtMs === undefined && this.#toldAtMs.size >= TOLD_MAX) this.#toldAtMs.clear();
    this.#toldAtMs.set(what, atMs);
    return true;
  }

  #countDropped(): void {
    const dropped = this.#held.droppedCount - this.#overflowCounted;
    this.#overflowCounted += dropped;
    if (dropped > 0) this.#site.counters.count('no_route', dropped);
  }
}
