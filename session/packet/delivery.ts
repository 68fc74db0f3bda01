/**
 * From opened datagrams to what the tun is given: checked, ECN merged, coalesced by flow.
 *
 * A datagram is opened to {@link PACKET_AT} of the memory, and one call delivers what lies there.
 * The owner flushes at the end of every batch: nothing waits for company.
 *
 * ```text
 *   0   virtio header   PACKET_AT   packet opened last          RUNS_AT   runs of the coalescer
 * ```
 *
 * @module
 */
import type { Memory } from '../memory.ts';
import { COALESCER_BYTES, Coalescer } from './coalesce.ts';
import { mergeOuterEcn } from './ecn.ts';
import { VIRTIO_BYTES } from './virtio.ts';

/** Where datagrams are opened to. */
export const PACKET_AT = 16;
const RUNS_AT = PACKET_AT + 65_536;

/** Memory that a {@link Delivery} works in. */
export const DELIVERY_BYTES = RUNS_AT + COALESCER_BYTES;

/** Why a packet is dropped; the first: its sender does not listen to congestion (RFC 6040 §4.2). */
export type DeliveryRefusal = 'congestionDropped' | 'malformed_packet';

export interface TunOffers {
  /** Open checksums may be handed over. */
  readonly checksum: boolean;
  /** So may super-packets, by protocol. */
  readonly tcp: boolean;
  readonly udp: boolean;
}

export class Delivery {
  readonly memory: Memory;
  readonly #coalescer: Coalescer;
  readonly #write: (at: number, bytes: number) => void;

  /** @param write takes virtio header and packet, `bytes` at `at` of the memory. */
  constructor(memory: Memory, offers: TunOffers, write: (at: number, bytes: number) => void) {
    this.memory = memory;
    this.#write = write;
    this.#coalescer = new Coalescer(memory.bytes, RUNS_AT, offers, write);
  }

  /**
   * Deliver the packet of `bytes` at {@link PACKET_AT}, whose length was checked against its header.
   *
   * @param ecn bits of the outer header it came in.
   * @returns null: it goes to the tun, at the latest by `flush`.
   */
  deliver(bytes: number, ecn: number): DeliveryRefusal | null {
    const isMerged = ecn === 0 || mergeOuterEcn(this.memory.bytes, PACKET_AT, bytes, ecn);
    if (!isMerged) return 'congestionDropped';
    return this.#coalescer.add(PACKET_AT, bytes) ? null : 'malformed_packet';
  }

  /** Hand over a complete packet of our own that lies at {@link PACKET_AT}. */
  answer(bytes: number): void {
    this.memory.bytes.fill(0, PACKET_AT - VIRTIO_BYTES, PACKET_AT);
    this.#write(PACKET_AT - VIRTIO_BYTES, VIRTIO_BYTES + bytes);
  }

  flush(): void {
    this.#coalescer.flush();
  }
}
