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
import type { Memory } from '../memory.ts';
import { ReplayWindow } from '../replay.ts';
import { MESSAGE_TYPE, TRANSPORT_BYTES_MIN, TRANSPORT_HEADER_BYTES } from '../wire/messages.ts';
import {
  COUNTER_TOO_LARGE,
  counterOf,
  NO_RECEIVER,
  receiverOf,
  typeByte,
  writePlainHeader,
} from '../wire/transport.ts';
import { TAG_BYTES } from './aead.ts';
import type { DataKey } from './dataKey.ts';
import { assertPlaces, Keypair, type KeypairOrigin } from './keypair.ts';
import { paddedBytes } from './padding.ts';
import {
  COUNTER_EXHAUSTED,
  COUNTER_LIMITS,
  type CounterLimits,
  SendCounter,
} from './sendCounter.ts';

export class PlainKeypair extends Keypair {
  readonly #send: DataKey;
  readonly #receive: DataKey;
  readonly #counter: SendCounter;
  readonly #window = new ReplayWindow();
  /** Padding stays within it; follows the links under a living keypair. */
  mtuBytes: number;
  #isClosed = false;

  /** Of the newest successful `openData`: whether its counter was the highest so far. */
  openedIsNewest = false;
  openedCounter = -1;

  constructor(origin: KeypairOrigin, mtuBytes: number, limits: CounterLimits = COUNTER_LIMITS) {
    super(origin);
    const { secrets, ciphers } = origin;
    this.#send = ciphers.newDataKey('chacha20-poly1305', secrets.plain.send, 'bare');
    this.#receive = ciphers.newDataKey('chacha20-poly1305', secrets.plain.receive, 'bare');
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

  close(): void {
    this.#isClosed = true;
    this.#send.close();
    this.#receive.close();
  }

  /**
   * Seal `packetBytes` of `source` from `sourceAt` on (0 makes a keepalive) into a datagram at
   * `targetAt` of `target`. In place is allowed: the same memory, `sourceAt === targetAt + 16`, where
   * the padding then overwrites what lies behind the packet; any other overlap is not. A packet that
   * needs padding is copied first unless it is in place. Returns the bytes written, or a negative `OPEN_CODE`.
   */
  sealData(
    source: Memory,
    sourceAt: number,
    packetBytes: number,
    target: Memory,
    targetAt: number,
  ): number {
    if (this.#isClosed) return this.refuse('dataNotEnabled');
    const plainBytes = paddedBytes(packetBytes, this.mtuBytes);
    const bytes = plainBytes + TRANSPORT_BYTES_MIN;
    assertPlaces(source, sourceAt, packetBytes, target, targetAt, bytes, TRANSPORT_HEADER_BYTES);
    const counter = this.#counter.take();
    if (counter === COUNTER_EXHAUSTED) return this.refuse('counterExhausted');

    writePlainHeader(target.bytes, this.remoteIndex, counter, targetAt);
    if (plainBytes === packetBytes) {
      this.#send.seal(counter, source, sourceAt, packetBytes, target, targetAt);
      return bytes;
    }
    const bodyAt = targetAt + TRANSPORT_HEADER_BYTES;
    const isInPlace = source.bytes === target.bytes && sourceAt === bodyAt;
    if (!isInPlace) copyBytes(source.bytes, sourceAt, packetBytes, target.bytes, bodyAt);
    for (let i = packetBytes; i < plainBytes; i++) target.bytes[bodyAt + i] = 0;
    this.#send.seal(counter, target, bodyAt, plainBytes, target, targetAt);
    return bytes;
  }

  /**
   * Open the type 4 message of `bytes` at `sourceAt` of `source`, any bytes from anyone; its plaintext
   * goes to `targetAt` of `target`. In place is allowed: the same memory, `targetAt === sourceAt +
   * 16`. Returns the bytes of plaintext with its padding (0 is a keepalive; `innerBytes` finds the
   * packet's end), or a negative `OPEN_CODE`, and then what lies at the target is worthless.
   */
  openData(
    source: Memory,
    sourceAt: number,
    bytes: number,
    target: Memory,
    targetAt: number,
  ): number {
    if (this.#isClosed) return this.refuse('dataNotEnabled');
    if (bytes < TRANSPORT_BYTES_MIN) return this.refuse('tooShort');
    const receiver = receiverOf(source.bytes, sourceAt, bytes);
    if (typeByte(source.bytes, sourceAt) !== MESSAGE_TYPE.transport || receiver === NO_RECEIVER) {
      return this.refuse('typeWrong');
    }
    if (receiver !== this.localIndex) return this.refuse('wrongReceiver');
    const counter = counterOf(source.bytes, sourceAt);
    if (counter === COUNTER_TOO_LARGE) return this.refuse('counterTooLarge');
    const freshness = this.#window.classify(counter);
    if (freshness !== 'fresh') return this.refuse(freshness);

    const plainBytes = bytes - TRANSPORT_BYTES_MIN;
    assertPlaces(source, sourceAt, bytes, target, targetAt, plainBytes, -TRANSPORT_HEADER_BYTES);
    if (!this.#receive.open(counter, source, sourceAt, bytes, target, targetAt)) {
      return this.refuse('authenticationFailed');
    }
    this.openedIsNewest = counter > this.#window.counterMax;
    this.openedCounter = counter;
    const isAccepted = this.#window.accept(counter);
    assert(isAccepted, 'what was fresh before authentication is fresh after it');
    return plainBytes;
  }
}

/** Without the two views that `set` would need. */
function copyBytes(
  source: Uint8Array,
  sourceAt: number,
  count: number,
  target: Uint8Array,
  targetAt: number,
): void {
  for (let i = 0; i < count; i++) target[targetAt + i] = source[sourceAt + i] ?? 0;
}
