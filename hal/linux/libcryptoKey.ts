/**
 * Both ciphers by libcrypto: packets by offsets without an object, and any other message by copy.
 *
 * Foreign memory is refused: what native code touches is memory of `nativeMemory`, within its bounds.
 * Same vectors as the portable ciphers, and proven at start (`session/channel/proveDataKey.ts`).
 *
 * @module
 */
import { assert } from '../../session/assert.ts';
import { type AeadKey, type Ciphers, TAG_BYTES } from '../../session/channel/aead.ts';
import type { DataKey, HeaderUse } from '../../session/channel/dataKey.ts';
import type { Memory } from '../../session/memory.ts';
import { TRANSPORT_BYTES_MIN, TRANSPORT_HEADER_BYTES } from '../../session/wire/messages.ts';
import { writeCounter } from '../../session/wire/transport.ts';
import { EvpContext } from './evpContext.ts';
import type { Libcrypto } from './libcrypto.ts';
import { assertInside, nativeMemory } from './memory.ts';

export class LibcryptoDataKey implements DataKey {
  readonly #context: EvpContext;
  readonly #nonce: Uint8Array;
  readonly #associatedBytes: number;

  constructor(context: EvpContext, use: HeaderUse) {
    this.#context = context;
    this.#nonce = context.nonce;
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
    assertInside(source, sourceAt, bytes);
    assertInside(target, targetAt, bytes + TRANSPORT_BYTES_MIN);
    writeCounter(this.#nonce, 4, counter);
    const header = target.address + targetAt;
    const plaintext = source.address + sourceAt;
    const body = header + TRANSPORT_HEADER_BYTES;
    this.#context.seal(header, this.#associatedBytes, plaintext, bytes, body);
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
    assertInside(source, sourceAt, bytes);
    assertInside(target, targetAt, packetBytes);
    writeCounter(this.#nonce, 4, counter);
    const header = source.address + sourceAt;
    const body = header + TRANSPORT_HEADER_BYTES;
    const place = target.address + targetAt;
    return this.#context.open(header, this.#associatedBytes, body, packetBytes, place);
  }

  close(): void {
    this.#context.close();
  }
}

/** A control frame has at most 1,200 bytes; handed longer ones, it grows. */
let scratch = nativeMemory(4096);

/** For control frames and vectors: any nonce, any associated data, any memory, by copy. */
class LibcryptoAeadKey implements AeadKey {
  readonly #context: EvpContext;

  constructor(context: EvpContext) {
    this.#context = context;
  }

  seal(nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array, target: Uint8Array): void {
    const sealedBytes = plaintext.length + TAG_BYTES;
    assert(target.length >= sealedBytes, 'target holds ciphertext and tag');
    const at = this.#load(nonce, associated, plaintext, sealedBytes);
    const { bytes, address } = scratch;
    this.#context.seal(address, associated.length, address + at, plaintext.length, address + at);
    target.set(bytes.subarray(at, at + sealedBytes));
    bytes.fill(0);
  }

  open(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array, target: Uint8Array): boolean {
    if (sealed.length < TAG_BYTES) return false;
    const count = sealed.length - TAG_BYTES;
    assert(target.length >= count, 'target holds the plaintext');
    const at = this.#load(nonce, associated, sealed, sealed.length);
    const { bytes, address } = scratch;
    const isOpened = this.#context.open(
      address,
      associated.length,
      address + at,
      count,
      address + at,
    );
    if (isOpened) target.set(bytes.subarray(at, at + count));
    bytes.fill(0);
    return isOpened;
  }

  close(): void {
    this.#context.close();
  }

  /** Associated data at the start of the scratch memory, the text behind it; where that starts. */
  #load(nonce: Uint8Array, associated: Uint8Array, text: Uint8Array, textBytes: number): number {
    assert(nonce.length === this.#context.nonce.length, 'a nonce has 12 bytes');
    const count = associated.length + textBytes;
    if (scratch.bytes.length < count) scratch = nativeMemory(count);
    this.#context.nonce.set(nonce);
    scratch.bytes.set(associated);
    scratch.bytes.set(text, associated.length);
    return associated.length;
  }
}

export function libcryptoCiphers(library: Libcrypto): Ciphers {
  return {
    newKey: (suite, key) => new LibcryptoAeadKey(new EvpContext(library, suite, key)),
    newDataKey: (suite, key, use) => new LibcryptoDataKey(new EvpContext(library, suite, key), use),
  };
}
