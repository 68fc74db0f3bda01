/**
 * An enrolled device that does not obey: real handshake, real keys, and then whatever a case tells it to send.
 *
 * It speaks from one of the attacker's addresses. Its channel is its own; what it does there must not matter to others.
 *
 * @module
 */
import { nodeCiphers, nodeDh } from '../../../hal/linux/ciphers.ts';
import { bytesToHex } from '../../../session/bytes.ts';
import { encodeKey, NO_PSK, newIdentity } from '../../../session/channel/identity.ts';
import { createInitiation, type PendingHandshake } from '../../../session/channel/initiation.ts';
import { consumeCookieReply } from '../../../session/channel/macs.ts';
import { PlainKeypair } from '../../../session/channel/plainKeypair.ts';
import { consumeResponse } from '../../../session/channel/response.ts';
import type { ChannelSecrets } from '../../../session/channel/secrets.ts';
import { SessionKeypair } from '../../../session/channel/sessionKeypair.ts';
import { timestampOf } from '../../../session/channel/timestamp.ts';
import { plainMemory } from '../../../session/memory.ts';
import { decodeFrame } from '../../../session/wire/decode.ts';
import { encodeFrame } from '../../../session/wire/encode.ts';
import type { Attach, Attached, Frame } from '../../../session/wire/frames.ts';
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { eventually } from '../process.ts';
import type { Arena } from './arena.ts';
import type { UdpEnd } from './packet.ts';
import type { PeerSocket } from './raw.ts';

const TRANSPORT_ID = 1;
/** A handshake that is answered at all is answered at once; a cookie needs a second one. */
const TRY_MS = 700;
const ANSWER_MS = 4_000;
const INNER_MTU = 1_280;
const DATAGRAM_BYTES = 65_536;

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));

export class Rogue {
  readonly publicKey: string;
  readonly socket: PeerSocket;
  session: SessionKeypair | null = null;
  plain: PlainKeypair | null = null;
  secrets: ChannelSecrets | null = null;
  /** Frames of the hub, oldest first. */
  readonly heard: Frame[] = [];
  /** Datagrams of the hub by type. */
  readonly heardTypes: number[] = [];
  /** Why responses of the hub were of no use. */
  readonly refusals: string[] = [];
  readonly #hubPublicKey: Uint8Array;
  readonly #identity = newIdentity(random(32), nodeDh);
  #cookie: Uint8Array | null = null;
  #pending: PendingHandshake | null = null;
  #version = 0;
  #timestampMs = Date.now();

  constructor(arena: Arena, local: UdpEnd) {
    this.#hubPublicKey = arena.hubPublicKey;
    this.publicKey = encodeKey(this.#identity.publicKey);
    this.socket = arena.socket(local);
  }

  /** A type 1 message of this device; the pending handshake is the newest. */
  initiation(psk: Uint8Array = NO_PSK): Uint8Array {
    this.#timestampMs = Math.max(this.#timestampMs + 20, Date.now());
    const created = createInitiation({
      identity: this.#identity,
      remoteStatic: this.#hubPublicKey,
      psk,
      ephemeralPrivate: random(32),
      senderIndex: new DataView(random(4).buffer).getUint32(0),
      timestamp: timestampOf(this.#timestampMs),
      cookie: this.#cookie,
      dh: nodeDh,
    });
    if (!created.ok) throw new Error('the hub has a usable key');
    this.#pending = created.value.pending;
    return created.value.message;
  }

  /** Whether the hub answered; repeated as a device does, with a cookie where one came. */
  async handshake(psk: Uint8Array = NO_PSK, tries = 3): Promise<boolean> {
    this.session = null;
    this.plain = null;
    for (let at = 0; at < tries && this.session === null; at += 1) {
      this.socket.send(this.initiation(psk));
      await this.until(() => this.session !== null, TRY_MS);
    }
    return this.session !== null;
  }

  /** Take what came, until `holds` or the time is up; whether it holds. */
  async until(holds: () => boolean, timeoutMs: number): Promise<boolean> {
    const take = () => {
      this.take();
      return holds();
    };
    return eventually('', take, timeoutMs).then(
      () => true,
      () => false,
    );
  }

  take(): void {
    for (const datagram of this.socket.receive()) {
      const type = datagram[0] ?? 0;
      this.heardTypes.push(type);
      if (type === MESSAGE_TYPE.response) this.#onResponse(datagram);
      if (type === MESSAGE_TYPE.cookieReply && this.#pending !== null) {
        const cookie = consumeCookieReply(datagram, this.#pending);
        if (cookie.ok) this.#cookie = cookie.value;
      }
      if (type !== MESSAGE_TYPE.control || this.session === null) continue;
      const opened = this.session.openControl(datagram);
      const frame = opened.ok ? decodeFrame(opened.value.plaintext) : opened;
      if (frame.ok) this.heard.push(frame.value);
    }
  }

  /** A control message with any plaintext. */
  sealControl(plaintext: Uint8Array, transportId = TRANSPORT_ID): Uint8Array {
    return this.session!.sealControl(transportId, plaintext);
  }

  send(frame: Frame | Uint8Array, transportId = TRANSPORT_ID): void {
    const plaintext = frame instanceof Uint8Array ? frame : encodeFrame(frame);
    this.socket.send(this.sealControl(plaintext, transportId));
  }

  /** A type 16 or a type 4 message around `packet`. */
  sealData(packet: Uint8Array, as: 'session' | 'plain' = 'session'): Uint8Array {
    const source = plainMemory(DATAGRAM_BYTES);
    const target = plainMemory(DATAGRAM_BYTES);
    source.bytes.set(packet);
    const bytes =
      as === 'session'
        ? this.session!.sealData(TRANSPORT_ID, source, 0, packet.length, target, 0)
        : this.plain!.sealData(source, 0, packet.length, target, 0);
    return target.bytes.slice(0, bytes);
  }

  attachFrame(changes: Partial<Attach> = {}): Attach {
    this.#version += 1;
    return {
      type: 'attach',
      claim: {
        sessionId: bytesToHex(random(16)),
        stateVersion: this.#version,
        transportId: TRANSPORT_ID,
        nonce: bytesToHex(random(8)),
      },
      isNew: true,
      previousSessionId: null,
      proof: null,
      linkKind: 'ethernet',
      linkName: 'eth0',
      ciphers: ['aes-256-gcm', 'chacha20-poly1305'],
      reasonCode: 'session_created',
      mtuBytes: INNER_MTU,
      noticeMs: null,
      ...changes,
    };
  }

  /** Open a session of its own; what the hub said, or null. */
  async attach(changes: Partial<Attach> = {}): Promise<Attached | null> {
    this.send(this.attachFrame(changes));
    const found = () => this.heard.findLast((frame) => frame.type === 'attached');
    await this.until(() => found() !== undefined, ANSWER_MS);
    const attached = found();
    if (attached?.type !== 'attached') return null;
    this.session!.enableData(attached.cipher);
    return attached;
  }

  #onResponse(datagram: Uint8Array): void {
    if (this.#pending === null) return;
    const identity = this.#identity;
    const { senderIndex: localIndex } = this.#pending;
    const consumed = consumeResponse(datagram, this.#pending, { identity, dh: nodeDh });
    if (!consumed.ok) {
      this.refusals.push(consumed.code);
      return;
    }
    this.#pending = null;
    const { secrets, remoteIndex } = consumed.value;
    const origin = {
      secrets,
      remoteIndex,
      localIndex,
      ciphers: nodeCiphers,
      isInitiator: true,
      createdAtMs: 0,
    };
    this.secrets = secrets;
    this.session = new SessionKeypair(origin);
    this.plain = new PlainKeypair(origin, INNER_MTU);
  }
}

/** An ICMP echo request from `source` to `target`, both dotted: an inner packet. */
export function innerPacket(source: string, target: string, bytes = 64): Uint8Array {
  const packet = new Uint8Array(bytes);
  packet[0] = 0x45;
  packet[2] = bytes >>> 8;
  packet[3] = bytes & 255;
  packet[8] = 64;
  packet[9] = 1;
  packet.set(source.split('.').map(Number), 12);
  packet.set(target.split('.').map(Number), 16);
  packet[20] = 8;
  return packet;
}

/** Enrol a rogue's key, as an operator would who was fooled. */
export async function enrolled(
  arena: Arena,
  rogue: Rogue,
  name: string,
  extra: readonly string[] = [],
): Promise<void> {
  const argv = ['enroll', '--config', arena.site.path('hub.toml'), '--name', name];
  const outcome = await arena.site.jvpn('hub', [
    ...argv,
    ...['--public-key', rogue.publicKey],
    ...extra,
  ]);
  if (outcome.code !== 0) throw new Error(outcome.stderr);
}
