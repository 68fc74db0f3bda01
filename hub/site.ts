/**
 * What every peer of the tunnel thread works with: time, sockets, tun, tables, and the way out.
 *
 * One object, made once by `tunnel.ts`. The buffers are native memory, each used within one call;
 * what is sealed waits in `slots` for the end of the batch and a while longer.
 *
 * @module
 */
import { BATCH_CALLS_MAX } from '../hal/batch.ts';
import type { DatagramSocket } from '../hal/datagram.ts';
import type { ChosenCiphers } from '../hal/linux/cipherChoice.ts';
import type { Means } from '../hal/means.ts';
import { TUN_READ_BYTES, type Tun } from '../hal/tun.ts';
import { assert } from '../session/assert.ts';
import type { AuditEvent } from '../session/audit.ts';
import { AuditBursts } from '../session/auditBurst.ts';
import { type Identity, newIdentity } from '../session/channel/identity.ts';
import { HoldingBudget } from '../session/holding.ts';
import type { Memory } from '../session/memory.ts';
import { DELIVERY_BYTES, Delivery } from '../session/packet/delivery.ts';
import type { Outbound } from '../session/sealed/outbound.ts';
import { SlotPool } from '../session/sealed/pool.ts';
import { SLOT_BYTES } from '../session/sealed/slot.ts';
import { PacketSealer } from '../session/sealer.ts';
import { ChannelTable } from './channelTable.ts';
import { Counters, TrafficCount } from './counters.ts';
import { Deadlines, type Timed } from './deadlines.ts';
import { Door } from './door.ts';
import { Endpoints } from './endpoints.ts';
import { InnerRoutes } from './innerRoutes.ts';
import type { FromHub, HubRules, HubSetup } from './messages.ts';
import type { PlainPeerShell } from './plainPeer.ts';
import { Rehearsals } from './rehearsal.ts';
import type { SessionPeer } from './sessionPeer.ts';
import { Awaited } from './unknownChannel.ts';

export type Peer = SessionPeer | PlainPeerShell;

/** Packets of session devices that wait for a binding, all together: 256 that have all they may. Chosen. */
const HELD_BYTES_MAX = 67_108_864;
/** … and what each may have whatever the others do: 64 full packets. Chosen. */
export const HELD_BYTES_LEAST = 98_304;

export class Site {
  readonly setup: HubSetup;
  readonly chosen: ChosenCiphers;
  readonly means: Means;
  readonly identity: Identity;
  readonly nowMs: () => number;
  readonly tun: Tun;
  #rules: HubRules;
  readonly endpoints: Endpoints;
  readonly counters = new Counters();
  readonly traffic = new TrafficCount();
  readonly channels: ChannelTable<Peer>;
  readonly routes = new InnerRoutes<Peer>();
  readonly deadlines = new Deadlines();
  readonly door: Door;
  /** Devices that may speak in channels of the process before. */
  readonly awaited: Awaited;
  /** Sealed datagrams of all peers. */
  readonly slots: SlotPool;
  readonly sealer: PacketSealer;
  readonly delivery: Delivery;
  /** For a packet or datagram that waited and now goes on; used within one call. */
  readonly released: Memory;
  readonly post: (message: FromHub) => void;
  readonly heldBudget = new HoldingBudget(HELD_BYTES_MAX, HELD_BYTES_LEAST);
  /** Peers with a run that waits for the end of the batch. */
  readonly #waiting: Outbound[] = [];
  readonly #skipped = new Map<DatagramSocket, number>();
  readonly #bursts = new AuditBursts();
  readonly #burstTimer: Timed;
  readonly rehearsals = new Rehearsals(this);
  /** What the seats were told last of this hub's lease; without leases it is not looked at. */
  isLeaseValid = false;

  constructor(
    setup: HubSetup,
    parts: {
      readonly chosen: ChosenCiphers;
      readonly nowMs: () => number;
      readonly tun: Tun;
      readonly sockets: readonly DatagramSocket[];
      readonly means: Means;
      readonly post: (message: FromHub) => void;
    },
  ) {
    this.setup = setup;
    this.chosen = parts.chosen;
    const { means } = parts;
    const { newMemory } = means;
    this.means = means;
    this.channels = new ChannelTable(means.random);
    this.released = newMemory(TUN_READ_BYTES);
    this.#rules = setup.rules;
    this.door = new Door(setup.rules.door, parts.nowMs());
    this.awaited = new Awaited(setup.records, setup.hubId, parts.nowMs());
    this.identity = newIdentity(setup.privateKey, means.dh);
    this.nowMs = parts.nowMs;
    this.tun = parts.tun;
    this.post = parts.post;
    this.endpoints = new Endpoints(parts.sockets, this.counters, newMemory);
    assert(
      setup.sealedSlots > BATCH_CALLS_MAX,
      'a slot is free while every packet of a batch waits',
    );
    const sealed = newMemory(setup.sealedSlots * SLOT_BYTES);
    this.slots = new SlotPool(sealed, () => this.counters.count('slot_taken'));
    const delivered = newMemory(DELIVERY_BYTES);
    this.delivery = new Delivery(delivered, parts.tun.offload, (at, bytes) => {
      if (!parts.tun.write(delivered, at, bytes)) this.counters.count('tun_refused');
    });
    this.sealer = new PacketSealer(this.delivery);
    this.#burstTimer = {
      nextDeadlineMs: () => this.#bursts.nextDeadline,
      onTime: (atMs) => {
        for (const event of this.#bursts.due(atMs)) this.post({ kind: 'audit', event });
      },
    };
  }

  get rules(): HubRules {
    return this.#rules;
  }

  /** Another policy; each seat has to hear of it by itself. */
  useRules(rules: HubRules): void {
    this.#rules = rules;
    this.door.setLimits(rules.door);
  }

  /** Audit `event`, or count it into a burst of its kind. */
  report(event: AuditEvent): void {
    const passed = this.#bursts.pass(event);
    if (passed !== null) this.post({ kind: 'audit', event: passed });
    this.deadlines.note(this.#burstTimer);
  }

  /** What `socket` could not hand over: it is in a counter all the same. */
  noteSkipped(socket: DatagramSocket): void {
    const before = this.#skipped.get(socket) ?? 0;
    if (socket.skippedCount === before) return;
    this.#skipped.set(socket, socket.skippedCount);
    this.counters.count('malformed_datagram', socket.skippedCount - before);
  }

  /** `outbound` has a run that has to be sent before the thread sleeps. */
  noteWaiting(outbound: Outbound): void {
    this.#waiting.push(outbound);
  }

  /** The batch from the tun, or whatever else made peers send, is over. */
  flushSent(): void {
    for (const outbound of this.#waiting) outbound.flush();
    this.#waiting.length = 0;
  }

  /** The batch from the sockets is over. */
  flushReceived(): void {
    this.delivery.flush();
  }
}
