/**
 * Somebody on a device's access network who is faster than the network, and has an address of their own.
 *
 * They send each data packet and probe on to the hub from that address before the device's own arrives (`copies`), and
 * hand to the device what the hub sends to them; or they do that and keep from the device what the hub sends
 * to it (`swallows`). They have no keys: what they can do is to repeat, to redirect and to withhold.
 *
 * @module
 */
import { formatAddress, newAddress, type SocketAddress } from '../../../session/wire/address.ts';
import { ipFromBytes } from '../../../session/wire/ip.ts';
import { PROBE_BYTES } from '../../../session/wire/layout.ts';
import { MESSAGE_TYPE, TRANSPORT_BYTES_MIN } from '../../../session/wire/messages.ts';
import type { SimLink } from './simLink.ts';

/** How a trace and the checkers call them. */
export const INTRUDER = 'intruder';
const PORT = 6_666;

export interface Victim {
  readonly link: SimLink;
  /** The device's own, as the hub sees it. */
  readonly address: string;
}

export class Intruders {
  readonly #addresses = new Map<SimLink, SocketAddress>();
  /** By the intruder's address. */
  readonly #victims = new Map<string, Victim>();

  /** From where the copy of a datagram comes; null: nobody copies it. */
  copies(link: SimLink, address: string, bytes: Uint8Array): SocketAddress | null {
    if (link.conditions.intruder === 'none' || !isWorthIt(bytes)) return null;
    const own = this.#addresses.get(link) ?? this.#addressOn(link);
    this.#victims.set(formatAddress(own), { link, address });
    return own;
  }

  victimOf(address: string): Victim | null {
    const victim = this.#victims.get(address);
    return victim === undefined || victim.link.conditions.intruder === 'none' ? null : victim;
  }

  #addressOn(link: SimLink): SocketAddress {
    const number = this.#addresses.size + 1;
    const address = newAddress(ipFromBytes(Uint8Array.of(192, 0, 2, number)), PORT);
    this.#addresses.set(link, address);
    return address;
  }
}

/** What says nothing but "I am here": told by type and length, as from outside. */
function isWorthIt(bytes: Uint8Array): boolean {
  if (bytes[0] === MESSAGE_TYPE.data) return true;
  return bytes[0] === MESSAGE_TYPE.control && bytes.length === TRANSPORT_BYTES_MIN + PROBE_BYTES;
}
