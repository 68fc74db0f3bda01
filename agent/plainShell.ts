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
import { nativeMemory } from '../hal/linux/memory.ts';
import type { Tun } from '../hal/tun.ts';
import { openError } from '../session/channel/openCode.ts';
import { innerBytes } from '../session/channel/padding.ts';
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
import { Holding } from '../session/holding.ts';
import { MESSAGE_TYPE, TRANSPORT_HEADER_BYTES } from '../session/wire/messages.ts';
import { receiverOf } from '../session/wire/transport.ts';
import { Handshakes } from './handshakes.ts';
import type { FromTunnel, ToTunnel, TunnelSetup } from './messages.ts';
import type { ShellParts } from './sessionShell.ts';
import { countRefused, linkNotices, newPacketCounters, type TunnelStatus } from './status.ts';
import type { Path, Uplink, Uplinks } from './uplinks.ts';

const DATAGRAM_BYTES = 65_536;
const MTU_BYTES = 65_000;
const HELD_PACKETS_MAX = 4_096;
const HELD_AGE_MAX_MS = 5_000;

type WithoutTime<E> = E extends unknown ? Omit<E, 'atMs' | 'jitterMs'> : never;

export class PlainShell {
  readonly packets = newPacketCounters();
  readonly #setup: TunnelSetup;
  readonly #clock: Clock;
  readonly #tun: Tun;
  readonly #uplinks: Uplinks;
  readonly #post: (message: FromTunnel) => void;
  readonly #handshakes: Handshakes;
  readonly #keypairs = new Map<number, PlainKeypair>();
  readonly #holding: Holding;
  readonly #sealedMemory = nativeMemory(DATAGRAM_BYTES);
  readonly #sealed = this.#sealedMemory.bytes;
  readonly #received = nativeMemory(DATAGRAM_BYTES);
  readonly #openedMemory = nativeMemory(DATAGRAM_BYTES);
  readonly #opened = this.#openedMemory.bytes;
  readonly #config: PlainConfig;
  #peer: PlainPeer;
  #path: Path | null = null;
  #askedTimestamps = false;
  #nextIndex = (crypto.getRandomValues(new Uint32Array(1))[0] ?? 1) >>> 0;

  constructor(parts: ShellParts) {
    const { setup, clock } = parts;
    this.#setup = setup;
    this.#clock = clock;
    this.#tun = parts.tun;
    this.#uplinks = parts.uplinks;
    this.#post = parts.post;
    this.#handshakes = new Handshakes(setup, parts.chosen.ciphers, () => clock.wallMs());
    this.#config = { persistentKeepaliveMs: 0, times: setup.plainTimes };
    this.#peer = newPlainPeer(clock.monotonicMs(), this.#config);
    const { resendBufferBytes: bytesMax } = setup.rules;
    this.#holding = new Holding({ bytesMax, packetsMax: HELD_PACKETS_MAX });
  }

  onLinks(snapshots: readonly LinkSnapshot[]): void {
    const views = this.#uplinks.refresh(snapshots);
    const { linkPolicies } = this.#setup.rules;
    const usable = views
      .filter((view) => view.hasCarrier && linkPolicies[view.name]?.cost !== 'never')
      .sort(
        (a, b) =>
          (linkPolicies[a.name]?.preference ?? 1_000) - (linkPolicies[b.name]?.preference ?? 1_000),
      )
      .flatMap((view) =>
        view.endpoints.filter((endpoint) => endpoint.hasAddress && endpoint.hasRoute),
      );
    this.#path = usable[0] === undefined ? null : this.#uplinks.path(usable[0].transportId);
  }

  onMessage(message: ToTunnel): void {
    if (message.kind === 'timestamps') {
      this.#askedTimestamps = false;
      this.#handshakes.onGrant(message.grant);
    } else if (message.kind === 'status') {
      this.#post({ kind: 'status', requestId: message.requestId, status: this.#status() });
    }
  }

  onPacket(packet: Uint8Array, bytes: number): void {
    const atMs = this.#now();
    const slot = usableSlot(this.#peer, atMs, this.#config);
    if (slot === null || this.#path === null) {
      this.#holding.hold(packet.subarray(0, bytes), atMs);
      if (this.#path !== null) this.#feed({ kind: 'staged' });
      return;
    }
    this.#seal(slot.localIndex, packet, bytes);
  }

  #seal(localIndex: number, packet: Uint8Array, bytes: number): void {
    const keypair = this.#keypairs.get(localIndex);
    if (keypair === undefined || this.#path === null) return;
    const memory = this.#sealedMemory;
    memory.bytes.set(packet.subarray(0, bytes), TRANSPORT_HEADER_BYTES);
    const total = keypair.sealData(memory, TRANSPORT_HEADER_BYTES, bytes, memory, 0);
    if (total < 0) return countRefused(this.packets, 'counterExhausted');
    if (bytes > 0) {
      this.packets.sent += 1;
      this.packets.sentBytes += bytes;
    }
    this.#transmit(this.#sealed, total);
    this.#feed({ kind: 'sent', localIndex, packetBytes: bytes, needsRekey: keypair.needsRekey });
  }

  #transmit(datagram: Uint8Array, bytes: number): void {
    const sent = this.#path?.uplink.socket?.send(datagram, bytes, this.#path.address);
    if (sent !== 0) countRefused(this.packets, 'sendFailed');
  }

  onDatagram(_uplink: Uplink, datagram: Uint8Array): void {
    switch (datagram[0]) {
      case MESSAGE_TYPE.transport:
        return this.#onData(datagram);
      case MESSAGE_TYPE.response:
        return this.#onResponse(datagram);
      case MESSAGE_TYPE.cookieReply: {
        const code = this.#handshakes.onCookie(datagram, this.#now());
        return code === null ? undefined : countRefused(this.packets, code);
      }
      default:
        countRefused(this.packets, 'malformed_datagram');
    }
  }

  #onData(datagram: Uint8Array): void {
    const localIndex = datagram.length < 8 ? -1 : receiverOf(datagram);
    const keypair = this.#keypairs.get(localIndex);
    if (keypair === undefined || !isReceivable(this.#peer, localIndex, this.#now(), this.#config)) {
      return countRefused(this.packets, 'wrong_key_datagram');
    }
    this.#received.bytes.set(datagram);
    const plainBytes = keypair.openData(this.#received, 0, datagram.length, this.#openedMemory, 0);
    if (plainBytes < 0)
      return countRefused(this.packets, openError(plainBytes) ?? 'malformed_datagram');
    const bytes = plainBytes === 0 ? 0 : innerBytes(this.#opened, plainBytes);
    if (bytes < 0) return countRefused(this.packets, 'malformed_packet');
    if (bytes > 0) {
      this.packets.received += 1;
      this.packets.receivedBytes += bytes;
      this.#tun.write(this.#opened, bytes);
    }
    this.#feed({
      kind: 'received',
      localIndex,
      packetBytes: bytes,
      needsRekey: keypair.needsRekey,
    });
  }

  #onResponse(datagram: Uint8Array): void {
    const answer = this.#handshakes.onResponse(datagram, this.#now());
    if (typeof answer === 'string') return countRefused(this.packets, answer);
    const keypair = new PlainKeypair(answer.origin, MTU_BYTES);
    wipeSecrets(answer.origin.secrets);
    this.#keypairs.set(keypair.localIndex, keypair);
    this.#feed({ kind: 'responseAccepted', localIndex: keypair.localIndex });
  }

  onTime(): void {
    const atMs = this.#now();
    const wanted = this.#handshakes.wantsTimestampsMs;
    if (wanted !== null && !this.#askedTimestamps) {
      this.#askedTimestamps = true;
      this.#post({ kind: 'reserveTimestamps', atLeastMs: wanted });
    }
    const dueAtMs = nextDeadline(this.#peer, this.#config);
    if (dueAtMs !== null && dueAtMs <= atMs) this.#feed({ kind: 'tick' });
  }

  nextDeadlineMs(): number | null {
    return nextDeadline(this.#peer, this.#config);
  }

  #feed(event: WithoutTime<PlainEvent>): void {
    const jitterMs = Math.random() * this.#config.times.jitterMaxMs;
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
        return this.#holding.count > 0 ? this.#sendStaged() : this.#sealNow(this.#sealed, 0);
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
    this.#holding.release(this.#now(), HELD_AGE_MAX_MS, (packet) =>
      this.#sealNow(packet, packet.length),
    );
  }

  #sealNow(packet: Uint8Array, bytes: number): void {
    const slot = usableSlot(this.#peer, this.#now(), this.#config);
    if (slot !== null) this.#seal(slot.localIndex, packet, bytes);
  }

  #initiate(): void {
    if (this.#path === null) return;
    this.#nextIndex = (this.#nextIndex + 1) >>> 0;
    const message = this.#handshakes.initiate(this.#path.transportId, this.#nextIndex, this.#now());
    if (message === null) return countRefused(this.packets, 'noTimestampLeft');
    this.#sealed.set(message);
    this.#transmit(this.#sealed, message.length);
  }

  #status(): TunnelStatus {
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
      inner4: null,
      inner6: null,
      routes: [],
      cipher: 'chacha20-poly1305',
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
