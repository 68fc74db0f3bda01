/**
 * Cuts what one read of the tun gave into packets that fit the tunnel, where it lies.
 *
 * ```text
 *  virtio │ headers │ payload 0 ············│ payload 1 ············│ payload 2 ·····│
 *                             └ headers 1 ──┘         └ headers 2 ──┘
 * ```
 *
 * No payload moves: the headers of segment k are written directly in front of its payload, over the
 * tail of payload k−1, which its user has sealed by then. So the segments come in order, each once.
 *
 * Any bytes may be given. What the kernel gives may still lie, as an application with a packet socket
 * writes the virtio header itself; `header bytes` is a hint (for forwarded packets it covers the whole
 * first buffer) and is not looked at, nor are flags other than "needs checksum".
 * IPv6 super-packets may have hop-by-hop and destination options; other extension headers are refused.
 *
 * Source: VIRTIO 1.2 §5.1.6, RFC 9293 §3.1, RFC 3168 §6.1.2 (CWR on the first only), RFC 6864 (ids).
 *
 * @module
 */
import { assert } from '../assert.ts';
import { addRange, completeChecksumFrom, fold, pseudoSum } from './checksum.ts';
import {
  CHECKSUM_OFFSET,
  ecnOf,
  headerBytesOf,
  isFragment,
  isTransport,
  PROTOCOL,
  packetBytesOf,
  protocolOf,
  read16,
  read32,
  TCP_FLAG,
  tcpHeaderBytesOf,
  transportOf,
  transportStart6,
  UDP_BYTES,
  versionOf,
  write16,
  write32,
} from './headers.ts';
import { GSO, GSO_ECN, NEEDS_CHECKSUM, OPEN_CHECKSUM, VIRTIO_BYTES } from './virtio.ts';

/** 64 KiB in payloads of 32 bytes. The kernel sends no TCP segment below 48 bytes with its options. */
export const SEGMENTS_MAX = 2048;

/** IPv6 header, TCP header and 156 bytes of extension headers. */
const HEADER_BYTES_MAX = 256;

/** Why {@link Segments.take} refuses. */
export const MALFORMED = {
  /** Not even the virtio header and the smallest IP header. */
  tooShort: -1,
  /** Neither IPv4 nor IPv6 (the mark is ours to set), or an IP length that is not there. */
  ipHeader: -2,
  /** Unknown, or of another IP version or protocol than the packet. */
  gsoType: -3,
  /** Zero. */
  segmentBytes: -4,
  /** Checksum start or offset outside the packet, in its IP header, or not those of its protocol. */
  checksumPlace: -5,
  /** A fragment, or what does not have the transport header it claims. */
  transport: -6,
  /** More headers than {@link HEADER_BYTES_MAX}. */
  headerBytes: -7,
  /** More segments than {@link SEGMENTS_MAX}. */
  segmentCount: -8,
} as const;

/** What is left to do for the checksum of a packet that is not cut. */
const PLAIN = { nothing: 0, transport: 1, place: 2 } as const;

/** FIN and PSH hold for the end of the data, CWR for its beginning; all others for every segment. */
const LAST_FLAGS = TCP_FLAG.fin | TCP_FLAG.psh;

export class Segments {
  readonly #template = new Uint8Array(HEADER_BYTES_MAX);
  #bytes: Uint8Array = this.#template;
  #packetAt = 0;
  #packetBytes = 0;

  #at = 0;
  #segmentPacketBytes = 0;
  #count = 0;
  #ecn = 0;
  #protocol = 0;
  #isOpen = false;

  #isCut = false;
  #isVersion4 = false;
  /** Of all headers of a super-packet together. */
  #headerBytes = 0;
  /** Where the transport header, or what the checksum covers, begins in the packet. */
  #start = 0;
  #checksumOffset = 0;
  #segmentBytes = 0;
  #plain: number = PLAIN.nothing;

  #identification = 0;
  #sequence = 0;
  #flags = 0;
  /** Of the IPv4 header without length, id and checksum. */
  #headerSum = 0;
  /** Of the pseudo-header without length. */
  #pseudo = 0;

  /** Where the packet of the latest {@link segment} lies, in the bytes that were taken. */
  get at(): number {
    return this.#at;
  }

  /** Its length. */
  get bytes(): number {
    return this.#segmentPacketBytes;
  }

  /** Of the latest {@link take}; 0 when it refused. */
  get count(): number {
    return this.#count;
  }

  /** The two ECN bits of all these packets, 0…3. */
  get ecn(): number {
    return this.#ecn;
  }

  /** `PROTOCOL.tcp` or `PROTOCOL.udp`, 0 for anything else, fragments included. */
  get protocol(): number {
    return this.#protocol;
  }

  /** Whether these packets carry the mark `OPEN_CHECKSUM`. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Look at `bytes[at … at + count)`, a virtio header and a packet; nothing is written yet.
   *
   * @param checksums `open`: TCP and UDP checksums that are not computed yet stay so, under the mark.
   *   `complete`: every packet leaves with its whole checksum, for peers that do not know the mark.
   * @returns how many packets it holds, 1…{@link SEGMENTS_MAX}, or one of {@link MALFORMED}.
   */
  take(bytes: Uint8Array, at: number, count: number, checksums: 'open' | 'complete'): number {
    this.#count = 0;
    if (count < VIRTIO_BYTES + 20) return MALFORMED.tooShort;
    this.#bytes = bytes;
    this.#packetAt = at + VIRTIO_BYTES;
    const packetBytes = packetBytesOf(bytes, this.#packetAt, count - VIRTIO_BYTES);
    const isMarked = (bytes[this.#packetAt]! & OPEN_CHECKSUM) !== 0;
    if (packetBytes === 0 || isMarked) return MALFORMED.ipHeader;
    this.#packetBytes = packetBytes;
    this.#ecn = ecnOf(bytes, this.#packetAt);
    const gso = bytes[at + 1]!;
    const result =
      gso === GSO.none
        ? this.#takePlain(at, checksums === 'open')
        : this.#takeSuper(at, gso, checksums === 'open');
    if (result > 0) this.#count = result;
    return result;
  }

  /** Make packet `index` and say in {@link at} and {@link bytes} where it lies. In order, each once. */
  segment(index: number): void {
    assert(index >= 0 && index < this.#count, 'the index is one of those taken');
    if (this.#isCut) this.#cut(index);
    else this.#finishPlain();
  }

  #takePlain(at: number, open: boolean): number {
    const bytes = this.#bytes;
    const packetAt = this.#packetAt;
    this.#isCut = false;
    this.#isOpen = false;
    this.#plain = PLAIN.nothing;
    this.#protocol = transportOf(bytes, packetAt, this.#packetBytes);
    if ((bytes[at]! & NEEDS_CHECKSUM) === 0) return 1;

    const start = hostRead16(bytes, at + 6);
    const offset = hostRead16(bytes, at + 8);
    const headerBytes = headerBytesOf(bytes, packetAt);
    if (start < headerBytes) return MALFORMED.checksumPlace;
    if (start + offset + 2 > this.#packetBytes) return MALFORMED.checksumPlace;
    this.#start = start;
    this.#checksumOffset = offset;
    const isTransport =
      this.#protocol !== 0 && start === headerBytes && offset === checksumOffsetOf(this.#protocol);
    this.#plain = isTransport ? PLAIN.transport : PLAIN.place;
    this.#isOpen = isTransport && open;
    return 1;
  }

  #finishPlain(): void {
    const bytes = this.#bytes;
    const at = this.#packetAt;
    this.#at = at;
    this.#segmentPacketBytes = this.#packetBytes;
    if (this.#plain === PLAIN.nothing) return;
    if (this.#plain === PLAIN.transport) {
      const sum = pseudoSum(bytes, at, this.#protocol, this.#packetBytes - this.#start);
      write16(bytes, at + this.#start + this.#checksumOffset, fold(sum));
    }
    if (this.#isOpen) bytes[at] = bytes[at]! | OPEN_CHECKSUM;
    else completeChecksumFrom(bytes, at, this.#packetBytes, this.#start, this.#checksumOffset);
  }

  #takeSuper(at: number, gso: number, open: boolean): number {
    const bytes = this.#bytes;
    const packetAt = this.#packetAt;
    const packetBytes = this.#packetBytes;
    const isVersion4 = versionOf(bytes, packetAt) === 4;
    const protocol = gso === GSO.udp ? PROTOCOL.udp : PROTOCOL.tcp;
    if (protocol === PROTOCOL.tcp) {
      const type = gso & ~GSO_ECN;
      if (type !== (isVersion4 ? GSO.tcp4 : GSO.tcp6)) return MALFORMED.gsoType;
    }

    const start = isVersion4
      ? protocolOf(bytes, packetAt) === protocol
        ? headerBytesOf(bytes, packetAt)
        : 0
      : transportStart6(bytes, packetAt, packetBytes, protocol);
    if (start === 0) return MALFORMED.gsoType;
    if (isVersion4 && isFragment(bytes, packetAt)) return MALFORMED.transport;
    const transportAt = packetAt + start;
    if (!isTransport(bytes, transportAt, packetBytes - start, protocol)) return MALFORMED.transport;
    const isTcp = protocol === PROTOCOL.tcp;
    const headerBytes = start + (isTcp ? tcpHeaderBytesOf(bytes, transportAt) : UDP_BYTES);
    if (headerBytes > HEADER_BYTES_MAX) return MALFORMED.headerBytes;

    const checksumOffset = checksumOffsetOf(protocol);
    if ((bytes[at]! & NEEDS_CHECKSUM) !== 0) {
      if (hostRead16(bytes, at + 6) !== start) return MALFORMED.checksumPlace;
      if (hostRead16(bytes, at + 8) !== checksumOffset) return MALFORMED.checksumPlace;
    }
    const segmentBytes = hostRead16(bytes, at + 4);
    if (segmentBytes === 0) return MALFORMED.segmentBytes;
    const count = Math.max(1, Math.ceil((packetBytes - headerBytes) / segmentBytes));
    if (count > SEGMENTS_MAX) return MALFORMED.segmentCount;

    this.#isCut = true;
    this.#isVersion4 = isVersion4;
    this.#protocol = protocol;
    this.#start = start;
    this.#headerBytes = headerBytes;
    this.#checksumOffset = checksumOffset;
    this.#segmentBytes = segmentBytes;
    // The receiver completes only what stands directly behind the IP header.
    this.#isOpen = open && start === headerBytesOf(bytes, packetAt);
    this.#keepTemplate();
    return count;
  }

  /** The headers as all segments have them. The original ones may be gone once segment 0 is sealed. */
  #keepTemplate(): void {
    const bytes = this.#bytes;
    const at = this.#packetAt;
    const template = this.#template;
    for (let i = 0; i < this.#headerBytes; i++) template[i] = bytes[at + i]!;
    this.#pseudo = fold(pseudoSum(template, 0, this.#protocol, 0));
    if (this.#isVersion4) {
      this.#identification = read16(template, 4);
      write16(template, 2, 0);
      write16(template, 4, 0);
      write16(template, 10, 0);
      this.#headerSum = fold(addRange(0, template, 0, headerBytesOf(template, 0)));
    }
    if (this.#protocol === PROTOCOL.tcp) {
      this.#sequence = read32(template, this.#start + 4);
      this.#flags = template[this.#start + 13]!;
    }
    if (this.#isOpen) template[0] = template[0]! | OPEN_CHECKSUM;
  }

  #cut(index: number): void {
    const bytes = this.#bytes;
    const template = this.#template;
    const headerBytes = this.#headerBytes;
    const done = index * this.#segmentBytes;
    const isLast = index === this.#count - 1;
    const left = this.#packetBytes - headerBytes - done;
    const packetBytes = headerBytes + (isLast ? left : this.#segmentBytes);
    const at = this.#packetAt + done;
    for (let i = 0; i < headerBytes; i++) bytes[at + i] = template[i]!;

    if (this.#isVersion4) {
      const identification = (this.#identification + index) & 0xffff;
      write16(bytes, at + 2, packetBytes);
      write16(bytes, at + 4, identification);
      write16(bytes, at + 10, ~fold(this.#headerSum + packetBytes + identification) & 0xffff);
    } else {
      write16(bytes, at + 4, packetBytes - 40);
    }

    const transportAt = at + this.#start;
    const transportBytes = packetBytes - this.#start;
    if (this.#protocol === PROTOCOL.tcp) {
      let flags = this.#flags;
      if (!isLast) flags &= ~LAST_FLAGS;
      if (index > 0) flags &= ~TCP_FLAG.cwr;
      write32(bytes, transportAt + 4, (this.#sequence + done) | 0);
      bytes[transportAt + 13] = flags;
    } else {
      write16(bytes, transportAt + 4, transportBytes);
    }

    write16(bytes, transportAt + this.#checksumOffset, fold(this.#pseudo + transportBytes));
    if (!this.#isOpen) {
      completeChecksumFrom(bytes, at, packetBytes, this.#start, this.#checksumOffset);
    }
    this.#at = at;
    this.#segmentPacketBytes = packetBytes;
  }
}

function checksumOffsetOf(protocol: number): number {
  return protocol === PROTOCOL.tcp ? CHECKSUM_OFFSET.tcp : CHECKSUM_OFFSET.udp;
}

function hostRead16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}
