/**
 * Which device an inner address belongs to: WireGuard's cryptokey routing.
 *
 * The same table answers both questions, so they cannot disagree: where a packet from the site goes,
 * and whether a device may use the source address it sent from (I9). Host routes are exact lookups;
 * routed networks are found by longest prefix.
 *
 * @module
 */
import { assert } from '../session/assert.ts';
import { networkOf, parseCidr } from '../session/wire/cidr.ts';

const SOURCE_AT = { 4: 12, 6: 8 } as const;
const DESTINATION_AT = { 4: 16, 6: 24 } as const;

/** All prefixes of one length. */
interface Level<Owner> {
  readonly bits: number;
  readonly owners: Map<string, Owner>;
}

class Family<Owner> {
  readonly #addressBytes: number;
  readonly #key: Uint8Array;
  /** Longest first. */
  readonly #levels: Level<Owner>[] = [];

  constructor(addressBytes: number) {
    this.#addressBytes = addressBytes;
    this.#key = new Uint8Array(addressBytes);
  }

  set(bytes: Uint8Array, bits: number, owner: Owner): void {
    let level = this.#levels.find((candidate) => candidate.bits === bits);
    if (level === undefined) {
      level = { bits, owners: new Map() };
      this.#levels.push(level);
      this.#levels.sort((a, b) => b.bits - a.bits);
    }
    level.owners.set(this.#keyOf(bytes, 0, bits), owner);
  }

  removeAll(owner: Owner): void {
    for (const { owners } of this.#levels) {
      for (const [key, holder] of owners) if (holder === owner) owners.delete(key);
    }
  }

  find(bytes: Uint8Array, at: number): Owner | null {
    for (const { bits, owners } of this.#levels) {
      if (owners.size === 0) continue;
      const owner = owners.get(this.#keyOf(bytes, at, bits));
      if (owner !== undefined) return owner;
    }
    return null;
  }

  #keyOf(bytes: Uint8Array, at: number, bits: number): string {
    const key = this.#key;
    for (let i = 0; i < this.#addressBytes; i++) {
      const bitsHere = Math.min(8, Math.max(0, bits - i * 8));
      key[i] = bytes[at + i]! & (0xff << (8 - bitsHere));
    }
    return String.fromCharCode.apply(null, key as unknown as number[]);
  }
}

export class InnerRoutes<Owner> {
  readonly #four = new Family<Owner>(4);
  readonly #six = new Family<Owner>(16);

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

  /** Whose the destination of a packet is, or null; any bytes. */
  destination(packet: Uint8Array, bytes: number): Owner | null {
    return this.#find(packet, bytes, DESTINATION_AT);
  }

  /** Whose the source of a packet is, or null; any bytes. */
  source(packet: Uint8Array, bytes: number): Owner | null {
    return this.#find(packet, bytes, SOURCE_AT);
  }

  #find(packet: Uint8Array, bytes: number, offset: { 4: number; 6: number }): Owner | null {
    const version = (packet[0] ?? 0) >>> 4;
    if (version === 4) return bytes < 20 ? null : this.#four.find(packet, offset[4]);
    if (version === 6) return bytes < 40 ? null : this.#six.find(packet, offset[6]);
    return null;
  }
}
