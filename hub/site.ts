/**
 * What every peer of the tunnel thread works with: time, sockets, tun, tables, and the way out.
 *
 * One object, made once by `tunnel.ts`. The buffers are native memory; each is used within one call
 * and never kept.
 *
 * @module
 */
import type { DatagramSocket } from '../hal/datagram.ts';
import type { ChosenCiphers } from '../hal/linux/cipherChoice.ts';
import { nativeMemory } from '../hal/linux/memory.ts';
import type { Tun } from '../hal/tun.ts';
import type { AuditEvent } from '../session/audit.ts';
import { AuditBursts } from '../session/auditBurst.ts';
import { type Identity, newIdentity } from '../session/channel/identity.ts';
import type { Dh } from '../session/noise/dh.ts';
import { ChannelTable } from './channelTable.ts';
import { Counters, TrafficCount } from './counters.ts';
import { Deadlines, type Timed } from './deadlines.ts';
import { Door } from './door.ts';
import { Endpoints } from './endpoints.ts';
import { InnerRoutes } from './innerRoutes.ts';
import type { FromHub, HubRules, HubSetup } from './messages.ts';
import type { PlainPeerShell } from './plainPeer.ts';
import type { SessionPeer } from './sessionPeer.ts';

export type Peer = SessionPeer | PlainPeerShell;

/** The longest datagram UDP carries, and any packet a tun hands out. */
const BUFFER_BYTES = 65_536;

export class Site {
  readonly setup: HubSetup;
  readonly chosen: ChosenCiphers;
  readonly identity: Identity;
  readonly nowMs: () => number;
  readonly tun: Tun;
  readonly rules: HubRules;
  readonly endpoints: Endpoints;
  readonly counters = new Counters();
  readonly traffic = new TrafficCount();
  readonly channels = new ChannelTable<Peer>();
  readonly routes = new InnerRoutes<Peer>();
  readonly deadlines = new Deadlines();
  readonly door: Door;
  readonly sealedMemory = nativeMemory(BUFFER_BYTES + 64);
  readonly sealed = this.sealedMemory.bytes;
  readonly received = nativeMemory(BUFFER_BYTES);
  readonly openedMemory = nativeMemory(BUFFER_BYTES);
  readonly opened = this.openedMemory.bytes;
  readonly post: (message: FromHub) => void;
  readonly #bursts = new AuditBursts();
  readonly #burstTimer: Timed;

  constructor(
    setup: HubSetup,
    parts: {
      readonly chosen: ChosenCiphers;
      readonly nowMs: () => number;
      readonly tun: Tun;
      readonly sockets: readonly DatagramSocket[];
      readonly dh: Dh;
      readonly post: (message: FromHub) => void;
    },
  ) {
    this.setup = setup;
    this.chosen = parts.chosen;
    this.rules = setup.rules;
    this.door = new Door(setup.rules.door, parts.nowMs());
    this.identity = newIdentity(setup.privateKey, parts.dh);
    this.nowMs = parts.nowMs;
    this.tun = parts.tun;
    this.post = parts.post;
    this.endpoints = new Endpoints(parts.sockets, this.counters);
    this.#burstTimer = {
      nextDeadlineMs: () => this.#bursts.nextDeadline,
      onTime: (atMs) => {
        for (const event of this.#bursts.due(atMs)) this.post({ kind: 'audit', event });
      },
    };
  }

  /** Audit `event`, or count it into a burst of its kind. */
  report(event: AuditEvent): void {
    const passed = this.#bursts.pass(event);
    if (passed !== null) this.post({ kind: 'audit', event: passed });
    this.deadlines.note(this.#burstTimer);
  }

  /** Hand an inner packet to the kernel. */
  deliver(packet: Uint8Array, bytes: number): void {
    if (this.tun.write(packet, bytes)) this.traffic.noteReceived(bytes);
    else this.counters.count('tun_refused');
  }
}
