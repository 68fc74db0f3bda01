/**
 * Which device an inner address belongs to: WireGuard's cryptokey routing.
 *
 * The same table answers both questions, so they cannot disagree: where a packet from the site goes,
 * and whether a device may use the source address it sent from (I9). Host routes are exact lookups;
 * routed networks are found by longest prefix. Asked for every packet: numbers only, and the answer
 * before is remembered, because packets come in flows.
 *
 * @module
 */
import { assert } from '../session/assert.ts';
import { OPEN_CHECKSUM } from '../session/packet/virtio.ts';
import { networkOf, parseCidr } from '../session/wire/cidr.ts';
import { PrefixTable } from './prefixTable.ts';

const SOURCE_AT = { 4: 12, 6: 8 } as const;
const DESTINATION_AT = { 4: 16, 6: 24 } as const;

export class InnerRoutes<Owner> {
  readonly #four = new PrefixTable<Owner>(1);
  readonly #six = new PrefixTable<Owner>(4);

  /** @param cidr checked before; host bits are ignored. */
  set(cidr: string, owner: Owner): void {
    const parsed = parseCidr(cidr);
    assert(parsed.ok, 'the store holds checked networks');
    const { family, bytes, prefixBits } = networkOf(parsed.value);
    (family === 4 ? this.#four : this.#six).set(bytes, prefixBits, owner);
  }

  removeAll(owner: Owner): void {
    this.#four.removeAll(owner);
    this.#six.removeAll(owner);
  }

  /** Whose the destination of the packet of `bytes` at `at` is, or null; any bytes. */
  destination(packet: Uint8Array, at: number, bytes: number): Owner | null {
    return this.#find(packet, at, bytes, DESTINATION_AT);
  }

  /** Whose its source is, or null; any bytes. The packet may be marked as one with an open checksum. */
  source(packet: Uint8Array, at: number, bytes: number): Owner | null {
    return this.#find(packet, at, bytes, SOURCE_AT);
  }

  #find(
    packet: Uint8Array,
    at: number,
    bytes: number,
    offset: { readonly 4: number; readonly 6: number },
  ): Owner | null {
    const version = (packet[at]! & ~OPEN_CHECKSUM) >>> 4;
    if (version === 4) return bytes < 20 ? null : this.#four.find(packet, at + offset[4]);
    if (version === 6) return bytes < 40 ? null : this.#six.find(packet, at + offset[6]);
    return null;
  }
}
