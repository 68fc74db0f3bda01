/**
 * Two plain WireGuard ends in virtual time: the timers machine, the real handshake, the real
 * packets, and a network that loses what a test tells it to.
 *
 * ```text
 *   device (initiates) ── 10 ms ──► hub (answers; may initiate itself)
 * ```
 *
 * @module
 */

import { CookieChecker } from '../../../../session/channel/cookie.ts';
import { type Identity, newIdentity } from '../../../../session/channel/identity.ts';
import {
  consumeInitiation,
  createInitiation,
  type PendingHandshake,
} from '../../../../session/channel/initiation.ts';
import { PlainKeypair } from '../../../../session/channel/plainKeypair.ts';
import {
  isReceivable,
  newPlainPeer,
  nextDeadline,
  PLAIN_CONFIG,
  type PlainCause,
  type PlainConfig,
  type PlainEffect,
  usableSlot,
} from '../../../../session/channel/plainPeer.ts';
import { stepPlain } from '../../../../session/channel/plainStep.ts';
import { consumeResponse, createResponse } from '../../../../session/channel/response.ts';
import type { ChannelSecrets } from '../../../../session/channel/secrets.ts';
import { TimestampGate, timestampOf } from '../../../../session/channel/timestamp.ts';
import { memoryOf } from '../../../../session/memory.ts';
import { messageType } from '../../../../session/wire/messages.ts';
import { receiverOf } from '../../../../session/wire/transport.ts';
import { macVerdict } from './macVerdict.ts';
import { Seeded } from './seeded.ts';
import { ciphers, dh, must } from './twoEnds.ts';

const DELAY_MS = 10;
const HAPPENINGS_MAX = 50_000;
const START_WALL_MS = 1_700_000_000_000;

type Happening = { atMs: number; order: number; run: () => void };

export class PlainWorld {
  nowMs = 0;
  readonly random: Seeded;
  readonly device: End;
  readonly hub: End;
  /** Everything that was put on the wire: `device initiation`, `hub transport`, … */
  readonly log: { atMs: number; what: string; bytes: Uint8Array }[] = [];
  isLost: (what: string, index: number) => boolean = () => false;
  readonly #queue: Happening[] = [];
  #order = 0;

  constructor(seed: number, deviceConfig = PLAIN_CONFIG, hubConfig = PLAIN_CONFIG) {
    this.random = new Seeded(seed);
    const [a, b] = [this.random.bytes(32), this.random.bytes(32)].map((key) =>
      newIdentity(key, dh),
    );
    if (a === undefined || b === undefined) throw new Error('two identities');
    const psk = this.random.bytes(32);
    this.device = new End(this, 'device', a, b.publicKey, psk, deviceConfig);
    this.hub = new End(this, 'hub', b, a.publicKey, psk, hubConfig);
  }

  after(delayMs: number, run: () => void): void {
    this.#queue.push({ atMs: this.nowMs + delayMs, order: this.#order++, run });
    this.#queue.sort((x, y) => x.atMs - y.atMs || x.order - y.order);
  }

  runUntil(untilMs: number): void {
    for (;;) {
      const first = this.#queue[0];
      if (first === undefined || first.atMs > untilMs) break;
      if (this.#order > HAPPENINGS_MAX) throw new Error(`no progress at ${this.nowMs} ms`);
      this.#queue.shift();
      this.nowMs = first.atMs;
      first.run();
    }
    this.nowMs = untilMs;
  }

  transmit(from: End, bytes: Uint8Array): void {
    const what = `${from.name} ${must(messageType(bytes))}`;
    const index = this.count(what);
    this.log.push({ atMs: this.nowMs, what, bytes });
    if (this.isLost(what, index)) return;
    const to = from === this.device ? this.hub : this.device;
    this.after(DELAY_MS, () => to.receive(bytes));
  }

  count(what: string): number {
    return this.log.filter((entry) => entry.what === what).length;
  }

  times(what: string): number[] {
    return this.log.filter((entry) => entry.what === what).map((entry) => entry.atMs);
  }
}

export class End {
  readonly name: string;
  readonly received: string[] = [];
  readonly effects: { atMs: number; kind: string }[] = [];
  readonly refused: string[] = [];
  readonly keypairs = new Map<number, PlainKeypair>();
  readonly staged: string[] = [];
  peer: ReturnType<typeof newPlainPeer>;
  readonly #world: PlainWorld;
  readonly #identity: Identity;
  readonly #remoteStatic: Uint8Array;
  readonly #psk: Uint8Array;
  readonly #config: PlainConfig;
  readonly #gate = new TimestampGate(null);
  readonly #checker: CookieChecker;
  #pending: PendingHandshake | null = null;
  #indexNext: number;

  constructor(
    world: PlainWorld,
    name: string,
    identity: Identity,
    remoteStatic: Uint8Array,
    psk: Uint8Array,
    config: PlainConfig,
  ) {
    this.#world = world;
    this.name = name;
    this.#identity = identity;
    this.#remoteStatic = remoteStatic;
    this.#psk = psk;
    this.#config = config;
    this.#checker = new CookieChecker(identity.publicKey);
    this.#indexNext = name === 'device' ? 1000 : 2000;
    this.peer = newPlainPeer(world.nowMs, config);
    this.#arm();
  }

  /** An application sends `text` through the tunnel. */
  send(text: string): void {
    this.staged.push(text);
    if (usableSlot(this.peer, this.#world.nowMs, this.#config) === null)
      this.#feed({ kind: 'staged' });
    else this.#flush(false);
  }

  receive(bytes: Uint8Array): void {
    const type = must(messageType(bytes));
    if (type === 'initiation') this.#onInitiation(bytes);
    if (type === 'response') this.#onResponse(bytes);
    if (type === 'transport') this.#onTransport(bytes);
  }

  #onInitiation(bytes: Uint8Array): void {
    if (macVerdict(this.#checker, bytes, new Uint8Array(6), false, this.#world.nowMs) !== 'pass')
      return;
    const consumed = must(consumeInitiation(bytes, { identity: this.#identity, dh }));
    const verdict = this.#gate.accept(consumed.timestamp, this.#world.nowMs);
    if (verdict !== 'newer') {
      this.refused.push(verdict);
      return;
    }
    const senderIndex = this.#indexNext++;
    const created = createResponse(consumed, {
      psk: this.#psk,
      ephemeralPrivate: this.#world.random.bytes(32),
      senderIndex,
      cookie: null,
      dh,
    });
    this.#addKeypair(created.secrets, senderIndex, created.remoteIndex, false);
    this.#world.transmit(this, created.message);
    this.#feed({ kind: 'responded', localIndex: senderIndex });
  }

  #onResponse(bytes: Uint8Array): void {
    if (this.#pending === null) return;
    const done = consumeResponse(bytes, this.#pending, { identity: this.#identity, dh });
    if (!done.ok) {
      this.refused.push(done.code);
      return;
    }
    const { senderIndex } = this.#pending;
    this.#pending = null;
    this.#addKeypair(done.value.secrets, senderIndex, done.value.remoteIndex, true);
    this.#feed({ kind: 'responseAccepted', localIndex: senderIndex });
  }

  #onTransport(bytes: Uint8Array): void {
    const localIndex = receiverOf(bytes);
    const keypair = this.keypairs.get(localIndex);
    const atMs = this.#world.nowMs;
    if (keypair === undefined || !isReceivable(this.peer, localIndex, atMs, this.#config)) return;
    const target = new Uint8Array(2000);
    const opened = keypair.openData(memoryOf(bytes.slice()), 0, bytes.length, memoryOf(target), 0);
    if (opened < 0) return;
    const text = new TextDecoder().decode(target.subarray(0, opened)).replaceAll('\0', '');
    if (opened > 0) this.received.push(text);
    const { needsRekey } = keypair;
    this.#feed({ kind: 'received', localIndex, packetBytes: opened, needsRekey });
  }

  #addKeypair(
    secrets: ChannelSecrets,
    localIndex: number,
    remoteIndex: number,
    isInitiator: boolean,
  ) {
    const createdAtMs = this.#world.nowMs;
    const origin = { secrets, ciphers, localIndex, remoteIndex, isInitiator, createdAtMs };
    this.keypairs.set(localIndex, new PlainKeypair(origin, 1420));
  }

  #feed(cause: PlainCause): void {
    const event = { ...cause, atMs: this.#world.nowMs, jitterMs: this.#world.random.below(334) };
    const step = stepPlain(this.peer, event, this.#config);
    this.peer = step.peer;
    this.#arm();
    for (const effect of step.effects) this.#perform(effect);
  }

  #perform(effect: PlainEffect): void {
    this.effects.push({ atMs: this.#world.nowMs, kind: effect.kind });
    if (effect.kind === 'sendInitiation') this.#initiate();
    if (effect.kind === 'sendKeepalive') this.#flush(true);
    if (effect.kind === 'sendStaged') this.#flush(false);
    if (effect.kind === 'expire') this.keypairs.delete(effect.localIndex);
    if (effect.kind === 'giveUp') {
      this.staged.length = 0;
      this.#pending = null;
    }
  }

  #initiate(): void {
    const created = must(
      createInitiation({
        identity: this.#identity,
        remoteStatic: this.#remoteStatic,
        psk: this.#psk,
        ephemeralPrivate: this.#world.random.bytes(32),
        senderIndex: this.#indexNext++,
        timestamp: timestampOf(START_WALL_MS + this.#world.nowMs),
        cookie: null,
        dh,
      }),
    );
    this.#pending = created.pending;
    this.#world.transmit(this, created.message);
  }

  #flush(orKeepalive: boolean): void {
    const texts = this.staged.splice(0);
    if (texts.length === 0 && orKeepalive) texts.push('');
    for (const text of texts) {
      const slot = usableSlot(this.peer, this.#world.nowMs, this.#config);
      const keypair = slot === null ? undefined : this.keypairs.get(slot.localIndex);
      if (keypair === undefined) throw new Error('nothing is sent without a usable keypair');
      const packet = new TextEncoder().encode(text);
      const bytes = new Uint8Array(keypair.sealedBytes(packet.length));
      keypair.sealData(memoryOf(packet.slice()), 0, packet.length, memoryOf(bytes), 0);
      this.#world.transmit(this, bytes);
      const { localIndex, needsRekey } = keypair;
      this.#feed({ kind: 'sent', localIndex, packetBytes: packet.length, needsRekey });
    }
  }

  #arm(): void {
    const atMs = nextDeadline(this.peer, this.#config);
    if (atMs === null) return;
    this.#world.after(Math.max(0, atMs - this.#world.nowMs), () => {
      if (nextDeadline(this.peer, this.#config) === atMs) this.#feed({ kind: 'tick' });
    });
  }
}
