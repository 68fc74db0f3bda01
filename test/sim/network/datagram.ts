/**
 * A datagram on its way, and what its first bytes say for the trace.
 *
 * @module
 */
import type { SocketAddress } from '../../../session/wire/address.ts';
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { counterOf, receiverOf, transportIdOf } from '../../../session/wire/transport.ts';

export interface Datagram {
  /** As the receiver sees it. */
  readonly from: SocketAddress;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const NAMES = new Map(Object.entries(MESSAGE_TYPE).map(([name, type]) => [type as number, name]));

/** `control T2 #14, 96 B`: the trace names what anybody on the way could see. */
export function wordsOf(bytes: Uint8Array): string {
  const name = NAMES.get(bytes[0] ?? 0) ?? 'garbage';
  const size = `${bytes.length} B`;
  if (receiverOf(bytes) < 0) return `${name}, ${size}`;
  return `${name} T${transportIdOf(bytes)} #${counterOf(bytes)}, ${size}`;
}
