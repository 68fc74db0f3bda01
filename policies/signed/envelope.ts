/**
 * COSE_Sign1 (RFC 9052 §4.2) as documents have it, and nothing else of COSE.
 *
 * ```text
 *   18([ bstr { 1: −8 EdDSA, 4: key id (8 bytes), 16: "application/jvpn-signed+cbor" }, {}, bstr payload, bstr signature (64) ])
 * ```
 *
 * In the one encoding of `cbor.ts`. What a signature does not cover has no room here: the unprotected header is empty, the
 * payload is attached, the tag is there. The type in the protected header (RFC 9596) keeps apart what else the same key signs.
 * Reading judges the form; the signature is judged by the library that {@link Sign1} stands for.
 *
 * @module
 */
import { type CborMap, decodeCbor } from './cbor.ts';
import { type Refused, refuse } from './refusal.ts';

/** A whole policy with every field, 64 links and every override is below it (chosen). */
export const DOCUMENT_BYTES_MAX = 8_192;
export const KEY_ID_BYTES = 8;
export const SIGNATURE_BYTES = 64;
export const DOCUMENT_TYPE = 'application/jvpn-signed+cbor';

/** RFC 9052 §3.1, RFC 9596 §2. */
export const HEADER = { algorithm: 1, critical: 2, keyId: 4, type: 16 } as const;
/** RFC 9053 §2.2: EdDSA, here with Ed25519 alone. */
export const ALGORITHM_EDDSA = -8;
const TAG_SIGN1 = 0xd2;

export interface Envelope {
  /** {@link KEY_ID_BYTES} bytes. */
  readonly keyId: Uint8Array;
  /** What was signed, still to be read. */
  readonly payload: Uint8Array;
}

/** Signing and judging signatures; `agent/cose.ts` is the real one. */
export interface Sign1 {
  /** The payload, if the signature is that of `publicKey` (32 bytes); else null. Takes any bytes and never throws. */
  verify(document: Uint8Array, publicKey: Uint8Array): Uint8Array | null;
  /** A whole document. `privateKey` is the 32-byte seed of RFC 8032 §5.1.5. */
  sign(payload: Uint8Array, keyId: Uint8Array, privateKey: Uint8Array): Uint8Array;
}

/** Takes any bytes from anyone and never throws. */
export function readEnvelope(document: Uint8Array): Envelope | Refused {
  if (document.length > DOCUMENT_BYTES_MAX) {
    return refuse('document_too_large', `${document.length} bytes, at most ${DOCUMENT_BYTES_MAX}`);
  }
  if (document[0] !== TAG_SIGN1) return malformed('it does not begin with the tag of COSE_Sign1');
  const message = decodeCbor(document.subarray(1));
  if (!Array.isArray(message)) return malformed('it is no CBOR in canonical form, or no array');
  if (message.length !== 4) return malformed(`${message.length} parts instead of 4`);
  const [header, unprotected, payload, signature] = message;
  if (!(unprotected instanceof Map) || unprotected.size > 0) {
    return malformed('the unprotected header is not an empty map');
  }
  if (payload === null) return malformed('the payload is detached');
  if (!(header instanceof Uint8Array) || !(payload instanceof Uint8Array)) {
    return malformed('the protected header or the payload is no byte string');
  }
  if (!(signature instanceof Uint8Array)) return malformed('the signature is no byte string');
  const keyId = readHeader(header);
  if (!(keyId instanceof Uint8Array)) return keyId;
  if (signature.length === 0) return refuse('document_unsigned', 'the signature is empty');
  if (signature.length !== SIGNATURE_BYTES) {
    return malformed(`a signature of ${signature.length} bytes instead of ${SIGNATURE_BYTES}`);
  }
  return { keyId, payload };
}

function readHeader(bytes: Uint8Array): Uint8Array | Refused {
  // RFC 9052 §3: an empty header is an empty string, and then names no algorithm.
  if (bytes.length === 0) return refuse('document_unsigned', 'no algorithm is named');
  const header = decodeCbor(bytes);
  if (!(header instanceof Map))
    return malformed('the protected header is no map in canonical form');
  const map: CborMap = header;
  const algorithm = map.get(HEADER.algorithm);
  if (algorithm === undefined || algorithm === null) {
    return refuse('document_unsigned', 'no algorithm is named');
  }
  if (algorithm !== ALGORITHM_EDDSA) {
    return refuse('document_unsigned', 'the algorithm is not EdDSA (−8)');
  }
  if (map.has(HEADER.critical))
    return malformed('a header is marked as critical, and none is known');
  const known: readonly unknown[] = [HEADER.algorithm, HEADER.keyId, HEADER.type];
  if ([...map.keys()].some((key) => !known.includes(key))) return malformed('an unknown header');
  if (map.get(HEADER.type) !== DOCUMENT_TYPE) return malformed(`its type is not ${DOCUMENT_TYPE}`);
  const keyId = map.get(HEADER.keyId);
  if (!(keyId instanceof Uint8Array) || keyId.length !== KEY_ID_BYTES) {
    return malformed(`the key id is not ${KEY_ID_BYTES} bytes`);
  }
  return keyId;
}

const malformed = (detail: string) => refuse('document_malformed', detail);
