/**
 * Signing documents on an operator's machine.
 *
 * What was signed is read by the very rules of a device: what no device would take is not given out. The signing key is read from
 * its file and never shown.
 *
 * @module
 */
import { readFileSync, statSync } from 'node:fs';
import { instantMs } from '../../policies/instant.ts';
import { keyIdOf, keyIdText } from '../../policies/signed/anchors.ts';
import {
  bodyOfTable,
  commandOf,
  overridesOf,
  policyOf,
  successorOf,
} from '../../policies/signed/body.ts';
import type { CborMap } from '../../policies/signed/cbor.ts';
import { type Claims, encodeClaims, type Kind } from '../../policies/signed/claims.ts';
import { openDocument, type SignedDocument } from '../../policies/signed/open.ts';
import { isRefused, type Refused } from '../../policies/signed/refusal.ts';
import { documentOfToml } from '../../policies/toml.ts';
import { decodeKey } from '../../session/channel/identity.ts';
import { COSE, signingPublicKey } from '../cose.ts';

/** Of `not before`, for clocks that are behind. */
export const BEHIND_S = 300;
/** From `not before` on, where nobody says otherwise. */
export const LASTS_S: Readonly<Record<Kind, number>> = {
  policy: 7 * 86_400,
  emergency: 7 * 86_400,
  rotation: 7 * 86_400,
  command: 600,
};

/** What is wrong with the command line (2), or with what it names (1). */
export class Unusable extends Error {
  readonly exitCode: 1 | 2;
  constructor(message: string, exitCode: 1 | 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** @throws Unusable where no device would take it, or the key is none. */
export function signClaims(
  claims: Claims,
  keyFile: string,
): { readonly document: Uint8Array; readonly keyId: string } {
  return signWith(claims, readSigningKey(keyFile));
}

/** @throws Unusable where no device would take it. */
export function signWith(
  claims: Claims,
  privateKey: Uint8Array,
): { readonly document: Uint8Array; readonly keyId: string } {
  const publicKey = signingPublicKey(privateKey);
  const document = COSE.sign(encodeClaims(claims), keyIdOf(publicKey), privateKey);
  const keyId = keyIdText(publicKey);
  const opened = openDocument(document, new Map([[keyId, publicKey]]), COSE);
  const refused = isRefused(opened) ? opened : bodyRefusal(opened);
  if (refused !== null) throw new Unusable(`${refused.refused}: ${refused.detail}`, 1);
  return { document, keyId };
}

/** What is wrong with what a document says, by its kind; null: nothing. */
export function bodyRefusal(document: SignedDocument): Refused | null {
  const judge = {
    policy: policyOf,
    emergency: overridesOf,
    rotation: successorOf,
    command: commandOf,
  }[document.kind];
  const judged: object = judge(document);
  return isRefused(judged) ? judged : null;
}

/** Seconds since 1970; null where the flag is not given. @throws Unusable */
export function timeOf(text: unknown, flag: string): number | null {
  if (typeof text !== 'string') return null;
  const atMs = instantMs(text);
  if (atMs === null) throw new Unusable(`--${flag}: a time in UTC like 2026-12-24T18:00:00Z`, 2);
  return Math.floor(atMs / 1_000);
}

/** A TOML file as the body of a policy or an emergency; whether devices would take it is not asked. @throws Unusable */
export function tableBody(file: string): CborMap {
  const document = documentOfToml(readText(file), Bun.TOML.parse);
  if (!document.ok) {
    const [first] = document.problems;
    throw new Unusable(`${file}: ${first?.path} ${first?.wrong}`, 1);
  }
  const body = bodyOfTable(document.value as Readonly<Record<string, unknown>>);
  if (body === null) throw new Unusable(`${file}: a value that no policy has`, 1);
  return body;
}

/** @throws Unusable */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Unusable(`${file}: ${error instanceof Error ? error.message : error}`, 1);
  }
}

/** @throws Unusable */
export function readSigningKey(file: string): Uint8Array {
  const text = readText(file);
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new Unusable(`${file}: others may read this key. Run: chmod 600 ${file}`, 1);
  }
  const key = decodeKey(text.trim());
  if (!key.ok) throw new Unusable(`${file}: not a key: 44 characters of base64 are expected`, 1);
  return key.value;
}
