/**
 * One stock WireGuard client at this hub: handshakes, timers, data and roaming as WireGuard has them.
 *
 * No session, no claims, no bound on anything but time: what needs a session is off for it. Types 16
 * to 18 are neither taken from it nor sent to it.
 *
 * @module
 */
import { randomFraction } from '../hal/means.ts';
import {
  createInitiation,
  type PendingHandshake,
  wipePending,
} from '../session/channel/initiation.ts';
import {
  type Cookie,
  consumeCookieReply,
  type SentMessage,
  usableCookie,
} from '../session/channel/macs.ts';
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
import { consumeResponse } from '../session/channel/response.ts';
import { wipeSecrets } from '../session/channel/secrets.ts';
import { TimestampGate, timestampOf } from '../session/channel/timestamp.ts';
import { Holding } from '../session/holding.ts';
import type { Memory } from '../session/memory.ts';
import { PACKET_AT } from '../session/packet/delivery.ts';
import { Outbound } from '../session/sealed/outbound.ts';
import { SealedRing } from '../session/sealed/ring.ts';
import { COUNTER_OF_REFUSAL, TrafficCount } from './counters.ts';
import type { Timed } from './deadlines.ts';
import type { EnrolledDevice } from './device.ts';
import type { Endpoint } from './endpoints.ts';
import type { PeerStatus } from './messages.ts';
import type { Site } from './site.ts';

/** Packets that wait for a handshake. WireGuard stages 128. */
const HELD = { bytesMax: 98_304, packetsMax: 64 } as const;
/** As long as a handshake may take its retries. */
const HELD_AGE_MAX_MS = 5_000;

type WithoutTime<E> = E extends unknown ? Omit<E, 'atMs' | 'jitterMs'> : never;

export class PlainPeerShell implements Timed {
  readonly mode = 'plain';
  readonly gate = new TimestampGate(null);
  readonly traffic = new TrafficCount();
  readonly publicKey: Uint8Array;
  device: EnrolledDevice;
  /** The handshake message sent last, by which a cookie reply is recognised. */
  sent: SentMessage | null = null;
  readonly #site: Site;
  readonly #config: PlainConfig;
  readonly #keypairs = new Map<number, PlainKeypair>();
  readonly #held = new Holding(HELD);
  readonly #outbound: Outbound;
  #heldDropsCounted = 0;
  #peer: PlainPeer;
  #endpoint: Endpoint | null = null;
  #pending: PendingHandshake | null = null;
  #cookie: Cookie | null = null;
  #handshakeAtMs: number | null = null;
  #isClosed = false;

  constructor(site: Site, device: EnrolledDevice, publicKey: Uint8Array) {
    this.#site = site;
    this.device = device;
    this.publicKey = publicKey;
    this.#config = { persistentKeepaliveMs: 0, times: site.setup.plainTimes };
    this.#peer = newPlainPeer(site.nowMs(), this.#config);
    const { slots, endpoints } = site;
    const ring = new SealedRing(slots, 0);
    this.#outbound = new Outbound(ring, (at, bytes, segmentBytes, ecn) => {
      if (this.#endpoint !== null) {
        endpoints.send(this.#endpoint, slots.memory, at, bytes, segmentBytes, ecn);
      }
      ring.clear(); // nothing is sent again: the slot is free for others
    });
  }

  update(device: EnrolledDevice): void {
    this.device = device;
    if (device.revokedAtMs !== null) this.close();
  }

  close(): void {
    this.#isClosed = true;
    for (const index of [...this.#keypairs.keys()]) this.#expire(index);
    this.#dropPending();
    this.#held.clear();
    this.#countDrops();
    this.#site.deadlines.forget(this);
  }

  cookieFor(atMs: number): Uint8Array | null {
    return usableCookie(this.#cookie, atMs);
  }

  /** Keys of an initiation that we answered to `endpoint`. */
  responded(keypair: PlainKeypair, endpoint: Endpoint, sent: SentMessage): void {
    this.#endpoint = endpoint;
    this.sent = sent;
    this.#adopt(keypair);
    this.#feed({ kind: 'responded', localIndex: keypair.localIndex });
  }

  /** A type 2 message for our pending initiation, from anyone. */
  onResponse(message: Uint8Array, endpoint: Endpoint, atMs: number): void {
    const pending = this.#pending;
    const { identity, counters, means } = this.#site;
    if (pending === null) return counters.count('wrong_key_datagram');
    const consumed = consumeResponse(message, pending, { identity, dh: means.dh });
    if (!consumed.ok) return counters.count('wrong_key_datagram');
    this.#pending = null;
    const { chosen, setup } = this.#site;
    const { secrets, remoteIndex } = consumed.value;
    const localIndex = pending.senderIndex;
    const origin = { secrets, remoteIndex, localIndex, ciphers: chosen.ciphers };
    const { mtuBytes } = setup;
    this.#adopt(new PlainKeypair({ ...origin, isInitiator: true, createdAtMs: atMs }, mtuBytes));
    wipeSecrets(secrets);
    this.#endpoint = endpoint;
    this.#handshakeAtMs = atMs;
    this.#feed({ kind: 'responseAccepted', localIndex });
  }

  /** A type 3 message for the handshake message sent last, from anyone. */
  onCookieReply(datagram: Uint8Array, atMs: number): void {
    const cookie = this.sent === null ? null : consumeCookieReply(datagram, this.sent);
    if (cookie === null || !cookie.ok) return this.#site.counters.count('wrong_key_datagram');
    this.#cookie = { cookie: cookie.value, receivedAtMs: atMs };
  }

  /** A type 4 message of `bytes` at `at` for `keypair`, from anyone. */
  onDatagram(
    keypair: PlainKeypair,
    memory: Memory,
    at: number,
    bytes: number,
    ecn: number,
    endpoint: Endpoint,
    atMs: number,
  ): void {
    const { counters, delivery } = this.#site;
    const { localIndex, needsRekey } = keypair;
    if (!isReceivable(this.#peer, localIndex, atMs, this.#config)) {
      return counters.count('channel_expired');
    }
    const plainBytes = keypair.openData(memory, at, bytes, delivery.memory, PACKET_AT);
    if (plainBytes < 0) return counters.countError(openError(plainBytes));
    this.#endpoint = endpoint; // as WireGuard roams: on any authentic packet
    if (plainBytes > 0) this.#deliver(plainBytes, ecn);
    if (this.#peer.next?.localIndex === localIndex) this.#handshakeAtMs = atMs;
    this.#feed({ kind: 'received', localIndex, packetBytes: plainBytes, needsRekey });
  }

  #deliver(plainBytes: number, ecn: number): void {
    const { counters, delivery, routes } = this.#site;
    const { bytes } = delivery.memory;
    const packetBytes = innerBytes(bytes, PACKET_AT, plainBytes);
    if (packetBytes === NO_PACKET) return counters.count('malformed_packet');
    if (routes.source(bytes, PACKET_AT, packetBytes) !== this) {
      return counters.count('source_forbidden');
    }
    const code = delivery.deliver(packetBytes, ecn);
    if (code !== null) return counters.count(COUNTER_OF_REFUSAL[code]);
    this.#site.traffic.noteReceived(1, packetBytes);
    this.traffic.noteReceived(1, packetBytes);
  }

  /** What one read of the tun gave for this device; the memory is free again on return. */
  onPacket(memory: Memory, at: number, bytes: number, atMs: number): void {
    const slot = usableSlot(this.#peer, atMs, this.#config);
    if (slot !== null) return this.#seal(slot.localIndex, memory, at, bytes, atMs);
    // A client that never called has no address to call back.
    if (this.#endpoint === null) return this.#site.counters.count('no_route');
    this.#held.hold(memory.bytes.subarray(at, at + bytes), atMs);
    this.#countDrops();
    this.#feed({ kind: 'staged' });
  }

  nextDeadlineMs(): number | null {
    return this.#isClosed ? null : nextDeadline(this.#peer, this.#config);
  }

  onTime(atMs: number): void {
    const dueAtMs = this.nextDeadlineMs();
    if (dueAtMs !== null && dueAtMs <= atMs) this.#feed({ kind: 'tick' });
  }

  status(): PeerStatus {
    const { name, publicKey, inner4, inner6 } = this.device;
    return {
      mode: 'plain',
      name,
      device: publicKey,
      endpoint: this.#endpoint?.text ?? null,
      inner4,
      inner6,
      last_handshake_ms: this.#handshakeAtMs,
      traffic: this.traffic.snapshot(),
      held: this.#held.count,
    };
  }

  #feed(event: WithoutTime<PlainEvent>): void {
    if (this.#isClosed) return;
    const jitterMs = randomFraction(this.#site.means.random) * this.#config.times.jitterMaxMs;
    const atMs = this.#site.nowMs();
    const whole = { ...event, atMs, jitterMs } as PlainEvent;
    const next = stepPlain(this.#peer, whole, this.#config);
    this.#peer = next.peer;
    for (const effect of next.effects) this.#perform(effect, atMs);
    this.#site.deadlines.note(this);
  }

  #perform(effect: PlainEffect, atMs: number): void {
    switch (effect.kind) {
      case 'sendInitiation':
        return this.#initiate(atMs);
      case 'sendKeepalive':
        return this.#held.count > 0 ? this.#sendHeld(atMs) : this.#sealKeepalive(atMs);
      case 'sendStaged':
        return this.#sendHeld(atMs);
      case 'giveUp':
        this.#dropPending();
        this.#held.clear();
        return this.#countDrops();
      case 'expire':
        return this.#expire(effect.localIndex);
    }
  }

  #initiate(atMs: number): void {
    const { identity, channels, endpoints, means } = this.#site;
    if (this.#endpoint === null) return;
    const ephemeralPrivate = means.random(32);
    const created = createInitiation({
      identity,
      remoteStatic: this.publicKey,
      psk: this.device.psk,
      ephemeralPrivate,
      senderIndex: channels.freeIndex(),
      timestamp: timestampOf(atMs),
      cookie: this.cookieFor(atMs),
      dh: means.dh,
    });
    ephemeralPrivate.fill(0);
    if (!created.ok) return; // a key that no handshake can be made with
    this.#dropPending();
    const { message, pending } = created.value;
    this.#pending = pending;
    this.sent = pending;
    channels.set(pending.senderIndex, this, null);
    endpoints.sendMessage(this.#endpoint, message);
  }

  #sendHeld(atMs: number): void {
    const { released } = this.#site;
    this.#held.release(atMs, HELD_AGE_MAX_MS, (packet) => {
      const slot = usableSlot(this.#peer, atMs, this.#config);
      if (slot === null) return;
      released.bytes.set(packet);
      this.#seal(slot.localIndex, released, 0, packet.length, atMs);
    });
    this.#outbound.flush();
    this.#countDrops();
  }

  #seal(localIndex: number, memory: Memory, at: number, bytes: number, atMs: number): void {
    const keypair = this.#keypairs.get(localIndex);
    if (keypair === undefined) return;
    const { sealer, counters, traffic, setup } = this.#site;
    sealer.mtuBytes = setup.mtuBytes;
    const code = sealer.seal(this.#outbound, keypair, 0, memory, at, bytes, atMs);
    if (code !== null) counters.count(COUNTER_OF_REFUSAL[code]);
    if (sealer.packets === 0) return;
    this.#site.noteWaiting(this.#outbound);
    const packetBytes = sealer.bytes;
    traffic.noteSent(sealer.packets, packetBytes);
    this.traffic.noteSent(sealer.packets, packetBytes);
    const { needsRekey } = keypair;
    this.#feed({ kind: 'sent', localIndex, packetBytes, needsRekey });
  }

  #sealKeepalive(atMs: number): void {
    const slot = usableSlot(this.#peer, atMs, this.#config);
    const keypair = slot === null ? undefined : this.#keypairs.get(slot.localIndex);
    if (keypair === undefined) return;
    if (!this.#site.sealer.sealEmpty(this.#outbound, keypair, atMs)) return;
    this.#outbound.flush();
    const { localIndex, needsRekey } = keypair;
    this.#feed({ kind: 'sent', localIndex, packetBytes: 0, needsRekey });
  }

  #adopt(keypair: PlainKeypair): void {
    this.#keypairs.set(keypair.localIndex, keypair);
    this.#site.channels.set(keypair.localIndex, this, keypair);
  }

  #expire(index: number): void {
    this.#keypairs.get(index)?.close();
    this.#keypairs.delete(index);
    this.#site.channels.delete(index);
  }

  #dropPending(): void {
    if (this.#pending === null) return;
    this.#site.channels.delete(this.#pending.senderIndex);
    wipePending(this.#pending);
    this.#pending = null;
  }

  #countDrops(): void {
    const dropped = this.#held.droppedCount - this.#heldDropsCounted;
    this.#heldDropsCounted += dropped;
    if (dropped > 0) this.#site.counters.count('no_route', dropped);
  }
}
