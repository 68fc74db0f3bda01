/**
 * From bytes off the network to a document that somebody signed whom this device trusts.
 *
 * Asked in this order: size, form, algorithm, signer, signature. What the signature does not cover has been refused by then, and
 * what it covers is read only behind it. Whether the document may be taken is `admit.ts`.
 *
 * @module
 */
import { bytesToHex } from '../../session/bytes.ts';
import { type Claims, decodeClaims } from './claims.ts';
import { readEnvelope, type Sign1 } from './envelope.ts';
import { isRefused, type Refused, refuse } from './refusal.ts';

export interface SignedDocument extends Claims {
  /** The whole document, as it came. */
  readonly bytes: Uint8Array;
  /** Key id of the signer, in hex. */
  readonly signer: string;
}

/** @param anchors key id in hex → public key, from `anchorsOf`. Takes any bytes from anyone and never throws. */
export function openDocument(
  bytes: Uint8Array,
  anchors: ReadonlyMap<string, Uint8Array>,
  sign1: Pick<Sign1, 'verify'>,
): SignedDocument | Refused {
  const envelope = readEnvelope(bytes);
  if (isRefused(envelope)) return envelope;
  const signer = bytesToHex(envelope.keyId);
  const publicKey = anchors.get(signer);
  if (publicKey === undefined) return refuse('signer_unknown', `key id ${signer}`);
  const signed = sign1.verify(bytes, publicKey);
  if (signed === null) return refuse('signature_invalid', `key id ${signer}`);
  // Two readers: what the library says was signed, not what was read here, is what counts.
  return withClaims(bytes, signer, signed);
}

/**
 * A document that was opened before, off the flash: the form is judged again, the signature is not, for whoever may write
 * to the flash may write the configuration as well.
 */
export function reopenDocument(bytes: Uint8Array): SignedDocument | Refused {
  const envelope = readEnvelope(bytes);
  if (isRefused(envelope)) return envelope;
  return withClaims(bytes, bytesToHex(envelope.keyId), envelope.payload);
}

function withClaims(
  bytes: Uint8Array,
  signer: string,
  payload: Uint8Array,
): SignedDocument | Refused {
  const claims = decodeClaims(payload);
  return isRefused(claims) ? claims : { ...claims, bytes, signer };
}
