/**
 * The hub's side of handshakes: who gets an answer, and at what price for us.
 *
 * In this order, the cheap before the dear: mac1, cookie under load, the door's rates, the
 * cryptography, then whether the key is enrolled, not revoked and not refused, and whether the message
 * is newer than all before. Strangers get no answer at all; a session device whose clock is behind
 * gets a hint. A handshake alone binds nothing.
 *
 * @module
 */
import { utf8ToBytes } from '../session/bytes.ts';
import { createClockHint } from '../session/channel/clockHint.ts';
import { CookieChecker } from '../session/channel/cookie.ts';
import { encodeKey } from '../session/channel/identity.ts';
import {
  type ConsumedInitiation,
  consumeInitiation,
  wipeConsumed,
} from '../session/channel/initiation.ts';
import { PlainKeypair } from '../session/channel/plainKeypair.ts';
import { createResponse } from '../session/channel/response.ts';
import { wipeSecrets } from '../session/channel/secrets.ts';
import { SessionKeypair } from '../session/channel/sessionKeypair.ts';
import type { Endpoint } from './endpoints.ts';
import type { Peers } from './peers.ts';
import { SessionPeer } from './sessionPeer.ts';
import type { Peer, Site } from './site.ts';

const HINT_EVERY_MS = 1_000;

export class Handshakes {
  /** Handshakes answered. */
  answeredCount = 0;
  readonly #site: Site;
  readonly #peers: Peers;
  readonly #cookies: CookieChecker;

  constructor(site: Site, peers: Peers) {
    this.#site = site;
    this.#peers = peers;
    this.#cookies = new CookieChecker(site.identity.publicKey);
  }

  /** A type 1 message from anyone. */
  onInitiation(message: Uint8Array, endpoint: Endpoint, atMs: number): void {
    const { door, counters, identity } = this.#site;
    const address = utf8ToBytes(endpoint.text);
    if (this.#cookies.judge(message, address, false, atMs) === 'refused') {
      return counters.count('wrong_key_datagram');
    }
    const isUnderLoad = door.noteArrival(atMs);
    if (this.#cookies.judge(message, address, isUnderLoad, atMs) === 'cookieNeeded') {
      return this.#sendCookie(message, address, endpoint, atMs);
    }
    if (!door.admitsHandshake(endpoint.text, atMs)) {
      counters.count('rate_limited');
      return this.#refuse('rate_limited', '', endpoint, atMs);
    }
    const { dh } = this.#site.means;
    const consumed = consumeInitiation(message, { identity, dh });
    if (!consumed.ok) return counters.count('wrong_key_datagram');
    this.#onAuthentic(consumed.value, endpoint, atMs);
    wipeConsumed(consumed.value);
  }

  #onAuthentic(initiation: ConsumedInitiation, endpoint: Endpoint, atMs: number): void {
    const { counters } = this.#site;
    const publicKey = encodeKey(initiation.remoteStatic);
    const peer = this.#peers.find(publicKey);
    if (peer === null) {
      counters.count('not_enrolled');
      return this.#refuse('not_enrolled', publicKey, endpoint, atMs);
    }
    if (peer.device.revokedAtMs !== null) {
      counters.count('revoked');
      return this.#refuse('revoked', publicKey, endpoint, atMs);
    }
    if (peer instanceof SessionPeer && peer.channels.isRefused(endpoint, atMs)) {
      return counters.count('channel_refused');
    }
    switch (peer.gate.accept(initiation.timestamp, atMs)) {
      case 'tooSoon':
        return counters.count('rate_limited');
      case 'notNewer':
        counters.count('replayed_datagram');
        return this.#hint(initiation, peer, endpoint, atMs);
      case 'newer':
        return this.#answer(initiation, peer, endpoint, atMs);
    }
  }

  #answer(initiation: ConsumedInitiation, peer: Peer, endpoint: Endpoint, atMs: number): void {
    this.#site.endpoints.keep(endpoint);
    const { channels, chosen, setup, means } = this.#site;
    const response = createResponse(initiation, {
      psk: peer.device.psk,
      ephemeralPrivate: means.random(32),
      senderIndex: channels.freeIndex(),
      cookie: peer.mode === 'plain' ? peer.cookieFor(atMs) : null,
      dh: means.dh,
    });
    const { message, secrets, remoteIndex, senderIndex } = response;
    const origin = {
      secrets,
      ciphers: chosen.ciphers,
      localIndex: senderIndex,
      remoteIndex,
      isInitiator: false,
      createdAtMs: atMs,
    };
    this.#send(endpoint, message);
    this.answeredCount += 1;
    if (peer.mode === 'plain') {
      peer.responded(new PlainKeypair(origin, setup.mtuBytes), endpoint, response);
    } else {
      peer.channels.offer(new SessionKeypair(origin), endpoint);
      this.#site.deadlines.note(peer);
    }
    wipeSecrets(secrets);
  }

  /** Only for session devices, and not often: a recorded initiation draws one, too. */
  #hint(initiation: ConsumedInitiation, peer: Peer, endpoint: Endpoint, atMs: number): void {
    if (peer.mode === 'plain') return;
    const { greatest } = peer.gate;
    const isTooSoon = peer.hintedAtMs !== null && atMs - peer.hintedAtMs < HINT_EVERY_MS;
    if (greatest === null || isTooSoon) return;
    peer.hintedAtMs = atMs;
    const { identity, counters, means } = this.#site;
    const nonce = means.random(24);
    const { dh } = means;
    counters.count('clock_hint_sent');
    this.#send(endpoint, createClockHint(initiation, { identity, greatest, nonce, dh }));
  }

  #sendCookie(message: Uint8Array, address: Uint8Array, endpoint: Endpoint, atMs: number): void {
    const { random } = this.#site.means;
    if (this.#cookies.needsSecret(atMs)) {
      const secret = random(32);
      this.#cookies.useSecret(secret, atMs);
      secret.fill(0);
    }
    const nonce = random(24);
    this.#send(endpoint, this.#cookies.reply(message, address, nonce, atMs));
    this.#site.counters.count('cookie_sent');
    this.#refuse('cookie_sent', '', endpoint, atMs);
  }

  #send(endpoint: Endpoint, message: Uint8Array): void {
    this.#site.endpoints.sendMessage(endpoint, message);
  }

  /**
   * A line a second for each reason at most: the source is not part of what is counted together,
   * because a stranger may write any source.
   */
  #refuse(
    reasonCode: 'rate_limited' | 'not_enrolled' | 'revoked' | 'cookie_sent',
    publicKey: string,
    { text }: Endpoint,
    atMs: number,
  ): void {
    this.#site.report({
      event: 'refusal',
      atMs,
      reasonCode,
      device: reasonCode === 'revoked' ? publicKey : '',
      sessionId: null,
      from: null,
      to: null,
      stateVersion: 0,
      hubSeq: 0,
      ownerEpoch: 0,
      transport: null,
      detail: publicKey === '' ? { lastSource: text } : { lastSource: text, publicKey },
    });
  }
}
