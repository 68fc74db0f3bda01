/**
 * Who is enrolled at the hubs, and from which pools they have their addresses.
 *
 * @module
 */
import type { ControlRequest } from '../../../hal/control.ts';
import type { EnrolledDevice } from '../../../hub/device.ts';
import type { Pools } from '../../../hub/enrolment.ts';
import { Pool } from '../../../hub/pool.ts';
import { clampPrivateKey, encodeKey, newIdentity } from '../../../session/channel/identity.ts';
import type { Dh } from '../../../session/noise/dh.ts';
import type { Random } from '../random.ts';
import { innerText } from '../traffic/endToEnd.ts';
import type { Identity } from './deviceSite.ts';

export function readPools(): Pools {
  return { inner4: new Pool('10.77.0.0/16'), inner6: null };
}

export interface HubIdentity {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** One for all hubs: to a device they are one. */
export function drawHubIdentity(random: Random, dh: Dh): HubIdentity {
  return newIdentity(clampPrivateKey(random.bytes(32)), dh);
}

export function drawIdentity(
  random: Random,
  index: number,
  hubPublicKey: Uint8Array,
  dh: Dh,
): Identity {
  const { privateKey, publicKey } = newIdentity(clampPrivateKey(random.bytes(32)), dh);
  const psk = random.bytes(32);
  return { index, privateKey, publicKey: encodeKey(publicKey), psk, hubPublicKey };
}

/** As `jvpn revoke` asks for it. */
export function revocation({ index }: Identity): ControlRequest {
  return { method: 'revoke', device: `device-${index}` };
}

export function enrolled({ index, publicKey, psk }: Identity): EnrolledDevice {
  return {
    publicKey,
    name: `device-${index}`,
    mode: 'session',
    inner4: `${innerText(index)}/32`,
    inner6: null,
    allowed: [],
    psk,
    enrolledAtMs: 0,
    revokedAtMs: null,
  };
}
