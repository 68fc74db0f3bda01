/**
 * The device against a stock WireGuard server: handshakes, data and roaming, no session.
 *
 * Nothing here resumes, claims or proves a binding; the guarantees that need a hub are off, and status
 * says so. The preferred usable link carries everything; the server follows as WireGuard servers do.
 *
 * @module
 */
import type { Clock } from '../hal/clock.ts';
import type { LinkSnapshot } from '../hal/links.ts';
import { type Means, randomFraction, randomIndex } from '../hal/means.ts';
import { TUN_READ_BYTES, type Tun } from '../hal/tun.ts';
import { openError } from '../session/channel/openCode.ts';
import { innerBytes, NO_PACKET } from '../session/channel/padding.ts';
import { PlainKeypair } from '../session/channel/plainKeypair.ts';
import {
  isReceivable,
  newPlainPeer,
  nextDeadline,
  type PlainConfig,
  type PlainEffect,
  type PlainEvent,
  type PlainPeer,
  usableSlot,
} from '../session/channel/plainPeer.ts';
import { stepPlain } from '../session/channel/plainStep.ts';
import { wipeSecrets } from '../session/channel/secrets.ts';
import type { LinkSpending } from '../session/flash/spending.ts';
import { Holding } from '../session/holding.ts';
import { innerMtuBytes, type LinkPath } from '../session/innerMtu.ts';
import type { Memory } from '../session/memory.ts';
import { DELIVERY_BYTES, Delivery, PACKET_AT } from '../session/packet/delivery.ts';
import { Outbound } from '../session/sealed/outbound.ts';
import { SlotPool } from '../session/sealed/pool.ts';
import { SealedRing } from '../session/sealed/ring.ts';
import { SLOT_BYTES } from '../session/sealed/slot.ts';
import { PacketSealer } from '../session/sealer.ts';
import { MESSAGE_TYPE, TRANSPORT_BYTES_MIN } from '../session/wire/messages.ts';
import { receiverOf } from '../session/wire/transport.ts';
import { Handshakes } from './handshakes.ts';
import type { FromTunnel, ToTunnel, TunnelSetup } from './messages.ts';
import { spendingAtEnd, spendingDue } from './metering.ts';
import { TimestampReservation } from './reservation.ts';
import type { ShellParts } from './sessionShell.ts';
import {
  countOverflow,
  countRefused,
  linkNotices,
  linkOffloads,
  newPacketCounters,
  type TunnelStatus,
} from './status.ts';
import { Transmitter } from './transmitter.ts';
import type { Path, Uplink, Uplinks } from './uplinks.ts';

/** Nothing is sent again: one slot to seal into. */
const SLOTS = 1;
const HELD_PACKETS_MAX = 4_096;
const HELD_AGE_MAX_MS = 5_000;

type WithoutTime<E> = E extends unknown ? Omit<E, 'atMs' | 'jitterMs'> : never;

export class PlainShell {
  readonly packets = newPacketCounters();
  readonly #setup: TunnelSetup;
  readonly #clock: Clock;
  readonly #tun: Tun;
  readonly #ciphers: TunnelStatus['ciphers'];
  readonly #uplinks: Uplinks;
  readonly #post: (message: FromTunnel) => void;
  readonly #handshakes: Handshakes;
  readonly #keypairs = new Map<number, PlainKeypair>();
  readonly #holding: Holding;
  readonly #transmitter: Transmitter;
  readonly #released: Memory;
  readonly #means: Means;
  readonly #outbound: Outbound;
  readonly #delivery: Delivery;
  readonly #sealer: PacketSealer;
  readonly #config: PlainConfig;
  #rules: TunnelSetup['rules'];
  #peer: PlainPeer;
  #path: Path | null = null;
  #mtuBytes: number;
  readonly #reservation = new TimestampReservation();
  #nextIndex: number;

  constructor(parts: ShellParts) {
    const { setup, clock, means } = parts;
    const { newMemory } = means;
    this.#means = means;
    this.#nextIndex = randomIndex(means.random);
    this.#transmitter = new Transmitter(this.packets, newMemory);
    this.#released = newMemory(TUN_READ_BYTES);
    this.#setup = setup;
    this.#clock = clock;
    this.#tun = parts.tun;
    this.#ciphers = parts.chosen.report;
    this.#uplinks = parts.uplinks;
    this.#post = parts.post;
    this.#handshakes = new Handshakes(setup, parts.chosen.ciphers, () => clock.wallMs(), means);
    this.#mtuBytes = setup.mtuMaxBytes;
    this.#config = { persistentKeepaliveMs: 0, times: setup.plainTimes };
    this.#peer = newPlainPeer(clock.monotonicMs(), this.#config);
    this.#rules = setup.rules;
    const { resendBufferBytes: bytesMax } = setup.rules;
    this.#holding = new Holding({ bytesMax, packetsMax: HELD_PACKETS_MAX });
    const ring = new SealedRing(new SlotPool(newMemory(SLOTS * SLOT_BYTES)), 0);
    this.#outbound = new Outbound(ring, (at, bytes, segmentBytes, ecn) => {
      if (this.#path === null) return;
      this.#transmitter.transmit(this.#path, ring.memory, at, bytes, segmentBytes, ecn);
    });
    const delivered = newMemory(DELIVERY_BYTES);
    this.#delivery = new Delivery(delivered, parts.tun.offload, (at, bytes) => {
      if (!parts.tun.write(delivered, at, bytes)) countRefused(this.packets, 'tunRefused');
    });
    this.#sealer = new PacketSealer(this.#delivery);
    this.#sealer.mtuBytes = this.#mtuBytes;
  }

  onLinks(snapshots: readonly LinkSnapshot[]): void {
    const views = this.#uplinks.refresh(snapshots);
    const { linkPolicies } = this.#rules;
    const usable = views
      .filter((view) => view.hasCarrier && linkPolicies[view.name]?.cost !== 'never')
      .sort(
        (a, b) =>
          (linkPolicies[a.name]?.preference ?? 1_000) - (linkPolicies[b.name]?.preference ?? 1_000),
      )
      .flatMap((view) =>
        view.endpoints
          .filter((endpoint) => endpoint.hasAddress && endpoint.hasRoute)
          .map((endpoint) => ({ ...endpoint, mtuBytes: view.mtuBytes })),
      );
    this.#path = usable[0] === undefined ? null : this.#uplinks.path(usable[0].transportId);
    if (usable.length > 0) this.#fitMtu(usable);
  }

  /** As in a session: narrow enough for every link that may carry. Padding stays within it, too. */
  #fitMtu(paths: readonly LinkPath[]): void {
    const { mtuMaxBytes, mayHaveIpv6 } = this.#setup;
    const mtuBytes = innerMtuBytes(paths, mtuMaxBytes, mayHaveIpv6);
    if (mtuBytes === this.#mtuBytes) return;
    this.#mtuBytes = mtuBytes;
    this.#sealer.mtuBytes = mtuBytes;
    for (const keypair of this.#keypairs.values()) keypair.mtuBytes = mtuBytes;
    this.#post({ kind: 'mtu', mtuBytes });
  }

  onMessage(message: ToTunnel): void {
    if (message.kind === 'timestamps') {
      this.#reservation.onAnswer(message.grant !== null, this.#now());
      if (message.grant !== null) this.#handshakes.onGrant(message.grant);
    } else if (message.kind === 'endpoints') {
      this.#uplinks.setEndpoints(message.endpoints);
      this.onLinks(this.#uplinks.snapshots);
    } else if (message.kind === 'policy') {
      this.#rules = message.rules;
      this.#uplinks.setMetering(message.metering);
      this.onLinks(this.#uplinks.snapshots);
    } else if (message.kind === 'stop') {
      this.#postSpending(spendingAtEnd(this.#uplinks.all));
      this.#post({ kind: 'over' }); // the server is told nothing: WireGuard has no word for it
    } else if (message.kind === 'rebind' || message.kind === 'order') {
      const { kind, requestId } = message;
      this.#post({ kind, requestId, denied: 'plain' });
    } else if (message.kind === 'status') {
      this.#post({ kind: 'status', requestId: message.requestId, status: this.#status() });
    }
  }

  /** What one read of the tun gave. */
  onPacket(memory: Memory, at: number, bytes: number, atMs: number): void {
    const slot = usableSlot(this.#peer, atMs, this.#config);
    if (slot === null || this.#path === null) {
      this.#holding.hold(memory.bytes.subarray(at, at + bytes), atMs);
      if (this.#path !== null) this.#feed({ kind: 'staged' });
      return;
    }
    this.#seal(slot.localIndex, memory, at, bytes, atMs);
  }

  /** The batch from the tun is over. */
  flushSent(): void {
    this.#outbound.flush();
  }

  /** So many datagrams were empty, or longer than any. */
  onSkipped(count: number): void {
    countRefused(this.packets, 'malformed_datagram', count);
  }

  /** The batch from the sockets is over. */
  flushReceived(): void {
    this.#delivery.flush();
  }

  #seal(localIndex: number, memory: Memory, at: number, bytes: number, atMs: number): void {
    const keypair = this.#keypairs.get(localIndex);
    if (keypair === undefined) return;
    const sealer = this.#sealer;
    const code = sealer.seal(this.#outbound, keypair, 0, memory, at, bytes, atMs);
    if (code !== null) countRefused(this.packets, code);
    if (sealer.packets === 0) return;
    this.packets.sent += sealer.packets;
    this.packets.sentBytes += sealer.bytes;
    const { needsRekey } = keypair;
    this.#feed({ kind: 'sent', localIndex, packetBytes: sealer.bytes, needsRekey });
  }

  #sealKeepalive(): void {
    const atMs = this.#now();
    const slot = usableSlot(this.#peer, atMs, this.#config);
    const keypair = slot === null ? undefined : this.#keypairs.get(slot.localIndex);
    if (keypair === undefined) return;
    if (!this.#sealer.sealEmpty(this.#outbound, keypair, atMs)) return;
    this.#outbound.flush();
    const { localIndex, needsRekey } = keypair;
    this.#feed({ kind: 'sent', localIndex, packetBytes: 0, needsRekey });
  }

  /** A datagram of `bytes` at `at` from anyone, with the ECN bits of its outer header. */
  onDatagram(
    _uplink: Uplink,
    memory: Memory,
    at: number,
    bytes: number,
    ecn: number,
    atMs: number,
  ): void {
    if (memory.bytes[at] === MESSAGE_TYPE.transport) {
      return this.#onData(memory, at, bytes, ecn, atMs);
    }
    const datagram = memory.bytes.subarray(at, at + bytes);
    switch (datagram[0]) {
      case MESSAGE_TYPE.response:
        return this.#onResponse(datagram);
      case MESSAGE_TYPE.cookieReply: {
        const code = this.#handshakes.onCookie(datagram, atMs);
        return code === null ? undefined : countRefused(this.packets, code);
      }
      default:
        countRefused(this.packets, 'malformed_datagram');
    }
  }

  #onData(memory: Memory, at: number, bytes: number, ecn: number, atMs: number): void {
    const localIndex = bytes < TRANSPORT_BYTES_MIN ? -1 : receiverOf(memory.bytes, at);
    const keypair = this.#keypairs.get(localIndex);
    if (keypair === undefined || !isReceivable(this.#peer, localIndex, atMs, this.#config)) {
      return countRefused(this.packets, 'wrong_key_datagram');
    }
    const plainBytes = keypair.openData(memory, at, bytes, this.#delivery.memory, PACKET_AT);
    if (plainBytes < 0)
      return countRefused(this.packets, openError(plainBytes) ?? 'malformed_datagram');
    if (plainBytes > 0) this.#deliver(plainBytes, ecn);
    const { needsRekey } = keypair;
    this.#feed({ kind: 'received', localIndex, packetBytes: plainBytes, needsRekey });
  }

  #deliver(plainBytes: number, ecn: number): void {
    const delivery = this.#delivery;
    const packetBytes = innerBytes(delivery.memory.bytes, PACKET_AT, plainBytes);
    if (packetBytes === NO_PACKET) return countRefused(this.packets, 'malformed_packet');
    const code = delivery.deliver(packetBytes, ecn);
    if (code !== null) return countRefused(this.packets, code);
    this.packets.received += 1;
    this.packets.receivedBytes += packetBytes;
  }

  #onResponse(datagram: Uint8Array): void {
    const answer = this.#handshakes.onResponse(datagram, this.#now());
    if (typeof answer === 'string') return countRefused(this.packets, answer);
    const keypair = new PlainKeypair(answer.origin, this.#mtuBytes);
    wipeSecrets(answer.origin.secrets);
    this.#keypairs.set(keypair.localIndex, keypair);
    this.#feed({ kind: 'responseAccepted', localIndex: keypair.localIndex });
  }

  /** Nothing to do: how old its keys are is asked of each packet. */
  expire(): void {}

  onTime(): void {
    const atMs = this.#now();
    this.#postSpending(spendingDue(this.#uplinks.all, this.#clock.wallMs(), atMs));
    const wanted = this.#handshakes.wantsTimestampsMs;
    if (this.#reservation.ask(wanted !== null, atMs)) {
      this.#post({ kind: 'reserveTimestamps', atLeastMs: wanted ?? 0 });
    }
    const dueAtMs = nextDeadline(this.#peer, this.#config);
    if (dueAtMs !== null && dueAtMs <= atMs) this.#feed({ kind: 'tick' });
  }

  #postSpending(links: readonly LinkSpending[] | null): void {
    if (links !== null) this.#post({ kind: 'spent', links });
  }

  nextDeadlineMs(): number | null {
    const peerMs = nextDeadline(this.#peer, this.#config);
    const askMs = this.#reservation.nextDeadlineMs();
    return peerMs === null || askMs === null ? (peerMs ?? askMs) : Math.min(peerMs, askMs);
  }

  #feed(event: WithoutTime<PlainEvent>): void {
    const jitterMs = randomFraction(this.#means.random) * this.#config.times.jitterMaxMs;
    const next = stepPlain(
      this.#peer,
      { ...event, atMs: this.#now(), jitterMs } as PlainEvent,
      this.#config,
    );
    this.#peer = next.peer;
    for (const effect of next.effects) this.#perform(effect);
  }

  #perform(effect: PlainEffect): void {
    switch (effect.kind) {
      case 'sendInitiation':
        return this.#initiate();
      case 'sendKeepalive':
        return this.#holding.count > 0 ? this.#sendStaged() : this.#sealKeepalive();
      case 'sendStaged':
        return this.#sendStaged();
      case 'giveUp':
        return this.#holding.clear();
      case 'expire':
        this.#keypairs.get(effect.localIndex)?.close();
        this.#keypairs.delete(effect.localIndex);
    }
  }

  #sendStaged(): void {
    const atMs = this.#now();
    const { bytes } = this.#released;
    this.#holding.release(atMs, HELD_AGE_MAX_MS, (packet) => {
      const slot = usableSlot(this.#peer, atMs, this.#config);
      if (slot === null) return;
      bytes.set(packet);
      this.#seal(slot.localIndex, this.#released, 0, packet.length, atMs);
    });
    this.#outbound.flush();
  }

  #initiate(): void {
    if (this.#path === null) return;
    this.#nextIndex = (this.#nextIndex + 1) >>> 0;
    const message = this.#handshakes.initiate(this.#path.transportId, this.#nextIndex, this.#now());
    if (message === null) return countRefused(this.packets, 'noTimestampLeft');
    this.#transmitter.transmitMessage(this.#path, message);
  }

  #status(): TunnelStatus {
    countOverflow(this.packets, this.#uplinks.all);
    this.packets.held = this.#holding.count;
    this.packets.heldDropped = this.#holding.droppedCount;
    const hasKeys = usableSlot(this.#peer, this.#now(), this.#config) !== null;
    return {
      mode: 'plain',
      state: hasKeys
        ? 'CONNECTED (plain WireGuard: no session guarantees)'
        : 'NO KEYS (plain WireGuard)',
      session_id: null,
      previous_session_id: null,
      state_version: 0,
      binding: this.#path === null ? null : `${this.#path.uplink.name}→${this.#path.endpoint}`,
      binding_held_for: null,
      mtu_bytes: this.#mtuBytes,
      inner4: null,
      inner6: null,
      routes: [],
      cipher: 'chacha20-poly1305',
      offloads: linkOffloads(this.#tun, this.#uplinks.all),
      ciphers: this.#ciphers,
      terminated: null,
      links: [],
      link_notices: linkNotices(this.#uplinks.all),
      recovery_ms: { count: 0, p50: null, p95: null, max: null },
      switches_last_minute: 0,
      counters: {},
      packets: this.packets,
    };
  }

  #now(): number {
    return this.#clock.monotonicMs();
  }
}
