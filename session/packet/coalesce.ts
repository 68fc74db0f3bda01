/**
 * Joins packets of one flow into super-packets, so that the kernel takes 64 KiB in one write.
 *
 * Joined is only what the kernel's segmentation would cut into the very same packets again: open
 * checksum, TCP or UDP directly behind the IP header, no IPv4 options, no fragments; equal addresses,
 * ports, TOS or traffic class, flow label, TTL and DF; without DF consecutive ids (with DF an id means
 * nothing, RFC 6864). TCP: consecutive data, equal acknowledgement, window and options, and no flag but
 * ACK, ECE, and PSH or FIN on the last. All segments are of equal length, the last may be shorter.
 *
 * Within a flow order holds: whatever cannot join is delivered behind the run of its flow. Fragments
 * and what hides its ports are delivered behind all runs between the same two addresses.
 *
 * Refuses what is no whole IP packet, and the mark on a packet whose checksum nobody could complete.
 *
 * Source: VIRTIO 1.2 §5.1.6.2, RFC 6864, RFC 9293.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { completeChecksum, fold, pseudoSum, writeHeaderChecksum4 } from './checksum.ts';
import { controlOf, hopsOf, isEndOfRun, isSamePair, isSameTail, labelOf, mayJoin } from './flow.ts';
import {
  CHECKSUM_OFFSET,
  headerBytesOf,
  isFragment,
  PROTOCOL,
  packetBytesOf,
  protocolOf,
  read16,
  read32,
  TCP_BYTES_MIN,
  tcpHeaderBytesOf,
  transportOf,
  UDP_BYTES,
  versionOf,
  write16,
} from './headers.ts';
import { GSO, NEEDS_CHECKSUM, OPEN_CHECKSUM, VIRTIO_BYTES } from './virtio.ts';

/** Flows that are joined at a time; one more and the oldest run is delivered. Chosen. */
export const RUN_COUNT = 8;

/** Linux long cut a UDP super-packet into 64 at most. 46 segments of 1,400 bytes fill a run. */
export const RUN_SEGMENTS_MAX = 64;

/** An IP packet cannot say that it is longer. */
const RUN_BYTES_MAX = 65_535;

/** So that every run begins at a multiple of eight. */
const RUN_ROOM_BYTES = (VIRTIO_BYTES + RUN_BYTES_MAX + 7) & ~7;

/** Bytes of its arena that a {@link Coalescer} takes, from `runsAt` on. */
export const COALESCER_BYTES = RUN_COUNT * RUN_ROOM_BYTES;

/** What the tun was told to accept. Without `checksum` the other two have no effect. */
export interface Offers {
  readonly checksum: boolean;
  readonly tcp: boolean;
  readonly udp: boolean;
}

export class Coalescer {
  readonly #arena: Uint8Array;
  readonly #runsAt: number;
  readonly #offersChecksum: boolean;
  readonly #offersTcp: boolean;
  readonly #offersUdp: boolean;
  readonly #deliver: (at: number, bytes: number) => void;

  /** Slots of the open runs, oldest first. */
  readonly #order = new Int32Array(RUN_COUNT);
  #openCount = 0;
  /** Bit `slot` is set where it is not in use. */
  #free = (1 << RUN_COUNT) - 1;

  // Of each slot: its flow, what all its packets have in common, and what the next one must be.
  readonly #protocols = new Int32Array(RUN_COUNT);
  readonly #ports = new Int32Array(RUN_COUNT);
  readonly #labels = new Int32Array(RUN_COUNT);
  readonly #hops = new Int32Array(RUN_COUNT);
  readonly #acknowledgements = new Int32Array(RUN_COUNT);
  readonly #controls = new Int32Array(RUN_COUNT);
  readonly #packetBytes = new Int32Array(RUN_COUNT);
  readonly #headerBytes = new Int32Array(RUN_COUNT);
  readonly #segmentBytes = new Int32Array(RUN_COUNT);
  readonly #counts = new Int32Array(RUN_COUNT);
  readonly #nextSequences = new Int32Array(RUN_COUNT);
  readonly #nextIds = new Int32Array(RUN_COUNT);

  /**
   * @param arena packets are given in it and delivered in it; they never lie in the runs.
   * @param runsAt a multiple of 8, with {@link COALESCER_BYTES} from there.
   * @param deliver gets a virtio header and a packet, valid until it returns. Must not call back.
   */
  constructor(
    arena: Uint8Array,
    runsAt: number,
    offers: Offers,
    deliver: (at: number, bytes: number) => void,
  ) {
    assert(runsAt % 8 === 0, 'runs are aligned');
    assert(runsAt + COALESCER_BYTES <= arena.length, 'the arena holds the runs');
    this.#arena = arena;
    this.#runsAt = runsAt;
    this.#offersChecksum = offers.checksum;
    this.#offersTcp = offers.checksum && offers.tcp;
    this.#offersUdp = offers.checksum && offers.udp;
    this.#deliver = deliver;
  }

  /**
   * Take the inner packet `arena[at … at + count)`, the mark in its first byte included.
   *
   * It is delivered at once, or with the run that it joins: at the latest by {@link flush}. The
   * `VIRTIO_BYTES` in front of it may be overwritten, and the mark is gone from it, refused or not.
   *
   * @param count may include padding behind the packet.
   * @returns false where the packet is refused; then nothing is delivered.
   */
  add(at: number, count: number): boolean {
    assert(at >= VIRTIO_BYTES, 'a virtio header fits in front');
    const arena = this.#arena;
    const packetBytes = packetBytesOf(arena, at, count);
    if (packetBytes === 0) return false;
    const isOpen = (arena[at]! & OPEN_CHECKSUM) !== 0;
    arena[at] = arena[at]! & ~OPEN_CHECKSUM;
    const protocol = transportOf(arena, at, packetBytes);
    if (protocol === 0) {
      if (isOpen) return false;
      this.#flushBeside(at);
      this.#sendComplete(at, packetBytes);
      return true;
    }

    const start = headerBytesOf(arena, at);
    const position = this.#find(at, protocol, read32(arena, at + start));
    const isTcp = protocol === PROTOCOL.tcp;
    const headerBytes = start + (isTcp ? tcpHeaderBytesOf(arena, at + start) : UDP_BYTES);
    const flags = isTcp ? arena[at + start + 13]! : 0;
    const joinable =
      isOpen &&
      (isTcp ? this.#offersTcp : this.#offersUdp) &&
      packetBytes > headerBytes &&
      start === (versionOf(arena, at) === 4 ? 20 : 40) &&
      mayJoin(protocol, flags);

    if (joinable && position >= 0 && this.#joins(position, at, start, packetBytes, headerBytes)) {
      this.#append(position, at, packetBytes, headerBytes, flags);
      return true;
    }
    if (position >= 0) this.#flushAt(position);
    if (joinable && !isEndOfRun(flags)) this.#startRun(at, start, packetBytes, headerBytes);
    else if (isOpen) this.#sendOpen(at, packetBytes, headerBytes, 0);
    else this.#sendComplete(at, packetBytes);
    return true;
  }

  /** Deliver all runs, oldest first. */
  flush(): void {
    while (this.#openCount > 0) this.#flushAt(0);
  }

  #headAt(slot: number): number {
    return this.#runsAt + slot * RUN_ROOM_BYTES + VIRTIO_BYTES;
  }

  /** The position of a flow's run in `#order`, −1 where it has none. */
  #find(at: number, protocol: number, ports: number): number {
    // Packets of a flow come in bursts, mostly of the flow that began last.
    for (let position = this.#openCount - 1; position >= 0; position--) {
      const slot = this.#order[position]!;
      if (this.#ports[slot] !== ports || this.#protocols[slot] !== protocol) continue;
      if (isSamePair(this.#arena, this.#headAt(slot), at)) return position;
    }
    return -1;
  }

  /** Whether a packet of the same flow, joinable by itself, continues this very run. */
  #joins(
    position: number,
    at: number,
    start: number,
    packetBytes: number,
    headerBytes: number,
  ): boolean {
    const arena = this.#arena;
    const slot = this.#order[position]!;
    const payloadBytes = packetBytes - headerBytes;
    if (payloadBytes > this.#segmentBytes[slot]!) return false;
    if (this.#packetBytes[slot]! + payloadBytes > RUN_BYTES_MAX) return false;
    if (labelOf(arena, at) !== this.#labels[slot]!) return false;
    if (hopsOf(arena, at) !== this.#hops[slot]!) return false;
    const isIdFree = start === 40 || (arena[at + 6]! & 0x40) !== 0;
    if (!isIdFree && read16(arena, at + 4) !== this.#nextIds[slot]!) return false;
    if (this.#protocols[slot]! === PROTOCOL.udp) return true;

    const tcpAt = at + start;
    const headTcpAt = this.#headAt(slot) + start;
    return (
      read32(arena, tcpAt + 4) === this.#nextSequences[slot]! &&
      read32(arena, tcpAt + 8) === this.#acknowledgements[slot]! &&
      controlOf(arena, tcpAt) === this.#controls[slot]! &&
      isSameTail(arena, headTcpAt, tcpAt, headerBytes - start - TCP_BYTES_MIN)
    );
  }

  #append(
    position: number,
    at: number,
    packetBytes: number,
    headerBytes: number,
    flags: number,
  ): void {
    const arena = this.#arena;
    const slot = this.#order[position]!;
    const head = this.#headAt(slot);
    const payloadBytes = packetBytes - headerBytes;
    const runBytes = this.#packetBytes[slot]!;
    arena.copyWithin(head + runBytes, at + headerBytes, at + packetBytes);
    this.#packetBytes[slot] = runBytes + payloadBytes;
    this.#nextSequences[slot] = this.#nextSequences[slot]! + payloadBytes;
    this.#nextIds[slot] = (this.#nextIds[slot]! + 1) & 0xffff;
    const count = this.#counts[slot]! + 1;
    this.#counts[slot] = count;
    if (isEndOfRun(flags)) {
      const flagsAt = head + headerBytesOf(arena, head) + 13;
      arena[flagsAt] = arena[flagsAt]! | flags;
      this.#flushAt(position);
    } else if (payloadBytes < this.#segmentBytes[slot]! || count === RUN_SEGMENTS_MAX) {
      this.#flushAt(position);
    }
  }

  #startRun(at: number, start: number, packetBytes: number, headerBytes: number): void {
    if (this.#openCount === RUN_COUNT) this.#flushAt(0);
    const arena = this.#arena;
    const slot = 31 - Math.clz32(this.#free);
    this.#free &= ~(1 << slot);
    this.#order[this.#openCount] = slot;
    this.#openCount++;
    arena.copyWithin(this.#headAt(slot), at, at + packetBytes);

    const payloadBytes = packetBytes - headerBytes;
    this.#protocols[slot] = protocolOf(arena, at);
    this.#ports[slot] = read32(arena, at + start);
    this.#labels[slot] = labelOf(arena, at);
    this.#hops[slot] = hopsOf(arena, at);
    this.#packetBytes[slot] = packetBytes;
    this.#headerBytes[slot] = headerBytes;
    this.#segmentBytes[slot] = payloadBytes;
    this.#counts[slot] = 1;
    this.#nextIds[slot] = (read16(arena, at + 4) + 1) & 0xffff;
    if (protocolOf(arena, at) === PROTOCOL.udp) return;
    this.#nextSequences[slot] = read32(arena, at + start + 4) + payloadBytes;
    this.#acknowledgements[slot] = read32(arena, at + start + 8);
    this.#controls[slot] = controlOf(arena, at + start);
  }

  #flushAt(position: number): void {
    const slot = this.#order[position]!;
    this.#openCount--;
    for (let i = position; i < this.#openCount; i++) this.#order[i] = this.#order[i + 1]!;
    this.#free |= 1 << slot;
    const segmentBytes = this.#counts[slot] === 1 ? 0 : this.#segmentBytes[slot]!;
    const packetBytes = this.#packetBytes[slot]!;
    this.#sendOpen(this.#headAt(slot), packetBytes, this.#headerBytes[slot]!, segmentBytes);
  }

  /** Deliver every run that the packet at `at`, whose ports cannot be read, may belong to. */
  #flushBeside(at: number): void {
    const protocol = protocolOf(this.#arena, at);
    const isIcmp = protocol === PROTOCOL.icmp4 || protocol === PROTOCOL.icmp6;
    if (isIcmp && !isFragment(this.#arena, at)) return;
    let position = 0;
    while (position < this.#openCount) {
      if (isSamePair(this.#arena, this.#headAt(this.#order[position]!), at)) {
        this.#flushAt(position);
      } else {
        position++;
      }
    }
  }

  /** @param segmentBytes 0 where the packet is a single one. */
  #sendOpen(at: number, packetBytes: number, headerBytes: number, segmentBytes: number): void {
    const arena = this.#arena;
    const isVersion4 = versionOf(arena, at) === 4;
    const isTcp = protocolOf(arena, at) === PROTOCOL.tcp;
    const start = headerBytesOf(arena, at);
    const offset = isTcp ? CHECKSUM_OFFSET.tcp : CHECKSUM_OFFSET.udp;
    const transportBytes = packetBytes - start;
    if (segmentBytes > 0) {
      if (isVersion4) {
        write16(arena, at + 2, packetBytes);
        writeHeaderChecksum4(arena, at);
      } else {
        write16(arena, at + 4, packetBytes - 40);
      }
      if (!isTcp) write16(arena, at + start + 4, transportBytes);
    }
    const protocol = isTcp ? PROTOCOL.tcp : PROTOCOL.udp;
    write16(arena, at + start + offset, fold(pseudoSum(arena, at, protocol, transportBytes)));
    if (!this.#offersChecksum) {
      completeChecksum(arena, at, packetBytes);
      this.#sendComplete(at, packetBytes);
      return;
    }

    const virtioAt = at - VIRTIO_BYTES;
    arena[virtioAt] = NEEDS_CHECKSUM;
    if (segmentBytes === 0) arena[virtioAt + 1] = GSO.none;
    else if (!isTcp) arena[virtioAt + 1] = GSO.udp;
    else arena[virtioAt + 1] = isVersion4 ? GSO.tcp4 : GSO.tcp6;
    hostWrite16(arena, virtioAt + 2, segmentBytes === 0 ? 0 : headerBytes);
    hostWrite16(arena, virtioAt + 4, segmentBytes);
    hostWrite16(arena, virtioAt + 6, start);
    hostWrite16(arena, virtioAt + 8, offset);
    this.#deliver(virtioAt, VIRTIO_BYTES + packetBytes);
  }

  /** Nothing is left to do for its checksum; whether it is right the kernel sees for itself. */
  #sendComplete(at: number, packetBytes: number): void {
    const virtioAt = at - VIRTIO_BYTES;
    for (let i = 0; i < VIRTIO_BYTES; i++) this.#arena[virtioAt + i] = 0;
    this.#deliver(virtioAt, VIRTIO_BYTES + packetBytes);
  }
}

function hostWrite16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}
