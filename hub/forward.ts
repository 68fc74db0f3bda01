/**
 * Where each datagram and each packet goes: by its type and receiver index, or by its destination.
 *
 * Nothing is trusted here and nothing is opened: peers do that. A message type that is not for a
 * peer's mode is dropped before any cryptography.
 *
 * @module
 */
import { PlainKeypair } from '../session/channel/plainKeypair.ts';
import { SessionKeypair } from '../session/channel/sessionKeypair.ts';
import { decodeCookieReply, decodeResponse } from '../session/wire/handshake.ts';
import { MESSAGE_TYPE, messageType } from '../session/wire/messages.ts';
import { receiverOf } from '../session/wire/transport.ts';
import type { Endpoint } from './endpoints.ts';
import type { Handshakes } from './handshakes.ts';
import { PlainPeerShell } from './plainPeer.ts';
import { SessionPeer } from './sessionPeer.ts';
import type { Peer, Site } from './site.ts';

/** Any bytes from anyone. */
export function onDatagram(
  site: Site,
  handshakes: Handshakes,
  datagram: Uint8Array,
  endpoint: Endpoint,
): void {
  const type = messageType(datagram);
  if (!type.ok) return site.counters.count('malformed_datagram');
  const atMs = site.nowMs();
  switch (type.value) {
    case 'data':
    case 'control':
    case 'transport':
      return onSealed(site, datagram, endpoint, atMs);
    case 'initiation':
      return handshakes.onInitiation(datagram, endpoint, atMs);
    case 'response':
    case 'cookieReply': {
      const peer = plainPeerOf(site, datagram, type.value);
      if (peer === null) return site.counters.count('wrong_key_datagram');
      if (type.value === 'response') return peer.onResponse(datagram, endpoint, atMs);
      return peer.onCookieReply(datagram, atMs);
    }
    case 'clockHint': // hubs send them, nobody sends us any
      return site.counters.count('malformed_datagram');
  }
}

function onSealed(site: Site, datagram: Uint8Array, endpoint: Endpoint, atMs: number): void {
  const channel = site.channels.find(receiverOf(datagram));
  if (channel === undefined || channel.keypair === null) {
    return site.counters.count('wrong_key_datagram');
  }
  const { owner, keypair } = channel;
  const type = datagram[0];
  if (owner instanceof SessionPeer && keypair instanceof SessionKeypair) {
    if (type === MESSAGE_TYPE.control) return owner.onControl(keypair, datagram, endpoint, atMs);
    if (type === MESSAGE_TYPE.data) {
      if (owner.channels.isWaiting(keypair)) return site.counters.count('data_not_accepted');
      return owner.data.onDatagram(keypair, datagram, endpoint, atMs);
    }
  } else if (owner instanceof PlainPeerShell && keypair instanceof PlainKeypair) {
    if (type === MESSAGE_TYPE.transport) return owner.onDatagram(keypair, datagram, endpoint, atMs);
  }
  site.counters.count('mode_mismatch');
}

/** Responses and cookie replies are for us as initiator, and we call plain peers only. */
function plainPeerOf(
  site: Site,
  datagram: Uint8Array,
  type: 'response' | 'cookieReply',
): PlainPeerShell | null {
  const decoded = type === 'response' ? decodeResponse(datagram) : decodeCookieReply(datagram);
  const owner: Peer | undefined = decoded.ok
    ? site.channels.find(decoded.value.receiver)?.owner
    : undefined;
  return owner instanceof PlainPeerShell ? owner : null;
}

/** A packet from the site; `packet` is free again on return. */
export function onPacket(site: Site, packet: Uint8Array, bytes: number): void {
  const peer = site.routes.destination(packet, bytes);
  if (peer === null) return site.counters.count('no_destination');
  peer.onPacket(packet, bytes, site.nowMs());
}
