/**
 * One turn of the hub's tunnel thread behind its wait: messages, datagrams, packets.
 *
 * Shared by the thread (`tunnel.ts`) and the simulator, so that both do the same work in the same order.
 *
 * @module
 */
import { isBatchOver } from '../hal/batch.ts';
import { type DatagramSocket, RECEIVE_BYTES } from '../hal/datagram.ts';
import { offloadsOf } from '../hal/offloads.ts';
import { TUN_GONE, TUN_READ_BYTES } from '../hal/tun.ts';
import { Unavailable } from '../hal/unavailable.ts';
import { unreachable } from '../session/assert.ts';
import type { Memory } from '../session/memory.ts';
import { onPacket, onRun } from './forward.ts';
import { Handshakes } from './handshakes.ts';
import { LeaseHolder } from './leaseHolder.ts';
import type { ToHub, TunnelStatus } from './messages.ts';
import { Peers } from './peers.ts';
import type { Site } from './site.ts';

/** Whether the last wait found something to read there. */
export type IsReady = (source: { readonly fd: number }) => boolean;

export class Turn {
  readonly peers: Peers;
  readonly #site: Site;
  readonly #handshakes: Handshakes;
  readonly #received: Memory;
  readonly #read: Memory;
  readonly #isReady: IsReady;
  /** Null: the store is this hub's alone. */
  readonly #lease: LeaseHolder | null;

  constructor(site: Site, isReady: IsReady) {
    const { newMemory } = site.means;
    this.#site = site;
    this.#isReady = isReady;
    this.peers = new Peers(site);
    this.#handshakes = new Handshakes(site, this.peers);
    const { lease: config } = site.setup;
    const { nowMs, post } = site;
    const tell = (isValid: boolean, atMs: number) => this.peers.onLease(isValid, atMs);
    this.#lease = config === null ? null : new LeaseHolder({ config, nowMs, post, tell });
    this.#read = newMemory(TUN_READ_BYTES);
    this.#received = newMemory(RECEIVE_BYTES);
  }

  /** Behind each wait, before anything is taken: keys and sessions that expired while nobody ran are over. */
  expire(atMs: number): void {
    this.#lease?.onTime(atMs);
    this.#site.deadlines.expire(atMs);
  }

  /** Call back whoever is due; when that has to be done again at the latest. */
  onTime(atMs: number): number | null {
    this.#lease?.onTime(atMs);
    this.#site.deadlines.run(atMs);
    this.#site.flushSent();
    return this.nextDeadlineMs();
  }

  nextDeadlineMs(): number | null {
    const peersMs = this.#site.deadlines.nextMs();
    const leaseMs = this.#lease?.nextDeadlineMs() ?? null;
    if (peersMs === null || leaseMs === null) return peersMs ?? leaseMs;
    return Math.min(peersMs, leaseMs);
  }

  /** Take what is ready, from each source at most a batch; the bytes taken. @throws Unavailable */
  take(atMs: number): number {
    const site = this.#site;
    this.#lease?.onTime(atMs);
    let moved = 0;
    for (const socket of site.endpoints.sockets) {
      if (this.#isReady(socket)) moved += this.#drainSocket(socket, atMs);
    }
    if (this.#isReady(site.tun)) moved += this.#drainTun(atMs);
    site.flushSent();
    return moved;
  }

  onMessage(message: ToHub): void {
    const { peers } = this;
    const { post } = this.#site;
    this.#lease?.onTime(this.#site.nowMs());
    switch (message.kind) {
      case 'swapped':
        return peers.onSwapped(message);
      case 'device':
        return peers.onDevice(message.device, message.record);
      case 'terminate':
        return peers.session(message.device)?.terminate(message.reasonCode);
      case 'policy':
        this.#site.useRules(message.rules);
        return peers.onRules();
      case 'rebuild':
        return peers.session(message.device)?.rebuild(message.record);
      case 'leaseAnswered':
        return this.#lease?.onAnswered(message);
      case 'owner':
        return peers.session(message.device)?.onOwner(message);
      case 'release':
        return peers.session(message.device)?.onRelease(message);
      case 'stop':
        return this.#lease?.stop();
      case 'peers':
        return post({ kind: 'peers', requestId: message.requestId, peers: peers.status() });
      case 'status':
        return post({ kind: 'status', requestId: message.requestId, status: this.status() });
      default:
        return unreachable(message);
    }
  }

  status(): TunnelStatus {
    const site = this.#site;
    return {
      udp_port: site.endpoints.sockets[0]!.localPort,
      sockets: site.endpoints.sockets.length,
      peers: this.peers.count(),
      sessions: this.peers.states(),
      channels: site.channels.size,
      handshakes: this.#handshakes.answeredCount,
      is_under_load: site.door.isUnderLoad(site.nowMs()),
      overflow: site.endpoints.sockets.reduce((sum, socket) => sum + socket.overflowCount, 0),
      ciphers: site.chosen.report,
      offloads: offloadsOf(site.tun, site.endpoints.sockets),
      packets: site.traffic.snapshot(),
      resend: this.peers.resend(),
      counters: site.counters.snapshot(),
    };
  }

  /** Datagrams to packets, until the socket has no more or the others have waited long enough; their bytes. */
  #drainSocket(socket: DatagramSocket, atMs: number): number {
    const site = this.#site;
    const memory = this.#received;
    let taken = 0;
    for (let calls = 0; !isBatchOver(calls, taken); calls++) {
      const bytes = socket.receive(memory, 0);
      if (bytes === 0) break;
      const endpoint = site.endpoints.heard(socket);
      const { segmentBytes, ecn } = socket;
      onRun(site, this.#handshakes, memory, bytes, segmentBytes, ecn, endpoint, atMs);
      taken += bytes;
    }
    site.noteSkipped(socket);
    site.flushReceived();
    return taken;
  }

  /** Packets to datagrams; their bytes. */
  #drainTun(atMs: number): number {
    const site = this.#site;
    const memory = this.#read;
    let taken = 0;
    for (let calls = 0; !isBatchOver(calls, taken); calls++) {
      const bytes = site.tun.read(memory, 0);
      if (bytes === TUN_GONE)
        throw new Unavailable(`${site.tun.name} was deleted under the running hub`);
      if (bytes === 0) break;
      onPacket(site, memory, 0, bytes, atMs);
      taken += bytes;
    }
    return taken;
  }
}
