/**
 * The attacker's sockets: one that sends with any source address, one that reads what passes on a cable, one that is an
 * ordinary UDP socket on one of its addresses.
 *
 * Opened inside a namespace and used from outside, as descriptors may be. None of them blocks.
 *
 * @module
 */
import { assert } from '../../../session/assert.ts';
import { Descriptor } from '../descriptor.ts';
import { errno, libc, monotonicMs, NativeMemory } from '../libc.ts';
import {
  IP_BYTES,
  ipv4Number,
  readUdp,
  type TappedDatagram,
  UDP_BYTES,
  type UdpEnd,
  writeUdpHeaders,
} from './packet.ts';

const AF_INET = 2;
const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const FLAGS = 0o4000 | 0o2000000; // SOCK_NONBLOCK, SOCK_CLOEXEC
const IPPROTO_RAW = 255;
const ETH_P_IP = 0x0800;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SO_SNDBUFFORCE = 32;
const BUFFER_BYTES = 16 << 20;
const PACKET_BYTES = 65_536;
const EAGAIN = 11;

/** Sends IPv4 packets as they are written, source address included. */
export class Forger implements Disposable {
  readonly #descriptor: Descriptor;
  readonly #memory = new NativeMemory(PACKET_BYTES);
  readonly #target: UdpEnd;
  readonly #targetNumber: number;
  sentCount = 0;
  sentBytes = 0;

  /** Call inside the namespace to send from. */
  constructor(target: UdpEnd) {
    this.#target = target;
    this.#targetNumber = ipv4Number(target.address);
    this.#descriptor = opened(libc.socket(AF_INET, SOCK_RAW | FLAGS, IPPROTO_RAW));
    setBuffer(this.#descriptor.fd, SO_SNDBUFFORCE);
    connect(this.#descriptor.fd, { address: target.address, port: 0 });
  }

  /** One datagram from `source`; false if the kernel had no room for it. Counted are those it took. */
  send(payload: Uint8Array, source: UdpEnd): boolean {
    return this.sendFrom(payload, ipv4Number(source.address), source.port);
  }

  sendFrom(payload: Uint8Array, source: number, sourcePort: number): boolean {
    const { view, bytes } = this.#memory;
    writeUdpHeaders(
      view,
      source,
      sourcePort,
      this.#targetNumber,
      this.#target.port,
      payload.length,
    );
    bytes.set(payload, IP_BYTES + UDP_BYTES);
    if (!this.#write(IP_BYTES + UDP_BYTES + payload.length)) return false;
    this.sentCount += 1;
    this.sentBytes += payload.length;
    return true;
  }

  /** A whole IPv4 packet. */
  sendPacket(packet: Uint8Array): boolean {
    this.#memory.bytes.set(packet);
    return this.#write(packet.length);
  }

  #write(bytes: number): boolean {
    return Number(libc.send(this.#descriptor.fd, this.#memory.at(0), bytes, 0)) === bytes;
  }

  [Symbol.dispose](): void {
    this.#descriptor[Symbol.dispose]();
  }
}

/** Reads the IPv4 packets that ARRIVE on one interface (what leaves by it is not shown). */
export class Tap implements Disposable {
  readonly #descriptor: Descriptor;
  readonly #memory = new NativeMemory(PACKET_BYTES);

  /** Call inside the namespace of the interface with this index. */
  constructor(interfaceIndex: number) {
    const protocol = ((ETH_P_IP & 0xff) << 8) | (ETH_P_IP >> 8);
    this.#descriptor = opened(libc.socket(AF_PACKET, SOCK_DGRAM | FLAGS, protocol));
    setBuffer(this.#descriptor.fd, SO_RCVBUFFORCE);
    const address = new NativeMemory(20);
    address.view.setUint16(0, AF_PACKET, true);
    address.view.setUint16(2, ETH_P_IP);
    address.view.setInt32(4, interfaceIndex, true);
    assert(
      libc.bind(this.#descriptor.fd, address.at(0), 20) === 0,
      'the tap binds to its interface',
    );
  }

  /** What arrived since the last call, as it is. */
  packets(): Uint8Array[] {
    const found: Uint8Array[] = [];
    for (;;) {
      const bytes = Number(libc.recv(this.#descriptor.fd, this.#memory.at(0), PACKET_BYTES, 0));
      if (bytes < 0) return found;
      found.push(this.#memory.bytes.slice(0, bytes));
    }
  }

  /** The UDP datagrams among it. */
  datagrams(): TappedDatagram[] {
    return this.packets().flatMap((packet) => readUdp(packet, monotonicMs()) ?? []);
  }

  [Symbol.dispose](): void {
    this.#descriptor[Symbol.dispose]();
  }
}

/** An ordinary UDP socket at an address of the namespace it is made in, talking to one peer. */
export class PeerSocket implements Disposable {
  readonly local: UdpEnd;
  readonly #descriptor: Descriptor;
  readonly #memory = new NativeMemory(PACKET_BYTES);
  sentCount = 0;
  sentBytes = 0;

  constructor(local: UdpEnd, peer: UdpEnd) {
    this.local = local;
    this.#descriptor = opened(libc.socket(AF_INET, SOCK_DGRAM | FLAGS, 0));
    setBuffer(this.#descriptor.fd, SO_SNDBUFFORCE);
    const address = sockaddr(local);
    assert(
      libc.bind(this.#descriptor.fd, address.at(0), 16) === 0,
      `${local.address}:${local.port} is ours to bind`,
    );
    connect(this.#descriptor.fd, peer);
  }

  send(payload: Uint8Array): void {
    this.#memory.bytes.set(payload);
    const sent = Number(libc.send(this.#descriptor.fd, this.#memory.at(0), payload.length, 0));
    if (sent !== payload.length) return;
    this.sentCount += 1;
    this.sentBytes += payload.length;
  }

  /** All that waits; an ICMP error that was reported is passed over. */
  receive(): Uint8Array[] {
    const found: Uint8Array[] = [];
    for (;;) {
      const bytes = Number(libc.recv(this.#descriptor.fd, this.#memory.at(0), PACKET_BYTES, 0));
      if (bytes >= 0) found.push(this.#memory.bytes.slice(0, bytes));
      else if (errno() === EAGAIN) return found;
    }
  }

  [Symbol.dispose](): void {
    this.#descriptor[Symbol.dispose]();
  }
}

function opened(fd: number): Descriptor {
  assert(fd >= 0, `a socket opens: errno ${errno()}`);
  return new Descriptor(fd);
}

function connect(fd: number, end: UdpEnd): void {
  const address = sockaddr(end);
  assert(libc.connect(fd, address.at(0), 16) === 0, `connect to ${end.address}: ${errno()}`);
}

function sockaddr({ address, port }: UdpEnd): NativeMemory {
  const memory = new NativeMemory(16);
  memory.view.setUint16(0, AF_INET, true);
  memory.view.setUint16(2, port);
  memory.view.setUint32(4, ipv4Number(address));
  return memory;
}

function setBuffer(fd: number, option: number): void {
  const value = new NativeMemory(4);
  value.view.setInt32(0, BUFFER_BYTES, true);
  libc.setsockopt(fd, SOL_SOCKET, option, value.at(0), 4); // without the right: the usual size
}
