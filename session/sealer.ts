/**
 * From what one read of the tun gave to sealed datagrams in a peer's outbound: cut, MSS clamped, sealed.
 *
 * A packet longer than the way takes is answered as a router answers it (RFC 1191, RFC 4443 §3.2) and not
 * sent; one that may be fragmented (IPv4 without DF) goes out whole, and the network fragments the outer
 * packet. The results of one call are fields, so that nothing is allocated.
 *
 * @module
 */
import type { PlainKeypair } from './channel/plainKeypair.ts';
import { SessionKeypair } from './channel/sessionKeypair.ts';
import type { Memory } from './memory.ts';
import { type Delivery, PACKET_AT } from './packet/delivery.ts';
import { outerEcn } from './packet/ecn.ts';
import { clampMss } from './packet/mss.ts';
import { Segments } from './packet/split.ts';
import { writeTooBig } from './packet/tooBig.ts';
import { type Outbound, RUN_BYTES_MAX } from './sealed/outbound.ts';
import { TRANSPORT_BYTES_MIN } from './wire/messages.ts';

/** Why nothing, or not all, of a packet was sealed. */
export type SealRefusal = 'malformed_packet' | 'packetTooBig' | 'counterExhausted';

/** What UDP over IPv4 carries in one piece, without header and tag. */
const PACKET_BYTES_MAX = RUN_BYTES_MAX - TRANSPORT_BYTES_MIN;

export class PacketSealer {
  /** The largest inner packet of the way. */
  mtuBytes = PACKET_BYTES_MAX;
  /** Of the last call: packets sealed, and their bytes. */
  packets = 0;
  bytes = 0;
  readonly #segments = new Segments();
  readonly #answers: Delivery;

  /** @param answers where "too big" is delivered to; no datagram is being opened there meanwhile. */
  constructor(answers: Delivery) {
    this.#answers = answers;
  }

  /**
   * Seal virtio header and packet, `bytes` at `at` of `source`. Null: all of it.
   *
   * @param transportId of a session peer; a WireGuard peer has none and it is not looked at.
   */
  seal(
    outbound: Outbound,
    keypair: SessionKeypair | PlainKeypair,
    transportId: number,
    source: Memory,
    at: number,
    bytes: number,
    atMs: number,
  ): SealRefusal | null {
    this.packets = 0;
    this.bytes = 0;
    const segments = this.#segments;
    const isSession = keypair instanceof SessionKeypair;
    // WireGuard knows no open checksums.
    const count = segments.take(source.bytes, at, bytes, isSession ? 'open' : 'complete');
    if (count < 0) return 'malformed_packet';
    const target = outbound.ring.memory;
    const { localIndex } = keypair;
    for (let index = 0; index < count; index++) {
      segments.segment(index);
      if (index === 0 && this.#isTooBig(source)) return 'packetTooBig';
      const packetBytes = segments.bytes;
      const ecn = outerEcn(segments.ecn);
      const sealedAt = outbound.reserve(keypair.sealedBytes(packetBytes), localIndex, ecn);
      const sealed = isSession
        ? keypair.sealData(transportId, source, segments.at, packetBytes, target, sealedAt)
        : keypair.sealData(source, segments.at, packetBytes, target, sealedAt);
      if (sealed < 0) return 'counterExhausted';
      outbound.commit(sealed, keypair.sentCounter, atMs);
      this.packets += 1;
      this.bytes += packetBytes;
    }
    return null;
  }

  /** An empty packet: WireGuard's keepalive. False: the keypair may seal nothing more. */
  sealEmpty(outbound: Outbound, keypair: PlainKeypair, atMs: number): boolean {
    const { memory } = outbound.ring;
    const sealedAt = outbound.reserve(keypair.sealedBytes(0), keypair.localIndex, 0);
    const sealed = keypair.sealData(memory, sealedAt, 0, memory, sealedAt);
    if (sealed < 0) return false;
    outbound.commit(sealed, keypair.sentCounter, atMs);
    return true;
  }

  /** Of the first packet, which none of the others is longer than; a SYN is told the limit on the way. */
  #isTooBig({ bytes }: Memory): boolean {
    const segments = this.#segments;
    const limitBytes = Math.min(this.mtuBytes, PACKET_BYTES_MAX);
    if (segments.bytes <= limitBytes) {
      if (segments.count === 1) clampMss(bytes, segments.at, segments.bytes, limitBytes);
      return false;
    }
    const { memory } = this.#answers;
    // In the name of where it was going: what comes in with an address of this very machine is dropped.
    const written = writeTooBig(
      bytes,
      segments.at,
      segments.bytes,
      limitBytes,
      null,
      memory.bytes,
      PACKET_AT,
    );
    // No interface of ours is that wide; a packet socket may hand over such a packet all the same.
    if (written === 0) return segments.bytes > PACKET_BYTES_MAX;
    this.#answers.answer(written);
    return true;
  }
}
