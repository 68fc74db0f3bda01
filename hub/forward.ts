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
import type { Memory } from '../session/memory.ts';
import { VIRTIO_BYTES } from '../session/packet/virtio.ts';
import { decodeCookieReply, decodeResponse } from '../session/wire/handshake.ts';
import { MESSAGE_TYPE, messageType, TRANSPORT_BYTES_MIN } from '../session/wire/messages.ts';
import { NO_RECEIVER, receiverOf } from '../session/wire/transport.ts';
import type { Endpoint } from './endpoints.ts';
import type { Handshakes } from './handshakes.ts';
import { PlainPeerShell } from './plainPeer.ts';
import { SessionPeer } from './sessionPeer.ts';
import type { Peer, Site } from './site.ts';
import { tellUnknown } from './unknownChannel.ts';

/** A run of datagrams from anyone, `bytes` at 0 of `memory`. */
export function onRun(
  site: Site,
  handshakes: Handshakes,
  memory: Memory,
  bytes: number,
  segmentBytes: number,
  ecn: number,
  endpoint: Endpoint,
  atMs: number,
): void {
  for (let at = 0; at < bytes; at += segmentBytes) {
    const here = Math.min(segmentBytes, bytes - at);
    const type = memory.bytes[at];
    if (type === MESSAGE_TYPE.data || type === MESSAGE_TYPE.transport) {
      onData(site, memory, at, here, ecn, endpoint, atMs);
    } else onMessage(site, handshakes, memory.bytes.subarray(at, at + here), endpoint, atMs);
  }
}

/** Type 4 or 16: the short way, nothing allocated. */
function onData(
  site: Site,
  memory: Memory,
  at: number,
  bytes: number,
  ecn: number,
  endpoint: Endpoint,
  atMs: number,
): void {
  if (bytes < TRANSPORT_BYTES_MIN) return site.counters.count('malformed_datagram');
  const index = receiverOf(memory.bytes, at);
  if (index === NO_RECEIVER) return site.counters.count('malformed_datagram');
  const channel = site.channels.find(index);
  if (channel === undefined || channel.keypair === null) {
    return site.counters.count('wrong_key_datagram');
  }
  const { owner, keypair } = channel;
  const isData = memory.bytes[at] === MESSAGE_TYPE.data;
  if (isData && owner instanceof SessionPeer && keypair instanceof SessionKeypair) {
    if (owner.channels.isWaiting(keypair)) return site.counters.count('data_not_accepted');
    return owner.data.onDatagram(keypair, memory, at, bytes, ecn, endpoint, atMs);
  }
  if (!isData && owner instanceof PlainPeerShell && keypair instanceof PlainKeypair) {
    return owner.onDatagram(keypair, memory, at, bytes, ecn, endpoint, atMs);
  }
  site.counters.count('mode_mismatch');
}

function onMessage(
  site: Site,
  handshakes: Handshakes,
  datagram: Uint8Array,
  endpoint: Endpoint,
  atMs: number,
): void {
  const type = messageType(datagram);
  if (!type.ok) return site.counters.count('malformed_datagram');
  switch (type.value) {
    case 'data':
    case 'transport':
      return; // taken before
    case 'control':
      return onControl(site, datagram, endpoint, atMs);
    case 'initiation':
      return handshakes.onInitiation(datagram, endpoint, atMs);
    case 'response':
    case 'cookieReply': {
      const peer = plainPeerOf(site, datagram, type.value);
      if (peer === null) return site.counters.count('wrong_key_datagram');
      if (type.value === 'response') return peer.onResponse(datagram, endpoint, atMs);
      return peer.onCookieReply(datagram, atMs);
    }
    case 'clockHint': // hubs send these, nobody sends us any
    case 'unknownChannel':
      return site.counters.count('malformed_datagram');
  }
}

function onControl(site: Site, datagram: Uint8Array, endpoint: Endpoint, atMs: number): void {
  const channel = site.channels.find(receiverOf(datagram));
  if (channel === undefined || channel.keypair === null) {
    site.counters.count('wrong_key_datagram');
    if (channel === undefined) tellUnknown(site, datagram, endpoint, atMs);
    return;
  }
  const { owner, keypair } = channel;
  if (owner instanceof SessionPeer && keypair instanceof SessionKeypair) {
    return owner.onControl(keypair, datagram, endpoint, atMs);
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

/** What one read of the tun gave: virtio header and packet, `bytes` at `at`. */
export function onPacket(
  site: Site,
  memory: Memory,
  at: number,
  bytes: number,
  atMs: number,
): void {
  const packetAt = at + VIRTIO_BYTES;
  const peer = site.routes.destination(memory.bytes, packetAt, bytes - VIRTIO_BYTES);
  if (peer === null) return site.counters.count('no_destination');
  peer.onPacket(memory, at, bytes, atMs);
}
