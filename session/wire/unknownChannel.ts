/**
 * Type 19: a hub that was restarted says that it has no channel of the index which a control message named.
 *
 * It is the header of that message, said again under another type. All integers are little-endian.
 *
 * ```text
 *   0         1         2                 4                    8                              16
 *   +---------+---------+-----------------+--------------------+------------------------------+
 *   | type 19 | version |  transport id   |   receiver index   |           counter            |
 *   +---------+---------+-----------------+--------------------+------------------------------+
 * ```
 *
 * Nothing in it is sealed, for the hub has no key: whoever saw the message go by can write it. What it is good for:
 * docs/protocol.md, "Unknown channel". Vector: test/vectors/channel.json.
 *
 * @module
 */
import { fail, ok, type Result } from '../result.ts';
import { MESSAGE_TYPE, type MessageError, messageType, UNKNOWN_CHANNEL_BYTES } from './messages.ts';
import { COUNTER_TOO_LARGE, counterOf, transportIdOf, writeSessionHeader } from './transport.ts';

/** What the message that drew it said. */
export interface UnknownChannel {
  /** 1…65535. */
  readonly transportId: number;
  /** The index that the hub does not know, 0…2^32−1. */
  readonly receiver: number;
  /** 0…2^53−1. */
  readonly counter: number;
}

export type UnknownChannelError =
  | MessageError
  | 'typeWrong'
  | 'transportIdWrong'
  | 'counterTooLarge';

export function encodeUnknownChannel(fields: UnknownChannel): Uint8Array {
  const { transportId, receiver, counter } = fields;
  const message = new Uint8Array(UNKNOWN_CHANNEL_BYTES);
  writeSessionHeader(message, MESSAGE_TYPE.unknownChannel, transportId, receiver, counter);
  return message;
}

/** Any bytes from anyone. */
export function decodeUnknownChannel(
  datagram: Uint8Array,
): Result<UnknownChannel, UnknownChannelError> {
  const type = messageType(datagram);
  if (!type.ok) return type;
  return type.value === 'unknownChannel' ? fieldsOf(datagram) : fail('typeWrong');
}

/** What a type 17 message, any bytes from anyone, is answered with where its index is unknown. */
export function unknownChannelOf(
  datagram: Uint8Array,
): Result<UnknownChannel, UnknownChannelError> {
  const type = messageType(datagram);
  if (!type.ok) return type;
  return type.value === 'control' ? fieldsOf(datagram) : fail('typeWrong');
}

function fieldsOf(datagram: Uint8Array): Result<UnknownChannel, UnknownChannelError> {
  const transportId = transportIdOf(datagram);
  if (transportId === 0) return fail('transportIdWrong');
  const counter = counterOf(datagram);
  if (counter === COUNTER_TOO_LARGE) return fail('counterTooLarge');
  const receiver = new DataView(datagram.buffer, datagram.byteOffset).getUint32(4, true);
  return ok({ transportId, receiver, counter });
}
