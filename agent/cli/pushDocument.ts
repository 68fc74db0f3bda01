/**
 * What `jvpn policy push` publishes: read from a file, or taken from the broker, and signed.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import type { Sought } from '../../policies/rollout/outcome.ts';
import type { Policy } from '../../policies/schema.ts';
import { keyIdText } from '../../policies/signed/anchors.ts';
import { overridesOf, policyOf } from '../../policies/signed/body.ts';
import { type CborMap, decodeCbor, encodeCbor } from '../../policies/signed/cbor.ts';
import { isSameTarget, LIFETIME_MAX_S, type Target } from '../../policies/signed/claims.ts';
import { openDocument, reopenDocument, type SignedDocument } from '../../policies/signed/open.ts';
import { isRefused } from '../../policies/signed/refusal.ts';
import { COSE, signingPublicKey } from '../cose.ts';
import { tableBody } from './policySign.ts';
import { bodyRefusal, signWith, Unusable } from './signing.ts';

/** For clocks that are behind. */
export const BEHIND_S = 300;
/** How long devices may take a policy where nobody says. */
export const POLICY_S = 30 * 86_400;
/** First byte of a signed document, and of no TOML. */
const TAG_SIGN1 = 0xd2;

/** The document in a file, or null where the file is something to be signed. @throws Unusable */
export function signedFile(file: string): SignedDocument | null {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new Unusable(`${file}: ${error instanceof Error ? error.message : error}`, 1);
  }
  if (bytes[0] !== TAG_SIGN1) return null;
  const document = reopenDocument(bytes);
  const refused = isRefused(document) ? document : bodyRefusal(document);
  if (refused !== null) throw new Unusable(`${file}: ${refused.refused}: ${refused.detail}`, 1);
  if (isRefused(document) || (document.kind !== 'policy' && document.kind !== 'emergency')) {
    throw new Unusable(`${file}: neither a policy nor an emergency`, 1);
  }
  return document;
}

/** What a signed policy or emergency is pushed for. */
export function soughtOf(document: SignedDocument): Sought {
  const { kind, version } = document;
  if (kind === 'policy') return { kind, version };
  const checked = overridesOf(document);
  const isEnd =
    !isRefused(checked) &&
    Object.values(checked.overrides).every((section) =>
      Object.values(section).every((value) => value === null),
    );
  return { kind: isEnd ? 'emergencyEnd' : 'emergency', version };
}

export interface PolicyBody {
  readonly body: CborMap;
  readonly policy: Policy;
}

/** @throws Unusable where a device would not take it, with what is wrong. */
export function policyFile(file: string): PolicyBody {
  const body = tableBody(file, 'policy');
  const written = body.get('version');
  const version = typeof written === 'number' ? written : 1;
  return { body, policy: judged(file, body, version) };
}

/** The same policy under another version. */
export function withVersion(body: CborMap, version: number): CborMap {
  return new Map<number | string, never>([...(body as Map<never, never>)]).set(
    'version',
    version as never,
  ) as CborMap;
}

export const textOfBody = (body: CborMap) => Buffer.from(encodeCbor(body)).toString('base64');

/** @throws Unusable */
export function bodyOfText(text: string): CborMap {
  const body = decodeCbor(new Uint8Array(Buffer.from(text, 'base64')));
  if (!(body instanceof Map)) throw new Unusable('the state file holds no policy', 1);
  return body as CborMap;
}

/** The policy of a document that the broker keeps, if this key signed it; nobody else's word is signed anew. */
export function keptPolicy(
  retained: Uint8Array | null,
  privateKey: Uint8Array,
  target: Target,
): PolicyBody | null {
  const document = keptDocument(retained, privateKey);
  if (document?.kind !== 'policy') return null;
  if (!isSameTarget(document.target, target)) return null;
  const loaded = policyOf(document);
  return isRefused(loaded) ? null : { body: document.body, policy: loaded.policy };
}

/** The document that the broker keeps, if this key signed it. */
export function keptDocument(
  retained: Uint8Array | null,
  privateKey: Uint8Array,
): SignedDocument | null {
  if (retained === null) return null;
  const publicKey = signingPublicKey(privateKey);
  const document = openDocument(retained, new Map([[keyIdText(publicKey), publicKey]]), COSE);
  return isRefused(document) ? null : document;
}

/** The document that the broker keeps, if it says that `like`'s signer signed it, for the same whom. Nobody has checked that: there is no key. */
export function claimedDocument(
  retained: Uint8Array | null,
  like: SignedDocument,
): SignedDocument | null {
  const document = retained === null ? null : reopenDocument(retained);
  if (document === null || isRefused(document)) return null;
  const isLike = document.signer === like.signer && document.kind === like.kind;
  return isLike && isSameTarget(document.target, like.target) ? document : null;
}

/** Of a document that {@link signedFile} read, how long it is on trial at most, milliseconds: 0 of an emergency. */
export function trialMsOf(document: SignedDocument): number {
  if (document.kind !== 'policy') return 0;
  const loaded = policyOf(document);
  return isRefused(loaded) ? 0 : loaded.policy.push.confirmWindowMs;
}

/** The same of the policy in a body, which was judged before: 0 of another body. */
export function windowMsOf(body: CborMap): number {
  const loaded = policyOf(anyDocument(body, Number(body.get('version') ?? 1)));
  return isRefused(loaded) ? 0 : loaded.policy.push.confirmWindowMs;
}

/** When documents of one push hold. Signed twice with the same, they are the same bytes. */
export interface Times {
  readonly notBeforeS: number;
  readonly expiresS: number;
}

export function timesOf(
  kind: 'policy' | 'emergency',
  isEnd: boolean,
  lengthMs: number | null,
  nowMs: number,
): Times {
  const nowS = Math.floor(nowMs / 1_000);
  const notBeforeS = nowS - BEHIND_S;
  const max = notBeforeS + LIFETIME_MAX_S[kind];
  const asked = lengthMs === null ? null : nowS + lengthMs / 1_000;
  if (asked !== null && asked > max) {
    const days = Math.floor(LIFETIME_MAX_S[kind] / 86_400);
    throw new Unusable(`--expires: less than ${days}d for a document of this kind`, 2);
  }
  if (asked !== null) return { notBeforeS, expiresS: asked };
  if (kind === 'policy') return { notBeforeS, expiresS: nowS + POLICY_S };
  if (!isEnd) throw new Unusable('--expires is missing: an emergency ends by itself', 2);
  return { notBeforeS, expiresS: max };
}

/** @throws Unusable */
export function signPolicy(
  body: CborMap,
  target: Target,
  { notBeforeS, expiresS }: Times,
  privateKey: Uint8Array,
): Uint8Array {
  const written = body.get('version');
  const version = typeof written === 'number' ? written : 1;
  return signWith({ kind: 'policy', target, version, notBeforeS, expiresS, body }, privateKey);
}

/** By the rules of files and devices. */
function judged(file: string, body: CborMap, version: number): Policy {
  const loaded = policyOf(anyDocument(body, version));
  if (isRefused(loaded)) throw new Unusable(`${file}: ${loaded.detail}`, 1);
  return loaded.policy;
}

/** For rules that ask neither for whom nor when. */
function anyDocument(body: CborMap, version: number) {
  const target = { level: 'fleet', name: 'any' } as const;
  return { kind: 'policy', target, version, notBeforeS: 0, expiresS: 1, body } as const;
}
