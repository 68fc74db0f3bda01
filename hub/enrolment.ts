/**
 * Enrolling and revoking: what an operator asks for, checked, and the devices to write for it.
 *
 * Pure over the list of devices; the store writes what comes out in one transaction. A device keeps
 * its inner addresses as long as it is enrolled, and nobody else gets them.
 *
 * @module
 */
import { decodeKey, NO_PSK } from '../session/channel/identity.ts';
import { formatCidr, networkOf, parseCidr } from '../session/wire/cidr.ts';
import { ROUTES_MAX } from '../session/wire/field.ts';
import type { DeviceMode, EnrolledDevice } from './device.ts';
import type { Pool } from './pool.ts';

export interface EnrolmentRequest {
  readonly publicKey: string;
  readonly name: string;
  readonly mode: DeviceMode;
  /** A wished address; null: the hub chooses. */
  readonly inner4: string | null;
  readonly inner6: string | null;
  readonly allowed: readonly string[];
  /** Base64; null: none. */
  readonly psk: string | null;
  /** Change an enrolled key, or give its name and addresses to a new key. */
  readonly isReplacing: boolean;
}

export interface Pools {
  readonly inner4: Pool | null;
  readonly inner6: Pool | null;
}

export type Enrolment =
  | {
      readonly ok: true;
      readonly device: EnrolledDevice;
      readonly changed: readonly EnrolledDevice[];
    }
  | { readonly ok: false; readonly code: EnrolmentError; readonly message: string };

export type EnrolmentError =
  | 'inputInvalid'
  | 'nameTaken'
  | 'keyTaken'
  | 'poolExhausted'
  | 'unknownDevice';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Enrol a device among `devices`, all that the store holds. */
export function enrol(
  request: EnrolmentRequest,
  devices: readonly EnrolledDevice[],
  pools: Pools,
  atMs: number,
): Enrolment {
  const wrong = inputProblem(request);
  if (wrong !== null) return refuse('inputInvalid', wrong);
  const { publicKey, name, mode, isReplacing } = request;
  const enrolled = devices.filter((device) => device.revokedAtMs === null);
  const sameKey = enrolled.find((device) => device.publicKey === publicKey);
  const sameName = enrolled.find((device) => device.name === name);
  if (devices.some((device) => device.publicKey === publicKey && device.revokedAtMs !== null)) {
    return refuse('keyTaken', `${publicKey} was revoked for good; make a new key on the device`);
  }
  if (sameKey !== undefined && !isReplacing) {
    return refuse('keyTaken', `this key is enrolled as "${sameKey.name}"; --replace changes it`);
  }
  if (sameName !== undefined && sameName !== sameKey && !isReplacing) {
    return refuse(
      'nameTaken',
      `"${name}" is enrolled with another key; --replace gives it this one`,
    );
  }

  const replaced = [sameKey, sameName].filter((device) => device !== undefined);
  const others = enrolled.filter((device) => !replaced.includes(device));
  const addresses = assign(request, others, sameKey ?? sameName ?? null, devices, pools);
  if ('ok' in addresses) return addresses;
  const allowed = request.allowed.map(canonical);
  const conflict = others.find((other) => other.allowed.some((cidr) => allowed.includes(cidr)));
  if (conflict !== undefined) {
    return refuse('inputInvalid', `"${conflict.name}" has one of these networks already`);
  }

  const taken = [pools.inner4, pools.inner6].find(
    (pool) => pool !== null && allowed.some((cidr) => pool.overlaps(cidr)),
  );
  if (taken) {
    return refuse('inputInvalid', `an allowed network overlaps the pool ${taken.network}`);
  }

  const psk = request.psk === null ? NO_PSK : keyOf(request.psk);
  const device: EnrolledDevice = {
    publicKey,
    name,
    mode,
    ...addresses,
    allowed,
    psk: psk ?? NO_PSK,
    enrolledAtMs: atMs,
    revokedAtMs: null,
  };
  const gone = replaced
    .filter((old) => old.publicKey !== publicKey)
    .map((old) => ({ ...old, revokedAtMs: atMs }));
  return { ok: true, device, changed: [...gone, device] };
}

/** Revoke the enrolled device with that name or key. Its key is never admitted again. */
export function revoke(
  nameOrKey: string,
  devices: readonly EnrolledDevice[],
  atMs: number,
): Enrolment {
  const found = findDevice(nameOrKey, devices);
  if (found === null) return refuse('unknownDevice', `no enrolled device is called "${nameOrKey}"`);
  const device = { ...found, revokedAtMs: atMs };
  return { ok: true, device, changed: [device] };
}

/** The enrolled, not revoked device with that name or key. */
export function findDevice(
  nameOrKey: string,
  devices: readonly EnrolledDevice[],
): EnrolledDevice | null {
  const enrolled = devices.filter((device) => device.revokedAtMs === null);
  return (
    enrolled.find(({ name, publicKey }) => name === nameOrKey || publicKey === nameOrKey) ?? null
  );
}

function inputProblem(request: EnrolmentRequest): string | null {
  const key = decodeKey(request.publicKey);
  if (!key.ok) return `"${request.publicKey}" is not a public key as \`jvpn keygen\` prints it`;
  if (key.value.every((byte) => byte === 0)) return 'a key of zeros is no key';
  if (!NAME.test(request.name)) {
    return `"${request.name}" is not a name: at most 64 letters, digits, "_", "." and "-"`;
  }
  if (request.mode !== 'session' && request.mode !== 'plain') {
    return `"${request.mode}" is not a mode: session or plain`;
  }
  if (request.psk !== null && keyOf(request.psk) === null) {
    return 'the preshared key is not 44 characters of base64';
  }
  if (request.allowed.length > ROUTES_MAX) return `at most ${ROUTES_MAX} allowed networks`;
  const bad = request.allowed.find((text) => !parseCidr(text).ok);
  return bad === undefined ? null : `"${bad}" is not a network like 192.168.7.0/24`;
}

type Assigned = Pick<EnrolledDevice, 'inner4' | 'inner6'>;

function assign(
  request: EnrolmentRequest,
  others: readonly EnrolledDevice[],
  before: EnrolledDevice | null,
  devices: readonly EnrolledDevice[],
  pools: Pools,
): Assigned | Extract<Enrolment, { ok: false }> {
  const assigned: { inner4: string | null; inner6: string | null } = { inner4: null, inner6: null };
  for (const family of ['inner4', 'inner6'] as const) {
    const pool = pools[family];
    const wish = request[family];
    if (pool === null) {
      if (wish !== null) return refuse('inputInvalid', `the hub has no pool for ${family}`);
      continue;
    }
    const taken = addressesOf(others, family);
    const kept = before?.[family] ?? null;
    if (wish === null && kept !== null && typeof pool.wish(kept, taken) !== 'string') {
      assigned[family] = kept;
      continue;
    }
    const given = wish === null ? null : pool.wish(wish, taken);
    if (typeof given === 'string') return refuse('inputInvalid', given);
    assigned[family] = given?.host ?? pool.next(taken, addressesOf(devices, family));
    if (assigned[family] === null) {
      return refuse('poolExhausted', `the pool ${pool.network} has no free address; enlarge it`);
    }
  }
  return assigned;
}

function addressesOf(
  devices: readonly EnrolledDevice[],
  family: 'inner4' | 'inner6',
): ReadonlySet<string> {
  return new Set(devices.map((device) => device[family]).filter((host) => host !== null));
}

/** Host bits cleared: what a route says. */
function canonical(text: string): string {
  const cidr = parseCidr(text);
  return cidr.ok ? formatCidr(networkOf(cidr.value)) : text;
}

function keyOf(text: string): Uint8Array | null {
  const key = decodeKey(text);
  return key.ok ? key.value : null;
}

function refuse(code: EnrolmentError, message: string): Extract<Enrolment, { ok: false }> {
  return { ok: false, code, message };
}
