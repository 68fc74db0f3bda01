/**
 * Documents as bytes: what a device publishes, as CBOR or, for brokers whose rules read nothing else, as JSON.
 *
 * @module
 */
import { Encoder } from 'cbor-x/encode';

export type PayloadFormat = 'cbor' | 'json';

/** What readers that speak MQTT 5 are told of a payload (MQTT 5, 3.3.2.3.2 and 3.3.2.3.9). */
export const PAYLOAD_PROPERTIES = {
  cbor: { contentType: 'application/cbor' },
  json: { contentType: 'application/json', payloadFormatIndicator: true },
} as const satisfies Record<PayloadFormat, object>;

const codec = new Encoder({ useRecords: false, variableMapSize: true });
const utf8 = new TextEncoder();

/**
 * A document of plain maps with text keys, texts, booleans, nulls and numbers that are finite.
 *
 * As CBOR (RFC 8949) any decoder reads it. Integers from 2^32 on travel as floats of 64 bits, exact up to 2^53: as
 * integers JavaScript decoders would hand them to readers as bigint. JSON (RFC 8259) is the same document, nearly twice
 * as long.
 */
export function encodePayload(document: object, format: PayloadFormat): Uint8Array {
  return format === 'json'
    ? utf8.encode(JSON.stringify(document))
    : Uint8Array.from(codec.encode(document));
}
