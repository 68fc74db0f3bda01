/**
 * Inner addresses of one family: which one a device gets, and whether a wished one may be given.
 *
 * ```text
 *   10.77.0.0/16    .0.0 network · .0.1 the hub · .0.2 first device … · .255.255 broadcast, never given
 *   fd77::/64       ::0 · ::1 the hub · ::2 first device …
 * ```
 *
 * Addresses that some other device had before are given again only when nothing fresh is left.
 *
 * @module
 */
import { assert } from '../session/assert.ts';
import { type Cidr, formatCidr, isWithin, parseCidr } from '../session/wire/cidr.ts';
import { formatIp, ipFromBytes, parseIp } from '../session/wire/ip.ts';

/** Numbers tried one after the other before a pool counts as exhausted: as many as a /8 has. */
const TRIED_MAX = 2 ** 24;
const HUB_NUMBER = 1n;

export class Pool {
  readonly cidr: Cidr;
  readonly #base: bigint;
  readonly #size: bigint;

  /** @param text a network that the configuration has checked. */
  constructor(text: string) {
    const parsed = parseCidr(text);
    assert(parsed.ok, 'the configuration checked the pool');
    this.cidr = parsed.value;
    this.#base = numberOf(parsed.value.bytes);
    this.#size = 1n << BigInt(parsed.value.bytes.length * 8 - parsed.value.prefixBits);
  }

  /** The hub's own address with the pool's length: `10.77.0.1/16`. */
  get gateway(): string {
    return `${this.#textOf(HUB_NUMBER)}/${this.cidr.prefixBits}`;
  }

  /** The hub's own address as a host route: `10.77.0.1/32`. */
  get host(): string {
    return this.#hostOf(HUB_NUMBER);
  }

  /** The network, for the route to the tun: `10.77.0.0/16`. */
  get network(): string {
    return formatCidr(this.cidr);
  }

  /** A free address as a host route, or null when the pool is exhausted. */
  next(taken: ReadonlySet<string>, hadBefore: ReadonlySet<string>): string | null {
    let second: string | null = null;
    for (let number = HUB_NUMBER + 1n; number < this.#end && number < TRIED_MAX; number++) {
      const host = this.#hostOf(number);
      if (taken.has(host)) continue;
      if (!hadBefore.has(host)) return host;
      second ??= host;
    }
    return second;
  }

  /** A wished address as a host route, or the sentence that says why not. */
  wish(text: string, taken: ReadonlySet<string>): { readonly host: string } | string {
    const ip = parseIp(text.replace(/\/(32|128)$/, ''));
    if (!ip.ok) return `${text} is not an address`;
    if (!isWithin(ip.value, this.cidr)) return `${text} is not in the pool ${this.network}`;
    const number = numberOf(ip.value.bytes) - this.#base;
    if (number === HUB_NUMBER) return `${text} is the hub's own address`;
    if (number === 0n || number >= this.#end) return `${text} is not a host address of the pool`;
    const host = this.#hostOf(number);
    return taken.has(host) ? `${text} belongs to another device` : { host };
  }

  /** Whether a network, checked before, holds an address of ours or lies among them. */
  overlaps(network: string): boolean {
    const parsed = parseCidr(network);
    assert(parsed.ok, 'a network is checked before it is compared');
    return isWithin(parsed.value, this.cidr) || isWithin(this.cidr, parsed.value);
  }

  /** One past the last number that may be given; IPv4 keeps its broadcast address. */
  get #end(): bigint {
    return this.cidr.family === 4 ? this.#size - 1n : this.#size;
  }

  #hostOf(number: bigint): string {
    return `${this.#textOf(number)}/${this.cidr.bytes.length * 8}`;
  }

  #textOf(number: bigint): string {
    let rest = this.#base + number;
    const bytes = new Uint8Array(this.cidr.bytes.length);
    for (let at = bytes.length - 1; at >= 0; at--) {
      bytes[at] = Number(rest & 0xffn);
      rest >>= 8n;
    }
    return formatIp(ipFromBytes(bytes));
  }
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}
