/**
 * The keys of one channel with a session peer: data (type 16) and control (type 17).
 *
 * Data has one cipher, one send counter and one replay window for the keypair, whatever transport
 * it takes, and is refused until `enableData`. Control is always ChaCha20-Poly1305 and has a counter
 * and a window for each transport id, so that a standby's probe does not fall out of the window
 * because data on a faster link overtook it.
 *
 * ```text
 *   data nonce      0, 0, 0, 0            │ counter u64 LE       under the data keys
 *   control nonce   transport id u32 LE   │ counter u64 LE       under the control keys
 *   associated data: the whole 16-byte header
 * ```
 *
 * Transport ids are bounded: 32 a keypair, then refused and counted (I11). Packets are sealed as
 * they are, without padding. Knows no time beyond what `age.ts` needs. Source: docs/protocol.md,
 * "Channel and keys". Vectors: test/vectors/channel.json.
 *
 * @module
 */
import { assert } from '../assert.ts';
import type { Memory } from '../memory.ts';
import { type Received, ReplayWindow } from '../replay.ts';
import { fail, ok, type Result } from '../result.ts';
import {
  MESSAGE_TYPE,
  SESSION_VERSION,
  TRANSPORT_BYTES_MIN,
  TRANSPORT_HEADER_BYTES,
} from '../wire/messages.ts';
import {
  COUNTER_TOO_LARGE,
  counterOf,
  receiverOf,
  transportIdOf,
  writeCounter,
  writeSessionHeader,
  writeU32,
} from '../wire/transport.ts';
import { type AeadKey, type CipherSuite, type Ciphers, NONCE_BYTES, TAG_BYTES } from './aead.ts';
import type { DataKey } from './dataKey.ts';
import { assertPlaces, Keypair, type KeypairOrigin, stableBytes } from './keypair.ts';
import type { OpenError } from './openCode.ts';
import type { ChannelSecrets } from './secrets.ts';
import {
  AES_COUNTER_LIMITS,
  COUNTER_EXHAUSTED,
  COUNTER_LIMITS,
  type CounterLimits,
  SendCounter,
} from './sendCounter.ts';

/** Transport ids that one keypair knows; a new keypair is due when three quarters are taken. */
export const TRANSPORTS_MAX = 32;
export const TRANSPORTS_REKEY = 24;
/** Idle, one is under way at a time; a few more for a link that answers late (chosen). */
export const LATELY_SENT_MAX = 4;

export interface OpenedControl {
  readonly transportId: number;
  readonly counter: number;
  readonly plaintext: Uint8Array;
  /** Whether `counter` was the highest so far on this transport id. */
  readonly newest: boolean;
}

interface Lane {
  readonly send: SendCounter;
  readonly window: ReplayWindow;
}

interface DataPath {
  readonly suite: CipherSuite;
  readonly sendKey: DataKey;
  readonly receiveKey: DataKey;
  readonly counter: SendCounter;
}

export class SessionKeypair extends Keypair {
  readonly #ciphers: Ciphers;
  readonly #secrets: ChannelSecrets['data'];
  readonly #controlSend: AeadKey;
  readonly #controlReceive: AeadKey;
  readonly #lanes = new Map<number, Lane>();
  readonly #dataWindow = new ReplayWindow();
  readonly #controlNonce = stableBytes(NONCE_BYTES);
  readonly #header = stableBytes(TRANSPORT_HEADER_BYTES);
  #data: DataPath | null = null;
  #isClosed = false;

  /** Different for every handshake and equal at both ends; proofs are bound to it. */
  readonly handshakeHash: Uint8Array;
  /** When the first data packet was sealed or opened (`noteData`), or null. */
  firstDataAtMs: number | null = null;
  /** When the last one was, or null. */
  lastDataAtMs: number | null = null;

  /** Of the newest successful `openData`. */
  openedIsNewest = false;
  openedCounter = -1;
  openedTransportId = 0;

  constructor(origin: KeypairOrigin) {
    super(origin);
    const { secrets, ciphers } = origin;
    this.#ciphers = ciphers;
    this.#secrets = copyDataSecrets(secrets.data);
    this.#controlSend = ciphers.newKey('chacha20-poly1305', secrets.control.send);
    this.#controlReceive = ciphers.newKey('chacha20-poly1305', secrets.control.receive);
    this.handshakeHash = secrets.handshakeHash.slice();
  }

  /** From here on data may flow, under this one cipher. Repeating it changes nothing. */
  enableData(suite: CipherSuite, limits: CounterLimits = limitsOf(suite)): void {
    assert(!this.#isClosed, 'a closed keypair has no keys');
    if (this.#data !== null) {
      assert(this.#data.suite === suite, 'a keypair has one data cipher');
      return;
    }
    const ciphers = this.#ciphers;
    const keys = this.#secrets[suite];
    this.#data = {
      suite,
      sendKey: ciphers.newDataKey(suite, keys.send, 'associated'),
      receiveKey: ciphers.newDataKey(suite, keys.receive, 'associated'),
      counter: new SendCounter(limits),
    };
    this.#wipeSecrets();
  }

  close(): void {
    this.#isClosed = true;
    this.#data?.sendKey.close();
    this.#data?.receiveKey.close();
    this.#data = null;
    this.#controlSend.close();
    this.#controlReceive.close();
    this.#wipeSecrets();
  }

  /** The data cipher, or null before `enableData`. */
  get suite(): CipherSuite | null {
    return this.#data?.suite ?? null;
  }

  /** Whether packets or transport ids used up call for a new keypair, whatever its age. */
  get needsRekey(): boolean {
    return this.#data?.counter.needsRekey === true || this.#lanes.size >= TRANSPORTS_REKEY;
  }

  /** Counter of the data packet sealed last, −1 before the first. */
  get sentCounter(): number {
    return this.#data?.counter.last ?? -1;
  }

  /** What arrived under this keypair, for a RECEIVED frame. */
  received(): Received {
    return this.#dataWindow.received();
  }

  /** Tell that data was sealed or opened; the first time decides its age (`age.ts`). */
  noteData(atMs: number): void {
    this.firstDataAtMs ??= atMs;
    this.lastDataAtMs = atMs;
  }

  /** Bytes that `sealData` writes for a packet. */
  sealedBytes(packetBytes: number): number {
    return TRANSPORT_HEADER_BYTES + packetBytes + TAG_BYTES;
  }

  /**
   * Seal `packetBytes` of `source` from `sourceAt` on into a datagram at `targetAt` of `target`, 32
   * bytes longer. In place is allowed: the same memory, `sourceAt === targetAt + 16`; any other
   * overlap is not. Returns the bytes written, or a negative `OPEN_CODE`. The counter used is
   * `sentCounter`.
   */
  sealData(
    transportId: number,
    source: Memory,
    sourceAt: number,
    packetBytes: number,
    target: Memory,
    targetAt: number,
  ): number {
    if (this.#isClosed) return this.refuse('dataNotEnabled');
    const data = this.#data;
    assert(data !== null, 'no data before ATTACHED');
    const bytes = packetBytes + TRANSPORT_BYTES_MIN;
    assertPlaces(source, sourceAt, packetBytes, target, targetAt, bytes, TRANSPORT_HEADER_BYTES);
    const counter = data.counter.take();
    if (counter === COUNTER_EXHAUSTED) return this.refuse('counterExhausted');

    const type = MESSAGE_TYPE.data;
    writeSessionHeader(target.bytes, type, transportId, this.remoteIndex, counter, targetAt);
    data.sendKey.seal(counter, source, sourceAt, packetBytes, target, targetAt);
    return bytes;
  }

  /**
   * Open the type 16 message of `bytes` at `sourceAt` of `source`, any bytes from anyone; its packet
   * goes to `targetAt` of `target`. In place is allowed: the same memory, `targetAt === sourceAt +
   * 16`. Returns the bytes of the packet, or a negative `OPEN_CODE`, and then what lies at the target
   * is worthless. A duplicate is not authenticated (`isAuthentic` does that).
   */
  openData(
    source: Memory,
    sourceAt: number,
    bytes: number,
    target: Memory,
    targetAt: number,
  ): number {
    const error = this.#formError(source.bytes, MESSAGE_TYPE.data, sourceAt, bytes);
    if (error !== null) return this.refuse(error);
    const counter = counterOf(source.bytes, sourceAt);
    const freshness = this.#dataWindow.classify(counter);
    if (freshness !== 'fresh') return this.refuse(freshness);
    const data = this.#data;
    if (data === null) return this.refuse('dataNotEnabled');
    const transportId = transportIdOf(source.bytes, sourceAt);
    if (!isOpened(data.receiveKey, counter, source, sourceAt, bytes, target, targetAt)) {
      return this.refuse('authenticationFailed');
    }

    this.openedIsNewest = counter > this.#dataWindow.counterMax;
    this.openedCounter = counter;
    this.openedTransportId = transportId;
    const isAccepted = this.#dataWindow.accept(counter);
    assert(isAccepted, 'what was fresh before authentication is fresh after it');
    return bytes - TRANSPORT_BYTES_MIN;
  }

  /** Whether a type 16 message is the peer's, fresh or not; changes nothing but `scratch`. */
  isAuthentic(
    source: Memory,
    sourceAt: number,
    bytes: number,
    scratch: Memory,
    scratchAt: number,
  ): boolean {
    const data = this.#data;
    if (data === null) return false;
    if (this.#formError(source.bytes, MESSAGE_TYPE.data, sourceAt, bytes) !== null) return false;
    const counter = counterOf(source.bytes, sourceAt);
    return isOpened(data.receiveKey, counter, source, sourceAt, bytes, scratch, scratchAt);
  }

  /** Whether `sealControl` may name this transport id. */
  hasRoomFor(transportId: number): boolean {
    return this.#lanes.has(transportId) || this.#lanes.size < TRANSPORTS_MAX;
  }

  /** Whether `counter` is of the newest {@link LATELY_SENT_MAX} control messages that this end sent on the transport. */
  hasLatelySent(transportId: number, counter: number): boolean {
    const newest = this.#lanes.get(transportId)?.send.last ?? -1;
    return counter >= 0 && counter <= newest && counter > newest - LATELY_SENT_MAX;
  }

  /** Seal a control frame. `hasRoomFor(transportId)` is the caller's to ask. */
  sealControl(transportId: number, plaintext: Uint8Array): Uint8Array {
    assert(!this.#isClosed, 'a closed keypair seals nothing');
    assert(this.hasRoomFor(transportId), 'at most 32 transport ids a keypair');
    const lane = this.#lanes.get(transportId) ?? this.#addLane(transportId);
    const counter = lane.send.take();
    assert(counter !== COUNTER_EXHAUSTED, 'control frames do not number 2^53');

    const message = stableBytes(TRANSPORT_HEADER_BYTES + plaintext.length + TAG_BYTES);
    const header = this.#header;
    writeSessionHeader(header, MESSAGE_TYPE.control, transportId, this.remoteIndex, counter);
    message.set(header);
    this.#setControlNonce(transportId, counter);
    const body = message.subarray(TRANSPORT_HEADER_BYTES);
    this.#controlSend.seal(this.#controlNonce, header, plaintext, body);
    return message;
  }

  /** Open a type 17 message, any bytes from anyone. */
  openControl(datagram: Uint8Array): Result<OpenedControl, OpenError> {
    const refused = (error: OpenError) => {
      this.refuse(error);
      return fail(error);
    };
    const error = this.#formError(datagram, MESSAGE_TYPE.control, 0, datagram.length);
    if (error !== null) return refused(error);
    if (this.#isClosed) return refused('dataNotEnabled');
    const transportId = transportIdOf(datagram);
    const counter = counterOf(datagram);
    const known = this.#lanes.get(transportId);
    if (known === undefined && !this.hasRoomFor(transportId)) return refused('tooManyTransports');
    const freshness = known?.window.classify(counter) ?? 'fresh';
    if (freshness !== 'fresh') return refused(freshness);

    const plaintext = this.#openBody(datagram);
    if (plaintext === null) return refused('authenticationFailed');
    const { window } = known ?? this.#addLane(transportId); // only an authentic peer adds one
    const newest = counter > window.counterMax;
    const isAccepted = window.accept(counter);
    assert(isAccepted, 'what was fresh before authentication is fresh after it');
    return ok({ transportId, counter, plaintext, newest });
  }

  /** The plaintext of a type 17 message of the peer, fresh or not, or null; changes nothing. */
  readControl(datagram: Uint8Array): Uint8Array | null {
    if (this.#isClosed) return null;
    if (this.#formError(datagram, MESSAGE_TYPE.control, 0, datagram.length) !== null) return null;
    return this.#openBody(datagram);
  }

  #openBody(datagram: Uint8Array): Uint8Array | null {
    this.#setControlNonce(transportIdOf(datagram), counterOf(datagram));
    this.#header.set(datagram.subarray(0, TRANSPORT_HEADER_BYTES));
    const sealed = datagram.subarray(TRANSPORT_HEADER_BYTES);
    const plaintext = stableBytes(sealed.length - TAG_BYTES);
    const isOurs = this.#controlReceive.open(this.#controlNonce, this.#header, sealed, plaintext);
    return isOurs ? plaintext : null;
  }

  #formError(datagram: Uint8Array, type: number, at: number, bytes: number): OpenError | null {
    if (bytes < TRANSPORT_BYTES_MIN) return 'tooShort';
    if (datagram[at] !== type) return 'typeWrong';
    if (datagram[at + 1] !== SESSION_VERSION) return 'versionUnknown';
    if (receiverOf(datagram, at, bytes) !== this.localIndex) return 'wrongReceiver';
    if (transportIdOf(datagram, at) === 0) return 'transportIdWrong';
    return counterOf(datagram, at) === COUNTER_TOO_LARGE ? 'counterTooLarge' : null;
  }

  #wipeSecrets(): void {
    for (const keys of Object.values(this.#secrets)) {
      keys.send.fill(0);
      keys.receive.fill(0);
    }
  }

  #setControlNonce(transportId: number, counter: number): void {
    writeU32(this.#controlNonce, 0, transportId);
    writeCounter(this.#controlNonce, 4, counter);
  }

  #addLane(transportId: number): Lane {
    const lane = { send: new SendCounter(COUNTER_LIMITS), window: new ReplayWindow() };
    this.#lanes.set(transportId, lane);
    return lane;
  }
}

/** Open what has the form of a datagram, where memory and places are the caller's promise. */
function isOpened(
  key: DataKey,
  counter: number,
  source: Memory,
  sourceAt: number,
  bytes: number,
  target: Memory,
  targetAt: number,
): boolean {
  const packetBytes = bytes - TRANSPORT_BYTES_MIN;
  assertPlaces(source, sourceAt, bytes, target, targetAt, packetBytes, -TRANSPORT_HEADER_BYTES);
  return key.open(counter, source, sourceAt, bytes, target, targetAt);
}

function limitsOf(suite: CipherSuite): CounterLimits {
  return suite === 'aes-256-gcm' ? AES_COUNTER_LIMITS : COUNTER_LIMITS;
}

/** The caller wipes its secrets after construction; which suite will be used is not known yet. */
function copyDataSecrets(data: ChannelSecrets['data']): ChannelSecrets['data'] {
  const copy = (suite: CipherSuite) => ({
    send: data[suite].send.slice(),
    receive: data[suite].receive.slice(),
  });
  return { 'aes-256-gcm': copy('aes-256-gcm'), 'chacha20-poly1305': copy('chacha20-poly1305') };
}
