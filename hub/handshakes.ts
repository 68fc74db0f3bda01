/**
 * The hub's side of handshakes: who gets an answer, and at what price for us.
 *
 * In this order, the cheap before the dear: whether there is time, under load how many are read at all,
 * mac1, cookie under load, the door's rates, the cryptography, then whether the key is enrolled, not
 * revoked and not refused, and whether the message is newer than all before. Strangers get no answer at
 * all; a session device whose clock is behind gets a hint. A handshake alone binds nothing.
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
import { hasMac2 } from '../session/channel/macs.ts';
import { PlainKeypair } from '../session/channel/plainKeypair.ts';
import { createResponse } from '../session/channel/response.ts';
import { wipeSecrets } from '../session/channel/secrets.ts';
import { SessionKeypair } from '../session/channel/sessionKeypair.ts';
import type { Endpoint } from './endpoints.ts';
import type { Peers } from './peers.ts';
import { SessionPeer } from './sessionPeer.ts';
import type { Peer, Site } from './site.ts';

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
    const { door, nowMs } = this.#site;
    const beganAtMs = nowMs();
    if (!door.hasTime(beganAtMs)) return this.#turnAway(endpoint, atMs);
    this.#judge(message, endpoint, atMs);
    door.noteWork(nowMs() - beganAtMs);
  }

  #judge(message: Uint8Array, endpoint: Endpoint, atMs: number): void {
    const { door, counters, identity } = this.#site;
    const hasProof = hasMac2(message);
    if (!door.isWorthReading(hasProof, atMs)) return this.#turnAway(endpoint, atMs);
    if (!this.#cookies.isAddressed(message)) return counters.count('wrong_key_datagram');
    if (door.noteArrival(atMs) && !this.#hasProven(message, hasProof, endpoint, atMs)) return;
    if (!door.admitsHandshake(endpoint.text, atMs)) return this.#turnAway(endpoint, atMs);
    const consumed = consumeInitiation(message, { identity, dh: this.#site.means.dh });
    if (!consumed.ok) return counters.count('wrong_key_datagram');
    this.#onAuthentic(consumed.value, endpoint, atMs);
    wipeConsumed(consumed.value);
  }

  /** Under load: whether the sender has proven its address. If not, it has been dealt with. */
  #hasProven(message: Uint8Array, hasProof: boolean, endpoint: Endpoint, atMs: number): boolean {
    const { door } = this.#site;
    const { text } = endpoint;
    const address = utf8ToBytes(text);
    if (hasProof) {
      const isChecked = door.admitsProof(text, atMs);
      if (isChecked && this.#cookies.isProven(message, address, atMs)) return true;
      if (!isChecked) {
        this.#turnAway(endpoint, atMs);
        return false;
      }
    }
    if (door.admitsCookie(text, atMs)) this.#sendCookie(message, address, endpoint, atMs);
    else this.#turnAway(endpoint, atMs);
    return false;
  }

  #turnAway(endpoint: Endpoint, atMs: number): void {
    this.#site.counters.count('rate_limited');
    this.#refuse('rate_limited', '', endpoint, atMs);
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
    if (greatest === null || !peer.hintPace.take(endpoint.text, atMs)) return;
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
