/**
 * IP addresses, prefixes and `address:port` endpoints as an operator writes them.
 *
 * Decides only whether a text is well formed and, for prefixes, whether the host bits are zero; it
 * resolves no names. Source: RFC 4291 §2.2 (IPv6 text), RFC 4632 §3.1 (prefixes).
 *
 * @module
 */

/** The four bytes of a dotted quad, or null. Leading zeros are refused: some parsers read octal. */
export function bytesOfIpv4(text: string): readonly number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const bytes: number[] = [];
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return null;
    bytes.push(Number(part));
  }
  return bytes;
}

/** The 16 bytes of an IPv6 address without zone, or null. */
export function bytesOfIpv6(text: string): readonly number[] | null {
  if (text.length > 45) return null;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1]!, true) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  // RFC 4291 §2.2: "::" stands for one or more groups of zeros.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...new Array<number>(Math.max(0, missing)).fill(0), ...tail];
  return groups.flatMap((group) => [group >> 8, group & 0xff]);
}

/** 16-bit groups of one side of `::`; a dotted quad is allowed at the very end of an address. */
function groupsOf(text: string, mayEndInIpv4: boolean): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const ipv4 = mayEndInIpv4 && index === parts.length - 1 ? bytesOfIpv4(part) : null;
    if (ipv4 !== null) {
      groups.push((ipv4[0]! << 8) | ipv4[1]!, (ipv4[2]! << 8) | ipv4[3]!);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return null;
    }
  }
  return groups;
}

/** RFC 4291 §2.5.5.2. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] as const;

export interface Prefix {
  readonly family: 4 | 6;
  readonly bytes: readonly number[];
  readonly lengthBits: number;
  /** False for `10.0.0.1/8`: an address inside a network, not the network. */
  readonly isNetwork: boolean;
}

/**
 * `10.77.0.0/16` or `fd77::/64`, or null. An IPv4 network written as IPv6 (`::ffff:10.0.0.0/104`) is
 * refused: such an address is read as the IPv4 it is (`session/wire/ip.ts`), and 104 bits of that are none.
 */
export function parsePrefix(text: string): Prefix | null {
  const slash = text.indexOf('/');
  if (slash < 0) return null;
  const address = text.slice(0, slash);
  const ipv4 = bytesOfIpv4(address);
  const bytes = ipv4 ?? bytesOfIpv6(address);
  const length = text.slice(slash + 1);
  if (bytes === null || !/^(0|[1-9][0-9]{0,2})$/.test(length)) return null;
  if (bytes.length === 16 && MAPPED.every((byte, at) => bytes[at] === byte)) return null;
  const lengthBits = Number(length);
  if (lengthBits > bytes.length * 8) return null;
  const isNetwork = bytes.every((byte, index) => {
    const networkBits = Math.min(8, Math.max(0, lengthBits - index * 8));
    return (byte & (0xff >> networkBits)) === 0;
  });
  return { family: ipv4 === null ? 6 : 4, bytes, lengthBits, isNetwork };
}

export interface Endpoint {
  /** Without brackets. */
  readonly host: string;
  /** 1…65535. */
  readonly port: number;
  readonly family: 4 | 6;
}

export interface NamedEndpoint {
  /** In lower case, without a dot at its end. */
  readonly name: string;
  readonly port: number;
}

/** `hub.example.org:51820`, or null: labels of RFC 1123 §2.1, and no address by mistake (its last label has a letter). */
export function parseNamedEndpoint(text: string): NamedEndpoint | null {
  const parts = /^([a-zA-Z0-9.-]{1,253}):([1-9][0-9]{0,4})$/.exec(text);
  const port = Number(parts?.[2]);
  if (parts === null || port > 65_535) return null;
  const name = parts[1]!.toLowerCase().replace(/\.$/, '');
  const labels = name.split('.');
  const isName = labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  return isName && /[a-z]/.test(labels.at(-1) ?? '') ? { name, port } : null;
}

/**
 * `198.51.100.1:51820` or `[2001:db8::1]:51820`, or null. Names are refused: a gateway has to find
 * its hub while DNS is down, and an answer from DNS would choose where the handshake goes.
 */
export function parseEndpoint(text: string): Endpoint | null {
  const parts = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([0-9.]{7,15})):([1-9][0-9]{0,4})$/.exec(text);
  const port = Number(parts?.[3]);
  if (parts === null || port > 65_535) return null;
  const [, ipv6, ipv4] = parts;
  if (ipv6 !== undefined)
    return bytesOfIpv6(ipv6) === null ? null : { host: ipv6, port, family: 6 };
  return bytesOfIpv4(ipv4!) === null ? null : { host: ipv4!, port, family: 4 };
}
