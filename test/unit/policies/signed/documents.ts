/**
 * Documents for tests: signed by keys that are made from a number, or with a signature that is none, for tests of what comes
 * behind the signature.
 *
 * @module
 */
import { COSE, signingPublicKey } from '../../../../agent/cose.ts';
import { keyIdOf, keyIdText } from '../../../../policies/signed/anchors.ts';
import { bodyOfTable } from '../../../../policies/signed/body.ts';
import { type Cbor, encodeCbor } from '../../../../policies/signed/cbor.ts';
import { type Claims, encodeClaims } from '../../../../policies/signed/claims.ts';
import { ALGORITHM_EDDSA, DOCUMENT_TYPE, HEADER } from '../../../../policies/signed/envelope.ts';
import { reopenDocument, type SignedDocument } from '../../../../policies/signed/open.ts';
import { isRefused } from '../../../../policies/signed/refusal.ts';

/** 2026-11-29T00:00:00Z. */
export const NOW_S = 1_795_910_400;
export const NOW = { wallMs: NOW_S * 1_000, isKnown: true };
export const UNKNOWN = { wallMs: 0, isKnown: false };
export const IDENTITY = { device: ['kiosk-7'], groups: ['south'], fleet: 'acme' };

export interface Signer {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly keyId: string;
}

export function signerOf(number: number): Signer {
  const privateKey = new Uint8Array(32).fill(number);
  const publicKey = signingPublicKey(privateKey);
  return { privateKey, publicKey, keyId: keyIdText(publicKey) };
}

export function claimsOf(changed: Partial<Claims> = {}): Claims {
  return {
    kind: 'policy',
    target: { level: 'fleet', name: 'acme' },
    version: 2,
    notBeforeS: NOW_S - 300,
    expiresS: NOW_S + 86_400,
    body: bodyOfTable({ version: changed.version ?? 2, name: 'pushed' })!,
    ...changed,
  };
}

export function sign(signer: Signer, changed: Partial<Claims> = {}): Uint8Array {
  return COSE.sign(encodeClaims(claimsOf(changed)), keyIdOf(signer.publicKey), signer.privateKey);
}

export const header = (entries: readonly (readonly [number, Cbor])[]) =>
  encodeCbor(new Map(entries));

/** The four parts, put together by hand. */
export function envelope(parts: readonly Cbor[]): Uint8Array {
  return Uint8Array.from([0xd2, ...encodeCbor(parts)]);
}

/** A document as `openDocument` gives it, whose signature is zero: what comes behind it does not look. */
export function unproven(
  changed: Partial<Claims> = {},
  keyId: Uint8Array = new Uint8Array(8),
): SignedDocument {
  const protectedHeader = header([
    [HEADER.algorithm, ALGORITHM_EDDSA],
    [HEADER.keyId, keyId],
    [HEADER.type, DOCUMENT_TYPE],
  ]);
  const payload = encodeClaims(claimsOf(changed));
  const document = reopenDocument(
    envelope([protectedHeader, new Map(), payload, new Uint8Array(64)]),
  );
  if (isRefused(document)) throw new Error(JSON.stringify(document));
  return document;
}
