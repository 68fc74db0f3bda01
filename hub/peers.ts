/**
 * All enrolled devices as the tunnel thread knows them, by public key, and their inner addresses.
 *
 * @module
 */
import { assert } from '../session/assert.ts';
import { equalBytes } from '../session/bytes.ts';
import { decodeKey } from '../session/channel/identity.ts';
import type { SessionRecord } from '../session/hub/record.ts';
import { addResends, newResendCounters, type ResendCounters } from '../session/resend/counters.ts';
import type { EnrolledDevice } from './device.ts';
import type { PeerStatus, ToHub } from './messages.ts';
import { PlainPeerShell } from './plainPeer.ts';
import { SessionPeer } from './sessionPeer.ts';
import type { Peer, Site } from './site.ts';

export class Peers {
  readonly #site: Site;
  readonly #byKey = new Map<string, Peer>();
  /** Of peers that began anew: what is counted never goes back. */
  readonly #resendBefore = newResendCounters();

  constructor(site: Site) {
    this.#site = site;
    const { devices, records } = site.setup;
    const recordOf = new Map(records.map((record) => [record.device, record]));
    for (const device of devices) this.#add(device, recordOf.get(device.publicKey) ?? null);
  }

  find(publicKey: string): Peer | null {
    return this.#byKey.get(publicKey) ?? null;
  }

  /** Enrolled, changed or revoked. Whoever changed more than a name begins anew. */
  onDevice(device: EnrolledDevice, record: SessionRecord | null): void {
    const peer = this.#byKey.get(device.publicKey);
    if (peer === undefined) return this.#add(device, record);
    const before = peer.device;
    if (isSameButName(before, device)) {
      peer.update(device);
      if (device.revokedAtMs !== null) this.#site.routes.removeAll(peer);
      return;
    }
    this.#site.routes.removeAll(peer);
    if (peer instanceof SessionPeer) peer.noteEnd(record);
    peer.close();
    if (peer instanceof SessionPeer) addResends(this.#resendBefore, peer.data.resend);
    this.#add(device, record);
  }

  session(publicKey: string): SessionPeer | null {
    const peer = this.#byKey.get(publicKey);
    return peer instanceof SessionPeer ? peer : null;
  }

  onSwapped(message: Extract<ToHub, { kind: 'swapped' }>): void {
    this.session(message.device)?.onSwapped(message);
  }

  onLease(isValid: boolean, atMs: number): void {
    this.#site.isLeaseValid = isValid;
    for (const peer of this.#byKey.values()) {
      if (peer instanceof SessionPeer) peer.onLease(isValid, atMs);
    }
  }

  /** The site's rules are another policy's. */
  onRules(): void {
    for (const peer of this.#byKey.values()) {
      if (peer instanceof SessionPeer) peer.onRules();
    }
  }

  status(): PeerStatus[] {
    return [...this.#byKey.values()]
      .filter(({ device }) => device.revokedAtMs === null)
      .map((peer) => peer.status());
  }

  count(): { readonly session: number; readonly plain: number } {
    const enrolled = [...this.#byKey.values()].filter(({ device }) => device.revokedAtMs === null);
    const session = enrolled.filter(({ mode }) => mode === 'session').length;
    return { session, plain: enrolled.length - session };
  }

  /** How many sessions are in which state. */
  states(): Readonly<Record<string, number>> {
    const states: Record<string, number> = {};
    for (const peer of this.#byKey.values()) {
      if (peer instanceof SessionPeer) states[peer.state] = (states[peer.state] ?? 0) + 1;
    }
    return states;
  }

  /** Of all sessions since the hub started, those of devices that were revoked or enrolled anew included. */
  resend(): ResendCounters {
    const sum = { ...this.#resendBefore };
    for (const peer of this.#byKey.values()) {
      if (peer instanceof SessionPeer) addResends(sum, peer.data.resend);
    }
    return sum;
  }

  #add(device: EnrolledDevice, record: SessionRecord | null): void {
    const key = decodeKey(device.publicKey);
    assert(key.ok, 'the store holds checked keys');
    const peer =
      device.mode === 'plain'
        ? new PlainPeerShell(this.#site, device, key.value)
        : new SessionPeer(this.#site, device, record);
    this.#byKey.set(device.publicKey, peer);
    if (device.revokedAtMs !== null) return peer.update(device);
    if (peer instanceof SessionPeer) peer.endIfReassigned();
    for (const cidr of [device.inner4, device.inner6, ...device.allowed]) {
      if (cidr !== null) this.#site.routes.set(cidr, peer);
    }
  }
}

function isSameButName(a: EnrolledDevice, b: EnrolledDevice): boolean {
  return (
    a.mode === b.mode &&
    a.inner4 === b.inner4 &&
    a.inner6 === b.inner6 &&
    a.allowed.join() === b.allowed.join() &&
    equalBytes(a.psk, b.psk)
  );
}
