/**
 * A payload from the broker as a document, whoever wrote it: CBOR (RFC 8949) or JSON (RFC 8259), told apart by the first byte.
 *
 * Of CBOR what reports are made of: maps with text keys, arrays, texts, integers, floats, false, true and null. Refused:
 * tags, byte strings, indefinite lengths, more than {@link DEPTH_MAX} levels, anything behind the one item. Integers
 * beyond 2^53 lose their last digits, as they do in JSON.
 *
 * @module
 */
import { fail, ok, type Result } from '../session/result.ts';

/** A report with all its links has about 3 KB (docs/mqtt.md); chosen, with room for those of later versions. */
export const PAYLOAD_BYTES_MAX = 32_768;
/** A report has four. */
const DEPTH_MAX = 6;

export type DocumentValue = number | string | boolean | null | readonly DocumentValue[] | Document;
export interface Document {
  readonly [key: string]: DocumentValue | undefined;
}

export type DocumentError = 'tooLong' | 'malformed';

/** Never throws; what it returns shares no memory with `payload`. */
export function decodeDocument(payload: Uint8Array): Result<Document, DocumentError> {
  if (payload.length > PAYLOAD_BYTES_MAX) return fail('tooLong');
  try {
    const isJson = payload[0] === 0x7b;
    const value = isJson ? JSON.parse(utf8.decode(payload)) : new Cbor(payload).document();
    return isDocument(value) ? ok(value) : fail('malformed');
  } catch {
    return fail('malformed');
  }
}

export function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** One for all: a trace of each would cost more than the reading. */
const MALFORMED = new Error('malformed');

/** Major types, RFC 8949 §3.1. */
const MAJOR = { unsigned: 0, negative: 1, text: 3, array: 4, map: 5, simple: 7 } as const;

class Cbor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  document(): DocumentValue {
    const value = this.#item(1);
    if (this.#at !== this.#bytes.length) throw MALFORMED;
    return value;
  }

  #item(depth: number): DocumentValue {
    const first = this.#byte();
    const major = first >> 5;
    const short = first & 0x1f;
    if (major === MAJOR.simple) return this.#simple(short);
    const argument = this.#argument(short);
    if (major === MAJOR.unsigned) return argument;
    if (major === MAJOR.negative) return -1 - argument;
    // Each thing that follows takes a byte at least.
    if (argument > this.#bytes.length - this.#at || depth > DEPTH_MAX) throw MALFORMED;
    if (major === MAJOR.text) return this.#text(argument);
    if (major === MAJOR.array) return Array.from({ length: argument }, () => this.#item(depth + 1));
    if (major !== MAJOR.map) throw MALFORMED;
    const map: Record<string, DocumentValue> = Object.create(null);
    for (let entry = 0; entry < argument; entry++) {
      const key = this.#item(DEPTH_MAX);
      if (typeof key !== 'string') throw MALFORMED;
      map[key] = this.#item(depth + 1);
    }
    return map;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw MALFORMED;
    return byte;
  }

  /** RFC 8949 §3: behind the first byte. DataView throws at the end of the bytes. */
  #argument(short: number): number {
    if (short < 24) return short;
    const at = this.#at;
    if (short === 24) return this.#byte();
    if (short === 25) this.#at += 2;
    else if (short === 26) this.#at += 4;
    else if (short === 27) this.#at += 8;
    else throw MALFORMED;
    if (short === 25) return this.#view.getUint16(at);
    if (short === 26) return this.#view.getUint32(at);
    return Number(this.#view.getBigUint64(at));
  }

  #simple(short: number): DocumentValue {
    const at = this.#at;
    if (short === 20 || short === 21) return short === 21;
    if (short === 22) return null;
    if (short === 25) this.#at += 2;
    else if (short === 26) this.#at += 4;
    else if (short === 27) this.#at += 8;
    else throw MALFORMED;
    const value =
      short === 25
        ? this.#view.getFloat16(at)
        : short === 26
          ? this.#view.getFloat32(at)
          : this.#view.getFloat64(at);
    if (!Number.isFinite(value)) throw MALFORMED;
    return value;
  }

  #text(length: number): string {
    const start = this.#at;
    this.#at += length;
    return utf8.decode(this.#bytes.subarray(start, this.#at));
  }
}
