/**
 * What is signed for the device of a torture, by its operator or by a stranger.
 *
 * @module
 */
import { COSE } from '../../../agent/cose.ts';
import { loadPolicy } from '../../../policies/load.ts';
import type { Policy } from '../../../policies/schema.ts';
import { keyIdOf } from '../../../policies/signed/anchors.ts';
import { bodyOfTable } from '../../../policies/signed/body.ts';
import { type Cbor, decodeCbor, encodeCbor } from '../../../policies/signed/cbor.ts';
import {
  type Claims,
  encodeClaims,
  type Kind,
  type Target,
} from '../../../policies/signed/claims.ts';
import { keyOf } from './keys.ts';

export const IDENTITY = { device: ['kiosk-7'], groups: ['south'], fleet: 'acme' };
const [DEVICE = '', SOUTH = ''] = [...IDENTITY.device, ...IDENTITY.groups];
/** Whom a document may be for, so that this device takes it. */
export const OURS: readonly Target[] = [
  { level: 'fleet', name: IDENTITY.fleet },
  { level: 'group', fleet: IDENTITY.fleet, name: SOUTH },
  { level: 'device', fleet: IDENTITY.fleet, name: DEVICE },
];
export const THEIRS: readonly Target[] = [
  { level: 'fleet', name: 'other' },
  { level: 'group', fleet: 'other', name: SOUTH },
  { level: 'group', fleet: IDENTITY.fleet, name: 'north' },
  { level: 'device', fleet: IDENTITY.fleet, name: 'kiosk-8' },
];
export const [ALL, , ALONE] = OURS as readonly [Target, Target, Target];

/** 2026-11-29T00:00:00Z: when a torture begins. */
export const BEGAN_S = 1_795_910_400;
/** What the emergencies of a torture tighten, and what the policies have there. */
export const CALM = 4;
export const LIVELY = 6;
/** Clocks differ a little: what is signed began a minute ago. */
export const BEGAN_AGO_S = 60;

export type Order = Pick<Claims, 'kind' | 'version'> &
  Partial<Pick<Claims, 'target' | 'notBeforeS' | 'expiresS'>> & {
    readonly table: Readonly<Record<string, unknown>>;
  };

/** What a signed document says; of a command and of a rotation, its body is made by the caller. */
export function claimsOf(order: Order, nowS: number, body = bodyOfTable(order.table)): Claims {
  if (body === null) throw new Error('a value that no document has');
  const lastsS: Readonly<Record<Kind, number>> = {
    ...{ policy: 30 * 86_400, emergency: 3_600, rotation: 7 * 86_400, command: 300 },
  };
  const { kind, version, target = ALL, notBeforeS = nowS - BEGAN_AGO_S } = order;
  const { expiresS = Math.max(nowS, notBeforeS) + lastsS[kind] } = order;
  return { kind, target, version, notBeforeS, expiresS, body };
}

/** With the key `signer`; a forger names another one. */
export function sign(claims: Claims, signer: number, named = signer): Uint8Array {
  const keyId = keyIdOf(keyOf(named).publicKey);
  return COSE.sign(encodeClaims(claims), keyId, keyOf(signer).privateKey);
}

/** The same document with an empty signature. */
export function unsigned(document: Uint8Array): Uint8Array {
  const parts = decodeCbor(document.subarray(1)) as readonly Cbor[];
  return Uint8Array.from([document[0]!, ...encodeCbor(parts.with(3, new Uint8Array(0)))]);
}

export const policyTable = (version: number) => ({
  ...{ version, name: `push-${version}` },
  switching: { max_switches_per_minute: LIVELY },
  // So that no two are alike but in name.
  session: { ttl_ms: 3_600_000 + version },
});

/** The policy that the operator signed under this version; 1 is the configuration's. */
export function policyOf(version: number): Policy {
  const table = version === 1 ? { version, name: 'configured' } : policyTable(version);
  const loaded = loadPolicy(table);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}
