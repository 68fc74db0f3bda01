/**
 * The keys of one channel with a plain WireGuard peer: type 4 messages, ChaCha20-Poly1305 only.
 *
 * The nonce is four zero bytes and the counter; there is no associated data. Plaintexts are padded
 * with zeros to a multiple of 16, not beyond the MTU; an empty one is a keepalive. Knows no time:
 * `age.ts` and `plainPeer.ts` say when a keypair may be used.
 *
 * Source: WireGuard whitepaper §5.4.6.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { ReplayWindow } from '../replay.ts';
import { MESSAGE_TYPE, TRANSPORT_BYTES_MIN, TRANSPORT_HEADER_BYTES } from '../wire/messages.ts';
import {
  COUNTER_TOO_LARGE,
  counterOf,
  NO_RECEIVER,
  receiverOf,
  typeByte,
  writeCounter,
  writePlainHeader,
} from '../wire/transport.ts';
import { type AeadKey, NONCE_BYTES, TAG_BYTES } from './aead.ts';
import { Keypair, type KeypairOrigin, stableBytes } from './keypair.ts';
import { paddedBytes } from './padding.ts';
import {
  COUNTER_EXHAUSTED,
  COUNTER_LIMITS,
  type CounterLimits,
  SendCounter,
} from './sendCounter.ts';

const NO_BYTES = new Uint8Array(0);

export class PlainKeypair extends Keypair {
  readonly #send: AeadKey;
  readonly #receive: AeadKey;
  readonly #counter: SendCounter;
  readonly #window = new ReplayWindow();
  readonly #nonce = stableBytes(NONCE_BYTES);
  /** Padding stays within it; follows the links under a living keypair. */
  mtuBytes: number;

  /** Of the newest successful `openData`: whether its counter was the highest so far. */
  openedIsNewest = false;
  openedCounter = -1;

  constructor(origin: KeypairOrigin, mtuBytes: number, limits: CounterLimits = COUNTER_LIMITS) {
    super(origin);
    const { secrets, ciphers } = origin;
    this.#send = ciphers.newKey('chacha20-poly1305', secrets.plain.send);
    this.#receive = ciphers.newKey('chacha20-poly1305', secrets.plain.receive);
    this.#counter = new SendCounter(limits);
    this.mtuBytes = mtuBytes;
  }

  /** Whether so much was sent that a new keypair is due. */
  get needsRekey(): boolean {
    return this.#counter.needsRekey;
  }

  get sentCounter(): number {
    return this.#counter.last;
  }

  /** Bytes that `sealData` writes for a packet. */
  sealedBytes(packetBytes: number): number {
    return TRANSPORT_HEADER_BYTES + paddedBytes(packetBytes, this.mtuBytes) + TAG_BYTES;
  }

  /**
   * Seal the first `packetBytes` of `packet` (0 makes a keepalive) into `target`, which may hold the
   * packet already at offset 16. Returns the bytes written, or a negative `OPEN_CODE`.
   */
  sealData(packet: Uint8Array, packetBytes: number, target: Uint8Array): number {
    const plainEnd = TRANSPORT_HEADER_BYTES + paddedBytes(packetBytes, this.mtuBytes);
    assert(packetBytes <= packet.length, 'the packet lies in its buffer');
    assert(target.length >= plainEnd + TAG_BYTES, 'target holds header, padding and tag');
    const counter = this.#counter.take();
    if (counter === COUNTER_EXHAUSTED) return this.refuse('counterExhausted');

    target.set(packet.subarray(0, packetBytes), TRANSPORT_HEADER_BYTES);
    target.fill(0, TRANSPORT_HEADER_BYTES + packetBytes, plainEnd);
    writePlainHeader(target, this.remoteIndex, counter);
    writeCounter(this.#nonce, 4, counter);
    const body = target.subarray(TRANSPORT_HEADER_BYTES);
    this.#send.seal(this.#nonce, NO_BYTES, target.subarray(TRANSPORT_HEADER_BYTES, plainEnd), body);
    return plainEnd + TAG_BYTES;
  }

  /**
   * Open a type 4 message, any bytes from anyone, into `target`. Returns the bytes of plaintext with
   * its padding (0 is a keepalive; `innerBytes` finds the packet's end), or a negative `OPEN_CODE`.
   */
  openData(datagram: Uint8Array, target: Uint8Array): number {
    if (datagram.length < TRANSPORT_BYTES_MIN) return this.refuse('tooShort');
    const receiver = receiverOf(datagram);
    if (typeByte(datagram) !== MESSAGE_TYPE.transport || receiver === NO_RECEIVER) {
      return this.refuse('typeWrong');
    }
    if (receiver !== this.localIndex) return this.refuse('wrongReceiver');
    const counter = counterOf(datagram);
    if (counter === COUNTER_TOO_LARGE) return this.refuse('counterTooLarge');
    const freshness = this.#window.classify(counter);
    if (freshness !== 'fresh') return this.refuse(freshness);

    writeCounter(this.#nonce, 4, counter);
    const sealed = datagram.subarray(TRANSPORT_HEADER_BYTES);
    if (!this.#receive.open(this.#nonce, NO_BYTES, sealed, target)) {
      return this.refuse('authenticationFailed');
    }
    this.openedIsNewest = counter > this.#window.counterMax;
    this.openedCounter = counter;
    const isAccepted = this.#window.accept(counter);
    assert(isAccepted, 'what was fresh before authentication is fresh after it');
    return sealed.length - TAG_BYTES;
  }
}
