/**
 * STAND-IN for the AEADs: the plaintext as it is, and behind it a checksum under the key.
 *
 * Same lengths and same promises as the real ones: another key, nonce, header or byte does not open.
 * Everybody can read it, and whoever knows this file can forge it.
 *
 * @module
 */
import {
  type AeadKey,
  type CipherSuite,
  type Ciphers,
  TAG_BYTES,
} from '../../../session/channel/aead.ts';
import type { DataKey, HeaderUse } from '../../../session/channel/dataKey.ts';
import type { Memory } from '../../../session/memory.ts';
import { TRANSPORT_BYTES_MIN, TRANSPORT_HEADER_BYTES } from '../../../session/wire/messages.ts';

/** Two 32-bit lanes; each step is a bijection of its lane, so one changed byte changes both. */
class Checksum {
  a = 0;
  b = 0;
  readonly #a: number;
  readonly #b: number;

  constructor(suite: CipherSuite, key: Uint8Array) {
    this.a = suite === 'aes-256-gcm' ? 0x811c9dc5 : 0x01234567;
    this.b = 0x2545f491;
    this.add(key, 0, key.length);
    this.#a = this.a;
    this.#b = this.b;
  }

  begin(): void {
    this.a = this.#a;
    this.b = this.#b;
  }

  add(bytes: Uint8Array, at: number, count: number): void {
    let { a, b } = this;
    for (let i = at; i < at + count; i++) {
      const byte = bytes[i]!;
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul(b + byte, 0x85ebca6b) ^ 0x5bd1e995;
    }
    this.a = Math.imul(a ^ count, 0x01000193);
    this.b = b;
  }

  addNumber(value: number): void {
    const low = value >>> 0;
    this.a = Math.imul(this.a ^ low, 0x01000193) ^ (value / 2 ** 32);
    this.b = Math.imul(this.b + low, 0x85ebca6b);
  }

  byteAt(index: number): number {
    const lane = index & 4 ? this.b : this.a;
    const turned = index & 8 ? Math.imul(lane ^ (lane >>> 15), 0x2c1b3c6d) : lane;
    return (turned >>> (8 * (index & 3))) & 0xff;
  }

  write(target: Uint8Array, at: number): void {
    for (let i = 0; i < TAG_BYTES; i++) target[at + i] = this.byteAt(i);
  }

  isAt(source: Uint8Array, at: number): boolean {
    for (let i = 0; i < TAG_BYTES; i++) if (source[at + i] !== this.byteAt(i)) return false;
    return true;
  }
}

class FastKey implements AeadKey {
  readonly #sum: Checksum;

  constructor(suite: CipherSuite, key: Uint8Array) {
    this.#sum = new Checksum(suite, key);
  }

  seal(nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array, target: Uint8Array): void {
    target.set(plaintext);
    this.#take(nonce, associated, target, plaintext.length);
    this.#sum.write(target, plaintext.length);
  }

  open(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array, target: Uint8Array): boolean {
    const bytes = sealed.length - TAG_BYTES;
    if (bytes < 0) return false;
    this.#take(nonce, associated, sealed, bytes);
    if (!this.#sum.isAt(sealed, bytes)) return false;
    target.set(sealed.subarray(0, bytes));
    return true;
  }

  close(): void {}

  #take(nonce: Uint8Array, associated: Uint8Array, body: Uint8Array, bytes: number): void {
    this.#sum.begin();
    this.#sum.add(nonce, 0, nonce.length);
    this.#sum.add(associated, 0, associated.length);
    this.#sum.add(body, 0, bytes);
  }
}

class FastDataKey implements DataKey {
  readonly #sum: Checksum;
  readonly #associatedBytes: number;

  constructor(suite: CipherSuite, key: Uint8Array, use: HeaderUse) {
    this.#sum = new Checksum(suite, key);
    this.#associatedBytes = use === 'associated' ? TRANSPORT_HEADER_BYTES : 0;
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
    move(source, sourceAt, bytes, target, bodyAt);
    this.#take(counter, target.bytes, targetAt, bytes);
    this.#sum.write(target.bytes, bodyAt + bytes);
  }

  open(
    counter: number,
    source: Memory,
    sourceAt: number,
    bytes: number,
    target: Memory,
    targetAt: number,
  ): boolean {
    const packetBytes = bytes - TRANSPORT_BYTES_MIN;
    this.#take(counter, source.bytes, sourceAt, packetBytes);
    if (!this.#sum.isAt(source.bytes, sourceAt + bytes - TAG_BYTES)) return false;
    move(source, sourceAt + TRANSPORT_HEADER_BYTES, packetBytes, target, targetAt);
    return true;
  }

  close(): void {}

  #take(counter: number, datagram: Uint8Array, at: number, bytes: number): void {
    this.#sum.begin();
    this.#sum.addNumber(counter);
    this.#sum.add(datagram, at, this.#associatedBytes);
    this.#sum.add(datagram, at + TRANSPORT_HEADER_BYTES, bytes);
  }
}

function move(source: Memory, sourceAt: number, count: number, target: Memory, at: number): void {
  if (source.bytes === target.bytes) target.bytes.copyWithin(at, sourceAt, sourceAt + count);
  else target.bytes.set(source.bytes.subarray(sourceAt, sourceAt + count), at);
}

export const fastCiphers: Ciphers = {
  newKey: (suite, key) => new FastKey(suite, key),
  newDataKey: (suite, key, use) => new FastDataKey(suite, key, use),
};
