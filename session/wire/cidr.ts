/**
 * An address with a prefix length: `10.77.0.5/32`, `2001:db8::/32`.
 *
 * @module
 */
import { fail, ok, type Result } from '../result.ts';
import { formatIp, type IpAddress, parseIp } from './ip.ts';

export interface Cidr extends IpAddress {
  /** 0…32 or 0…128. */
  readonly prefixBits: number;
}

export type CidrError = 'addressInvalid' | 'prefixInvalid';

/** Read a CIDR; host bits are kept, because `10.77.0.5/24` is an address inside its network. */
export function parseCidr(text: string): Result<Cidr, CidrError> {
  const slash = text.indexOf('/');
  if (slash < 0) return fail('prefixInvalid');
  const ip = parseIp(text.slice(0, slash));
  if (!ip.ok) return ip;
  // An IPv4 address written as IPv6: is the length one of 32 bits or of 128? Refused.
  if (ip.value.family === 4 && text.includes(':')) return fail('addressInvalid');
  const bitsText = text.slice(slash + 1);
  const isPlain = /^(0|[1-9][0-9]{0,2})$/.test(bitsText);
  if (!isPlain || Number(bitsText) > ip.value.bytes.length * 8) return fail('prefixInvalid');
  return ok({ ...ip.value, prefixBits: Number(bitsText) });
}

export function formatCidr(cidr: Cidr): string {
  return `${formatIp(cidr)}/${cidr.prefixBits}`;
}

/** The network of an address: host bits cleared, as a route wants it. */
export function networkOf(cidr: Cidr): Cidr {
  const bytes = cidr.bytes.map((byte, at) => {
    const bitsHere = Math.min(8, Math.max(0, cidr.prefixBits - at * 8));
    return byte & (0xff << (8 - bitsHere));
  });
  return { ...cidr, bytes };
}

/** Whether `ip` lies in the network of `cidr`. */
export function isWithin(ip: IpAddress, cidr: Cidr): boolean {
  if (ip.family !== cidr.family) return false;
  const network = networkOf(cidr);
  const own = networkOf({ ...ip, prefixBits: cidr.prefixBits });
  return own.bytes.every((byte, at) => byte === network.bytes[at]);
}
