/**
 * Whoever signs policies for the devices of a run, and what such a device takes them with.
 *
 * @module
 */
import { COSE, signingPublicKey } from '../../../agent/cose.ts';
import { type HalFailure, halOk } from '../../../hal/result.ts';
import { keyIdOf } from '../../../policies/signed/anchors.ts';
import { bodyOfTable } from '../../../policies/signed/body.ts';
import { encodeClaims } from '../../../policies/signed/claims.ts';
import { reopenDocument } from '../../../policies/signed/open.ts';
import { isRefused } from '../../../policies/signed/refusal.ts';
import { PushStore } from '../../../policies/signed/store.ts';
import { assert } from '../../../session/assert.ts';
import type { SimFlash } from '../disk/simFlash.ts';
import type { PolicyVariant } from '../options.ts';
import { tableOf } from '../policy.ts';
import type { Pushing } from '../process/agentParts.ts';

const PRIVATE_KEY = new Uint8Array(32).fill(77);
const FLEET = 'sim';
/** The least that a policy may say: minutes see the end of it. */
export const PUSHED_WINDOW_MS = 10_000;
const WINDOW = { confirm_window_ms: PUSHED_WINDOW_MS };
/** How long before its time an early one comes. */
const EARLY_S = 3_600;

/** @param wallMs by the clock of the device that it is for. */
export function signedPolicy(
  variant: PolicyVariant,
  version: number,
  wallMs: number,
  isEarly: boolean,
): Uint8Array {
  const body = bodyOfTable({ ...tableOf(variant), version, push: WINDOW });
  assert(body !== null, 'a policy is a body');
  const nowS = Math.floor(wallMs / 1_000);
  const target = { level: 'fleet', name: FLEET } as const;
  const times = { notBeforeS: nowS + (isEarly ? EARLY_S : -300), expiresS: nowS + 86_400 };
  const claims = encodeClaims({ kind: 'policy', target, version, ...times, body });
  return COSE.sign(claims, keyIdOf(signingPublicKey(PRIVATE_KEY)), PRIVATE_KEY);
}

/** @param device public key, base64. */
export function pushingOf(device: string, flash: SimFlash): Pushing {
  const identity = { device: ['sim'], groups: [], fleet: FLEET };
  return { flash, device, identity, signers: [signingPublicKey(PRIVATE_KEY)], sign1: COSE };
}

/** The highest version that a start would find among documents after a power cut now, one on trial included; 0: none. */
export function durablePushed(flash: SimFlash): number {
  const { record } = new PushStore<HalFailure>({
    readSlot: (slot) => flash.durableSlot(slot),
    writeSlot: () => halOk(null),
  });
  const versions = [record.confirmed, record.pending].map((bytes) => {
    const document = bytes === null ? null : reopenDocument(bytes);
    return document === null || isRefused(document) ? 0 : document.version;
  });
  return Math.max(...versions);
}
