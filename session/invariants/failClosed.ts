/**
 * I9 fail-closed: no inner packet leaves outside the session; no packet of a session is accepted under another's keys.
 *
 * Source: docs/protocol.md, "Invariants". Asserted by both daemons after each step for where data may go and come
 * from; packets themselves are watched by the simulator, which can see into both ends and the wire.
 *
 * @module
 */

export interface Door {
  /** Data is sent, or taken, at this end. */
  readonly isOpen: boolean;
  /** There is a live session that it belongs to. */
  readonly hasSession: boolean;
  /** The channel that it goes through proved that it is that session's. */
  readonly isChannelProven: boolean;
}

/** What is wrong with an end that sends or takes data, or null. */
export function openDoor({ isOpen, hasSession, isChannelProven }: Door): string | null {
  if (!isOpen || (hasSession && isChannelProven)) return null;
  return `I9: data moves ${hasSession ? 'on a channel that proved nothing' : 'without a session'}`;
}

/** What is wrong with `datagram` on the wire, of which `inner` may not be seen, or null. Empty `inner` is in none. */
export function exposed(datagram: Uint8Array, inner: Uint8Array): string | null {
  if (inner.length === 0) return null;
  for (let at = 0; at + inner.length <= datagram.length; at++) {
    let same = 0;
    while (same < inner.length && datagram[at + same] === inner[same]) same += 1;
    if (same === inner.length) {
      return `I9: ${inner.length} bytes of an inner packet are readable at byte ${at} of a datagram`;
    }
  }
  return null;
}

/** An inner packet that came out of a session, at its hub or at its device. */
export interface Delivery {
  /** Null: whoever took it had no session. */
  readonly sessionId: string | null;
  /** The device that it came from, or was meant for. */
  readonly device: string;
}

/** Whose sessions are whose. */
export class DeliveryWatch {
  readonly #devices = new Map<string, string>();

  /** The store holds `sessionId` for `device`. */
  belongs(sessionId: string, device: string): string | null {
    const owner = this.#devices.get(sessionId) ?? device;
    this.#devices.set(sessionId, owner);
    return owner === device ? null : `I9: session ${sessionId} of ${owner} became ${device}'s`;
  }

  delivered({ sessionId, device }: Delivery): string | null {
    if (sessionId === null) return `I9: a packet of ${device} was taken without a session`;
    const owner = this.#devices.get(sessionId);
    if (owner === device) return null;
    return `I9: a packet of ${device} was taken for session ${sessionId} of ${owner ?? 'nobody'}`;
  }
}
