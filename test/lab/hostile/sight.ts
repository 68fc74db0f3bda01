/**
 * What somebody who sees the cable learns from the clear parts of the messages.
 *
 * @module
 */

import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { receiverOf } from '../../../session/wire/transport.ts';
import { eventually } from '../process.ts';
import type { Arena } from './arena.ts';
import type { TappedDatagram } from './packet.ts';

/** By which the hub knows the channel that the device uses now. */
export async function readControlIndex(arena: Arena): Promise<number> {
  using tap = arena.tap('lan');
  let seen: TappedDatagram | undefined;
  await eventually(
    'the device says something',
    () => {
      const isOurs = ({ payload }: TappedDatagram) =>
        payload[0] === MESSAGE_TYPE.control || payload[0] === MESSAGE_TYPE.data;
      seen = tap.datagrams().findLast(isOurs) ?? seen;
      return seen !== undefined;
    },
    20_000,
  );
  return receiverOf(seen!.payload);
}

export const typeOf = ({ payload }: TappedDatagram) => payload[0] ?? 0;
