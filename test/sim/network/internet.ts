/**
 * The internet between devices and hubs: NATs, access networks, and hubs that listen on addresses.
 *
 * What happens on the way is `passage.ts`; this knows who is where.
 *
 * @module
 */
import type { DatagramOptions, DatagramSocket } from '../../../hal/datagram.ts';
import { SEND, type SendResult } from '../../../hal/datagram.ts';
import { type HalResult, halFail, halOk } from '../../../hal/result.ts';
import { assert } from '../../../session/assert.ts';
import {
  formatAddress,
  newAddress,
  parseAddress,
  type SocketAddress,
} from '../../../session/wire/address.ts';
import { parseIp } from '../../../session/wire/ip.ts';
import type { Fuse } from '../machine/powerCut.ts';
import { INTRUDER, Intruders } from './intruder.ts';
import type { Arrival, Passage, Site } from './passage.ts';
import type { SimLink } from './simLink.ts';
import { SimSocket } from './simSocket.ts';

const EPHEMERAL_FIRST = 32_768;
/** The transport of an address that is nobody's. */
const NOWHERE = 0;

/** A socket behind a NAT: its address is the link's, its port the NAT's. */
interface Mapping {
  readonly socket: SimSocket;
  readonly link: SimLink;
  readonly host: Host;
  /** As long as the NAT has forgotten this often. */
  readonly rebinds: number;
}

/** Whoever has sockets. */
export interface Host {
  readonly name: string;
  readonly fuse: Fuse;
  /** Something arrived on one of its sockets. */
  wake(): void;
}

export interface HubSite extends Host, Site {}

/** Told of every datagram that a process sends. */
export type OnSent = (
  from: string,
  to: string | null,
  isUp: boolean,
  target: string,
  bytes: Uint8Array,
  transportId: number,
) => void;

export class Internet {
  readonly #passage: Passage;
  readonly #onSent: OnSent;
  /** Addresses of all hubs, in the order of the devices' configuration. */
  readonly #endpoints: readonly string[];
  readonly #listeners = new Map<string, { socket: SimSocket; hub: HubSite }>();
  readonly #mappings = new Map<string, Mapping>();
  readonly #texts = new WeakMap<SocketAddress, string>();
  readonly #intruders = new Intruders();
  #portNext = EPHEMERAL_FIRST;

  constructor(passage: Passage, endpoints: readonly string[], onSent: OnSent) {
    this.#passage = passage;
    this.#endpoints = endpoints;
    this.#onSent = onSent;
  }

  /** As `agent/uplinks.ts` numbers them. */
  #transportId(link: SimLink, endpoint: string): number {
    return link.at * this.#endpoints.length + this.#endpoints.indexOf(endpoint) + 1;
  }

  /** A device's socket, bound to one of its links. */
  openOnLink(host: Host, link: SimLink, options: DatagramOptions): HalResult<DatagramSocket> {
    host.fuse.call();
    if (!link.conditions.plugged) return halFail('deviceMissing', link.plan.name);
    const local = newAddress(link.addresses.public4, this.#nextPort());
    const outside: {
      public4: SocketAddress | null;
      public6: SocketAddress | null;
      rebinds: number;
    } = {
      public4: null,
      public6: null,
      rebinds: link.rebinds,
    };
    const sourceFor = (to: SocketAddress) => {
      if (outside.rebinds !== link.rebinds) {
        Object.assign(outside, { public4: null, public6: null, rebinds: link.rebinds });
      }
      const slot = to.family === 4 ? 'public4' : 'public6';
      const known = outside[slot];
      if (known !== null) return known;
      const fresh = newAddress(link.addresses[slot], this.#nextPort());
      outside[slot] = fresh;
      const mapping = { socket, link, host, rebinds: link.rebinds };
      this.#mappings.set(this.#textOf(fresh), mapping);
      return fresh;
    };
    const way = (bytes: Uint8Array<ArrayBuffer>, to: SocketAddress): SendResult =>
      this.#up(host, link, bytes, to, sourceFor);
    const onClose = () => {
      for (const [text, mapping] of this.#mappings) {
        if (mapping.socket === socket) this.#mappings.delete(text);
      }
    };
    const socket = new SimSocket(options, local, { way, fuse: host.fuse, onClose });
    return halOk(socket);
  }

  /** A hub's socket on one of its addresses. */
  listen(hub: HubSite, address: string, options: DatagramOptions): HalResult<DatagramSocket> {
    hub.fuse.call();
    const ip = parseIp(address);
    assert(ip.ok, 'a hub has proper addresses');
    const local = newAddress(ip.value, options.port);
    const text = this.#textOf(local);
    if (this.#listeners.get(text)?.socket.isOpen) return halFail('addressInUse', text);
    const way = (bytes: Uint8Array<ArrayBuffer>, to: SocketAddress): SendResult => {
      if (to.family !== local.family) return SEND.unreachable;
      this.#down(hub, local, bytes, to);
      return SEND.sent;
    };
    const onClose = () => this.#listeners.delete(text);
    const socket = new SimSocket(options, local, { way, fuse: hub.fuse, onClose });
    this.#listeners.set(text, { socket, hub });
    return halOk(socket);
  }

  #up(
    host: Host,
    link: SimLink,
    bytes: Uint8Array<ArrayBuffer>,
    to: SocketAddress,
    sourceFor: (to: SocketAddress) => SocketAddress,
  ): SendResult {
    const { route } = link.conditions;
    // Without a route Linux takes an IPv4 destination for a neighbour, and the packet dies there.
    const dies = !route && to.family === 4;
    const refused = refusalOf(link, dies);
    if (refused !== null) {
      link.refusedAtMs = this.#passage.nowMs;
      return refused;
    }
    const text = this.#textOf(to);
    const listener = this.#listeners.get(text);
    const from = sourceFor(to);
    const name = listener?.hub.name ?? null;
    this.#onSent(host.name, name, true, text, bytes, this.#transportId(link, text));
    const arrival: Arrival = {
      datagram: { from, bytes },
      arrive: () =>
        this.#arriveAt(listener?.hub ?? null, this.#listeners.get(text)?.socket, { from, bytes }),
      answer: (garbage) => this.#answer(link, from, { from: to, bytes: garbage }),
      refuse: () => this.#refuse(this.#mappings.get(this.#textOf(from))),
    };
    const isSent = this.#passage.up(host.name, listener?.hub ?? null, link, dies, arrival);
    if (isSent && !dies && listener !== undefined && to.family === 4) {
      this.#copy(listener.hub, link, from, text, bytes);
    }
    return isSent ? SEND.sent : SEND.wouldBlock;
  }

  #down(
    hub: HubSite,
    from: SocketAddress,
    bytes: Uint8Array<ArrayBuffer>,
    to: SocketAddress,
  ): void {
    const target = this.#textOf(to);
    const mapping = this.#mappings.get(target);
    const isCurrent = mapping !== undefined && mapping.rebinds === mapping.link.rebinds;
    if (!isCurrent && this.#intercept(hub, from, bytes, to)) return;
    if (!isCurrent) {
      this.#onSent(hub.name, null, false, target, bytes, NOWHERE);
      return this.#passage.stale(hub.name, target, bytes);
    }
    const { host, socket, link, rebinds } = mapping;
    const transportId = this.#transportId(link, this.#textOf(from));
    this.#onSent(hub.name, host.name, false, target, bytes, transportId);
    const datagram = { from, bytes };
    this.#passage.down(hub, host.name, link, {
      datagram,
      arrive: () => {
        if (rebinds !== link.rebinds || !link.conditions.carrier) return false;
        return this.#arriveAt(host, socket, datagram);
      },
      answer: () => {},
    });
  }

  /** An intruder sends the hub what the device sent, from an address of its own, and is faster. */
  #copy(
    hub: HubSite,
    link: SimLink,
    victim: SocketAddress,
    endpoint: string,
    bytes: Uint8Array<ArrayBuffer>,
  ): void {
    const from = this.#intruders.copies(link, this.#textOf(victim), bytes);
    if (from === null) return;
    this.#passage.beside(INTRUDER, hub, hub.name, link, true, {
      datagram: { from, bytes },
      arrive: () => this.#arriveAt(hub, this.#listeners.get(endpoint)?.socket, { from, bytes }),
      answer: () => {},
    });
  }

  /** What a hub sends to an intruder goes on to the device, as if the hub had sent it there. */
  #intercept(
    hub: HubSite,
    from: SocketAddress,
    bytes: Uint8Array<ArrayBuffer>,
    to: SocketAddress,
  ): boolean {
    const target = this.#textOf(to);
    const victim = this.#intruders.victimOf(target);
    if (victim === null) return false;
    const { link, address } = victim;
    const transportId = this.#transportId(link, this.#textOf(from));
    this.#onSent(hub.name, INTRUDER, false, target, bytes, transportId);
    const mapping = this.#mappings.get(address);
    const datagram = { from, bytes };
    this.#passage.beside(hub.name, hub, mapping?.host.name ?? 'nobody', link, false, {
      datagram,
      arrive: () => this.#arriveAt(mapping?.host ?? null, mapping?.socket, datagram),
      answer: () => {},
    });
    return true;
  }

  /** Somebody on the access network answers in a hub's name. */
  #answer(link: SimLink, to: SocketAddress, datagram: Arrival['datagram']): void {
    const mapping = this.#mappings.get(this.#textOf(to));
    if (mapping === undefined || mapping.link !== link) return;
    this.#arriveAt(mapping.host, mapping.socket, datagram);
  }

  /** An ICMP error for every socket that has sent something over the link, whoever it is from. */
  refuseAll(link: SimLink): void {
    for (const mapping of this.#mappings.values()) {
      if (mapping.link === link) this.#refuse(mapping);
    }
  }

  #refuse(mapping: Mapping | undefined): void {
    if (mapping === undefined || !mapping.socket.isOpen) return;
    const { plugged, carrier, address, radio } = mapping.link.conditions;
    if (!plugged || !carrier || !address || radio === 'disconnected') return;
    mapping.socket.icmpCount += 1;
    mapping.host.wake();
  }

  #arriveAt(
    host: Host | null,
    socket: SimSocket | undefined,
    datagram: Arrival['datagram'],
  ): boolean {
    if (host === null || socket === undefined || !socket.isOpen) return false;
    if (!socket.arrive(datagram)) return false;
    host.wake();
    return true;
  }

  #nextPort(): number {
    this.#portNext = this.#portNext >= 65_000 ? EPHEMERAL_FIRST : this.#portNext + 1;
    return this.#portNext;
  }

  #textOf(address: SocketAddress): string {
    const known = this.#texts.get(address);
    if (known !== undefined) return known;
    const text = formatAddress(address);
    this.#texts.set(address, text);
    return text;
  }
}

/** Why the machine itself does not send, or null. */
function refusalOf({ conditions }: SimLink, dies: boolean): SendResult | null {
  const { plugged, carrier, address, route } = conditions;
  if (!plugged || !carrier) return SEND.deviceGone;
  return address && (route || dies) ? null : SEND.unreachable;
}

/** `text` is of our own making. */
export function addressOf(text: string): SocketAddress {
  const parsed = parseAddress(text);
  assert(parsed.ok, `${text} is an address`);
  return parsed.value;
}
