/**
 * rtnetlink bytes → messages. Total: any bytes give a Result, no loop goes past the input.
 *
 * ```text
 *  0           4       6       8           12          16
 *  +-----------+-------+-------+-----------+-----------+---------------- …
 *  |  length   | type  | flags | sequence  |  port id  | body, attributes
 *  +-----------+-------+-------+-----------+-----------+---------------- …
 *  attribute:  | length u16 | type u16 | value, padded to 4 |
 * ```
 *
 * All integers in host order (little-endian on the machines we build for). Messages of types that we
 * do not use come out as `other`.
 *
 * @module
 */
import { fail, ok, type Result } from '../../../session/result.ts';
import { formatIp, ipFromBytes } from '../../../session/wire/ip.ts';
import { HEADER_BYTES, IFA, IFLA, MESSAGE, NLM_F, RTA } from './constants.ts';

export interface LinkMessage {
  readonly kind: 'link';
  readonly isRemoval: boolean;
  /** AF_UNSPEC, or AF_BRIDGE for news about a bridge port, which says nothing of the link itself. */
  readonly family: number;
  readonly index: number;
  readonly flags: number;
  /** Null where the message leaves them out, as wireless events do. */
  readonly name: string | null;
  readonly mtu: number | null;
}

export interface AddressMessage {
  readonly kind: 'address';
  readonly isRemoval: boolean;
  readonly index: number;
  readonly family: number;
  readonly prefixBits: number;
  readonly scope: number;
  readonly flags: number;
  /** Canonical text of the local address. */
  readonly address: string;
}

export interface RouteMessage {
  readonly kind: 'route';
  readonly isRemoval: boolean;
  readonly family: number;
  readonly table: number;
  readonly scope: number;
  readonly type: number;
  /** Canonical text of the destination, null for a default route. */
  readonly destination: string | null;
  readonly prefixBits: number;
  readonly priority: number;
  readonly hasGateway: boolean;
  /** Interfaces it leads through; several for a multipath route. */
  readonly outInterfaces: readonly number[];
}

export type NetlinkBody =
  | LinkMessage
  | AddressMessage
  | RouteMessage
  /** The answer to a request: 0 is an acknowledgement. */
  | { readonly kind: 'answer'; readonly errno: number }
  /** End of a dump. */
  | { readonly kind: 'done' }
  | { readonly kind: 'overrun' }
  | { readonly kind: 'other' };

export interface NetlinkMessage {
  readonly sequence: number;
  /** The dump changed while it was read, so that it may be inconsistent. */
  readonly isInterrupted: boolean;
  readonly body: NetlinkBody;
}

export type NetlinkError = 'malformed';

/** Length of the fixed part behind the header. */
const LINK_BODY = 16;
const ADDRESS_BODY = 8;
const ROUTE_BODY = 12;
const NEXT_HOP_BODY = 8;

/** All messages of one datagram. */
export function parseNetlink(
  datagram: Uint8Array,
): Result<readonly NetlinkMessage[], NetlinkError> {
  const messages: NetlinkMessage[] = [];
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
  let at = 0;
  while (at < datagram.length) {
    if (datagram.length - at < HEADER_BYTES) return fail('malformed');
    const length = view.getUint32(at, true);
    if (length < HEADER_BYTES || length > datagram.length - at) return fail('malformed');
    const body = parseBody(
      view.getUint16(at + 4, true),
      datagram.subarray(at + HEADER_BYTES, at + length),
    );
    if (body === null) return fail('malformed');
    const flags = view.getUint16(at + 6, true);
    messages.push({
      sequence: view.getUint32(at + 8, true),
      isInterrupted: (flags & NLM_F.dumpInterrupted) !== 0,
      body,
    });
    at += align(length);
  }
  return ok(messages);
}

function parseBody(type: number, body: Uint8Array): NetlinkBody | null {
  switch (type) {
    case MESSAGE.newLink:
    case MESSAGE.deleteLink:
      return parseLink(body, type === MESSAGE.deleteLink);
    case MESSAGE.newAddress:
    case MESSAGE.deleteAddress:
      return parseAddressMessage(body, type === MESSAGE.deleteAddress);
    case MESSAGE.newRoute:
    case MESSAGE.deleteRoute:
      return parseRoute(body, type === MESSAGE.deleteRoute);
    case MESSAGE.error:
      return body.length < 4 ? null : { kind: 'answer', errno: -viewOf(body).getInt32(0, true) };
    case MESSAGE.done:
      return { kind: 'done' };
    case MESSAGE.overrun:
      return { kind: 'overrun' };
    default:
      return { kind: 'other' };
  }
}

function parseLink(body: Uint8Array, isRemoval: boolean): LinkMessage | null {
  const attributes = parseAttributes(body, LINK_BODY);
  if (attributes === null) return null;
  const view = viewOf(body);
  const name = attributes.get(IFLA.name);
  return {
    kind: 'link',
    isRemoval,
    family: view.getUint8(0),
    index: view.getInt32(4, true),
    flags: view.getUint32(8, true),
    name: name === undefined ? null : text(name),
    mtu: number(attributes.get(IFLA.mtu)),
  };
}

function parseAddressMessage(body: Uint8Array, isRemoval: boolean): NetlinkBody | null {
  const attributes = parseAttributes(body, ADDRESS_BODY);
  if (attributes === null) return null;
  const view = viewOf(body);
  // On a point-to-point link IFA_ADDRESS is the other end's.
  const bytes = attributes.get(IFA.local) ?? attributes.get(IFA.address);
  if (bytes === undefined || (bytes.length !== 4 && bytes.length !== 16)) return { kind: 'other' };
  return {
    kind: 'address',
    isRemoval,
    family: view.getUint8(0),
    prefixBits: view.getUint8(1),
    scope: view.getUint8(3),
    index: view.getUint32(4, true),
    flags: number(attributes.get(IFA.flags)) ?? view.getUint8(2),
    address: formatIp(ipFromBytes(bytes)),
  };
}

function parseRoute(body: Uint8Array, isRemoval: boolean): NetlinkBody | null {
  const attributes = parseAttributes(body, ROUTE_BODY);
  if (attributes === null) return null;
  const view = viewOf(body);
  const destination = attributes.get(RTA.destination);
  const isIp = destination?.length === 4 || destination?.length === 16;
  const multipath = parseMultipath(attributes.get(RTA.multipath));
  const out = number(attributes.get(RTA.outInterface));
  return {
    kind: 'route',
    isRemoval,
    family: view.getUint8(0),
    prefixBits: view.getUint8(1),
    table: number(attributes.get(RTA.table)) ?? view.getUint8(4),
    scope: view.getUint8(6),
    type: view.getUint8(7),
    destination: isIp ? formatIp(ipFromBytes(destination)) : null,
    priority: number(attributes.get(RTA.priority)) ?? 0,
    hasGateway: attributes.has(RTA.gateway) || attributes.has(RTA.via) || multipath.hasGateway,
    outInterfaces: out === null ? multipath.outInterfaces : [out, ...multipath.outInterfaces],
  };
}

/** struct rtnexthop: length u16, flags u8, hops u8, interface i32, attributes. */
function parseMultipath(value: Uint8Array | undefined) {
  const outInterfaces: number[] = [];
  let hasGateway = false;
  let rest = value ?? new Uint8Array(0);
  while (rest.length >= NEXT_HOP_BODY) {
    const view = viewOf(rest);
    const length = view.getUint16(0, true);
    if (length < NEXT_HOP_BODY || length > rest.length) break;
    outInterfaces.push(view.getInt32(4, true));
    const attributes = parseAttributes(rest.subarray(0, length), NEXT_HOP_BODY);
    if (attributes?.has(RTA.gateway) || attributes?.has(RTA.via)) hasGateway = true;
    rest = rest.subarray(align(length));
  }
  return { outInterfaces, hasGateway };
}

/** Attributes behind the first `from` bytes, by type; null if their lengths do not add up. */
function parseAttributes(body: Uint8Array, from: number): Map<number, Uint8Array> | null {
  if (body.length < from) return null;
  const attributes = new Map<number, Uint8Array>();
  const view = viewOf(body);
  let at = from;
  while (body.length - at >= 4) {
    const length = view.getUint16(at, true);
    if (length < 4 || length > body.length - at) return null;
    // The two highest bits are flags (nested, network order).
    attributes.set(view.getUint16(at + 2, true) & 0x3fff, body.subarray(at + 4, at + length));
    at += align(length);
  }
  return attributes;
}

const align = (length: number) => (length + 3) & ~3;
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

function number(value: Uint8Array | undefined): number | null {
  return value === undefined || value.length < 4 ? null : viewOf(value).getUint32(0, true);
}

function text(value: Uint8Array): string {
  const end = value.indexOf(0);
  return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
}
