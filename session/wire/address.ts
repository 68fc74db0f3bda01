/**
 * Where a datagram comes from or goes to, as value and as text: `192.0.2.1:51820`,
 * `[2001:db8::1]:51820`, link-local with the interface number `[fe80::1%3]:51820`.
 *
 * Equal addresses have equal text, so the text serves as key. Host names are not addresses.
 * Vectors: test/vectors/address.json.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { fail, ok, type Result } from '../result.ts';
import { formatIp, type IpAddress, parseIp } from './ip.ts';

export interface SocketAddress extends IpAddress {
  /** 1…65535. */
  readonly port: number;
  /** Interface number of a link-local IPv6 address, else 0. 0…2^32−1. */
  readonly scopeId: number;
}

export type AddressError = 'addressInvalid' | 'portInvalid';

const PORT_MAX = 65_535;
const SCOPE_MAX = 0xffff_ffff;

/** Read an address as people write it and as {@link formatAddress} prints it. */
export function parseAddress(text: string): Result<SocketAddress, AddressError> {
  const match = /^(?:\[([0-9a-fA-F:.]+)(?:%([0-9]{1,10}))?\]|([0-9.]+)):([0-9]{1,5})$/.exec(text);
  if (match === null) return fail('addressInvalid');
  const [, inBrackets, scopeText, plain, portText] = match;
  const isBracketed = inBrackets !== undefined;
  // A dotted quad in brackets, or a scope on it, is somebody's mistake.
  if (isBracketed && !inBrackets.includes(':')) return fail('addressInvalid');
  const ip = parseIp(isBracketed ? inBrackets : plain!);
  if (!ip.ok) return ip;
  const port = Number(portText);
  if (port < 1 || port > PORT_MAX || portText!.startsWith('0')) return fail('portInvalid');
  const scopeId = scopeText === undefined ? 0 : Number(scopeText);
  const mayHaveScope = ip.value.family === 6 && isLinkLocal(ip.value);
  if (scopeId > SCOPE_MAX || (scopeText !== undefined && !mayHaveScope)) {
    return fail('addressInvalid');
  }
  return ok({ ...ip.value, port, scopeId });
}

/** Canonical text, the inverse of {@link parseAddress}. */
export function formatAddress(address: SocketAddress): string {
  const text = formatIp(address);
  if (address.family === 4) return `${text}:${address.port}`;
  const scope = address.scopeId === 0 ? '' : `%${address.scopeId}`;
  return `[${text}${scope}]:${address.port}`;
}

/** Address and port of our own making, from bytes. */
export function newAddress(ip: IpAddress, port: number, scopeId = 0): SocketAddress {
  assert(Number.isInteger(port) && port >= 0 && port <= PORT_MAX, 'port is 0…65535');
  return { ...ip, port, scopeId: ip.family === 6 && isLinkLocal(ip) ? scopeId : 0 };
}

/** Same host, port and scope. */
export function isSameAddress(a: SocketAddress, b: SocketAddress): boolean {
  if (a === b) return true;
  if (a.family !== b.family || a.port !== b.port || a.scopeId !== b.scopeId) return false;
  for (let at = 0; at < a.bytes.length; at++) if (a.bytes[at] !== b.bytes[at]) return false;
  return true;
}

/** RFC 4291 §2.5.6: fe80::/10. */
const isLinkLocal = ({ bytes }: IpAddress) => bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80;
