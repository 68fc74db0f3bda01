/**
 * Requests to rtnetlink, as bytes. Layout in `parse.ts`.
 *
 * @module
 */
import { assert } from '../../../session/assert.ts';
import type { Cidr } from '../../../session/wire/cidr.ts';
import {
  AF_INET,
  AF_INET6,
  HEADER_BYTES,
  IFA,
  IFA_F,
  IFF,
  IFLA,
  MESSAGE,
  NLM_F,
  PROTOCOL_STATIC,
  ROUTE_UNICAST,
  RTA,
  SCOPE,
} from './constants.ts';

/** A request without its sequence number, which the socket stamps. */
export type Request = Uint8Array;

interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface RouteRequest {
  /** The network: host bits cleared. */
  readonly destination: Cidr;
  readonly index: number;
  readonly metric: number;
  readonly table: number;
}

const familyOf = (cidr: Cidr) => (cidr.family === 4 ? AF_INET : AF_INET6);

/** Everything of one type: links, addresses or routes; `family` 0 is both. */
export function dumpRequest(type: number, family: number): Request {
  const body = new Uint8Array(type === MESSAGE.getLink ? 16 : type === MESSAGE.getAddress ? 8 : 12);
  body[0] = family;
  return encode(type, NLM_F.request | NLM_F.dump, body, []);
}

export function upRequest(index: number): Request {
  const body = linkBody(index);
  const view = new DataView(body.buffer);
  view.setUint32(8, IFF.up, true);
  view.setUint32(12, IFF.up, true); // only this flag
  return encode(MESSAGE.setLink, NLM_F.request | NLM_F.ack, body, []);
}

export function mtuRequest(index: number, mtuBytes: number): Request {
  const attributes = [{ type: IFLA.mtu, value: uint32(mtuBytes) }];
  return encode(MESSAGE.setLink, NLM_F.request | NLM_F.ack, linkBody(index), attributes);
}

/** Without duplicate address detection: the hub assigned it, and a tun has no neighbours to ask. */
export function addAddressRequest(index: number, cidr: Cidr): Request {
  const flags = NLM_F.request | NLM_F.ack | NLM_F.create | NLM_F.exclusive;
  return encode(MESSAGE.newAddress, flags, addressBody(index, cidr), [
    { type: IFA.local, value: cidr.bytes },
    { type: IFA.address, value: cidr.bytes },
    { type: IFA.flags, value: uint32(cidr.family === 6 ? IFA_F.noDad : 0) },
  ]);
}

export function removeAddressRequest(index: number, cidr: Cidr): Request {
  return encode(MESSAGE.deleteAddress, NLM_F.request | NLM_F.ack, addressBody(index, cidr), [
    { type: IFA.local, value: cidr.bytes },
  ]);
}

export function addRouteRequest(route: RouteRequest): Request {
  const flags = NLM_F.request | NLM_F.ack | NLM_F.create | NLM_F.exclusive;
  return encode(MESSAGE.newRoute, flags, routeBody(route), routeAttributes(route));
}

export function removeRouteRequest(route: RouteRequest): Request {
  const flags = NLM_F.request | NLM_F.ack;
  return encode(MESSAGE.deleteRoute, flags, routeBody(route), routeAttributes(route));
}

function linkBody(index: number): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(16);
  new DataView(body.buffer).setInt32(4, index, true);
  return body;
}

function addressBody(index: number, cidr: Cidr): Uint8Array {
  const body = new Uint8Array(8);
  body[0] = familyOf(cidr);
  body[1] = cidr.prefixBits;
  new DataView(body.buffer).setUint32(4, index, true);
  return body;
}

function routeBody({ destination, table }: RouteRequest): Uint8Array {
  const body = new Uint8Array(12);
  body[0] = familyOf(destination);
  body[1] = destination.prefixBits;
  body[4] = table < 256 ? table : 0; // larger ones only fit the attribute
  body[5] = PROTOCOL_STATIC;
  body[6] = destination.family === 4 ? SCOPE.link : SCOPE.universe; // IPv6 routes have no scope
  body[7] = ROUTE_UNICAST;
  return body;
}

function routeAttributes({ destination, index, metric, table }: RouteRequest): Attribute[] {
  const attributes: Attribute[] = [
    { type: RTA.outInterface, value: uint32(index) },
    { type: RTA.table, value: uint32(table) },
  ];
  if (destination.prefixBits > 0) {
    attributes.push({ type: RTA.destination, value: destination.bytes });
  }
  if (metric > 0) attributes.push({ type: RTA.priority, value: uint32(metric) });
  return attributes;
}

function encode(
  type: number,
  flags: number,
  body: Uint8Array,
  attributes: readonly Attribute[],
): Request {
  const align = (bytes: number) => (bytes + 3) & ~3;
  const attributeBytes = attributes.reduce((sum, { value }) => sum + align(4 + value.length), 0);
  const request = new Uint8Array(HEADER_BYTES + body.length + attributeBytes);
  const view = new DataView(request.buffer);
  view.setUint32(0, request.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  request.set(body, HEADER_BYTES);
  let at = HEADER_BYTES + body.length;
  for (const attribute of attributes) {
    view.setUint16(at, 4 + attribute.value.length, true);
    view.setUint16(at + 2, attribute.type, true);
    request.set(attribute.value, at + 4);
    at += align(4 + attribute.value.length);
  }
  return request;
}

function uint32(value: number): Uint8Array<ArrayBuffer> {
  assert(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff, 'fits 32 bits');
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
