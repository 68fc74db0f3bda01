/**
 * A data key made of any `AeadKey`: for where no native code works on offsets.
 *
 * Costs a few small objects a packet. Refuses nothing that its key does not refuse.
 *
 * @module
 */
import { assert } from '../assert.ts';
import type { Memory } from '../memory.ts';
import { TRANSPORT_HEADER_BYTES } from '../wire/messages.ts';
import { writeCounter } from '../wire/transport.ts';
import { type AeadKey, NONCE_BYTES, TAG_BYTES } from './aead.ts';
import type { DataKey, HeaderUse } from './dataKey.ts';

export class AeadDataKey implements DataKey {
  readonly #key: AeadKey;
  readonly #nonce = new Uint8Array(new ArrayBuffer(NONCE_BYTES));
  /** A copy of the header; empty where it is not associated data. */
  readonly #associated: Uint8Array;

  constructor(key: AeadKey, use: HeaderUse) {
    this.#key = key;
    const associatedBytes = use === 'associated' ? TRANSPORT_HEADER_BYTES : 0;
    this.#associated = new Uint8Array(new ArrayBuffer(associatedBytes));
  }

  seal(
    counter: number,
    source: Memory,
    sourceAt: number,
    bytes: number,
    target: Memory,
    targetAt: number,
  ): void {
    const bodyAt = targetAt + TRANSPORT_HEADER_BYTES;
    const end = bodyAt + bytes + TAG_BYTES;
    assert(sourceAt + bytes <= source.bytes.length, 'the packet lies in its memory');
    assert(end <= target.bytes.length, 'target holds header, packet and tag');
    this.#take(counter, target, targetAt);
    const packet = source.bytes.subarray(sourceAt, sourceAt + bytes);
    this.#key.seal(this.#nonce, this.#associated, packet, target.bytes.subarray(bodyAt, end));
  }

  open(
    counter: number,
    source: Memory,
    sourceAt: number,
    bytes: number,
    target: Memory,
    targetAt: number,
  ): boolean {
    const bodyAt = sourceAt + TRANSPORT_HEADER_BYTES;
    const packetBytes = bytes - TRANSPORT_HEADER_BYTES - TAG_BYTES;
    assert(packetBytes >= 0, 'a datagram has header and tag');
    assert(sourceAt + bytes <= source.bytes.length, 'the datagram lies in its memory');
    assert(targetAt + packetBytes <= target.bytes.length, 'target holds the packet');
    this.#take(counter, source, sourceAt);
    const sealed = source.bytes.subarray(bodyAt, sourceAt + bytes);
    const packet = target.bytes.subarray(targetAt, targetAt + packetBytes);
    return this.#key.open(this.#nonce, this.#associated, sealed, packet);
  }

  close(): void {
    this.#key.close();
  }

  #take(counter: number, datagram: Memory, at: number): void {
    writeCounter(this.#nonce, 4, counter);
    for (let i = 0; i < this.#associated.length; i++) {
      this.#associated[i] = datagram.bytes[at + i] ?? 0;
    }
  }
}
