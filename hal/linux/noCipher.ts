/**
 * No cipher at all: data is copied and gets a fixed tag, to measure what everything else costs.
 *
 * Exists in benchmark builds only. The constant `JVPN_BENCH_NO_CIPHER` is put in by
 * `scripts/compile.ts`, false unless a benchmark asks for true, and the bundler drops this file where
 * it is false: `test/unit/scripts/noCipher.test.ts` looks into the bundles. From source it is false.
 * Control frames and handshakes keep their cipher.
 *
 * @module
 */
import { type Ciphers, TAG_BYTES } from '../../session/channel/aead.ts';
import type { DataKey } from '../../session/channel/dataKey.ts';
import type { Memory } from '../../session/memory.ts';
import { TRANSPORT_BYTES_MIN, TRANSPORT_HEADER_BYTES } from '../../session/wire/messages.ts';

declare const JVPN_BENCH_NO_CIPHER: boolean | undefined;

/** 16 bytes; also what the test looks for. */
const MARKER = 'NO CIPHER, BENCH';

/** `ciphers`, or in a benchmark build some that seal nothing. */
export function benchCiphers(ciphers: Ciphers): Ciphers {
  if (typeof JVPN_BENCH_NO_CIPHER !== 'undefined' && JVPN_BENCH_NO_CIPHER) {
    return { newKey: ciphers.newKey, newDataKey: () => new CopyingKey() };
  }
  return ciphers;
}

class CopyingKey implements DataKey {
  readonly #tag = new TextEncoder().encode(MARKER);

  seal(
    _counter: number,
    source: Memory,
    sourceAt: number,
    bytes: number,
    target: Memory,
    targetAt: number,
  ): void {
    const bodyAt = targetAt + TRANSPORT_HEADER_BYTES;
    copy(source, sourceAt, bytes, target, bodyAt);
    for (let i = 0; i < TAG_BYTES; i++) target.bytes[bodyAt + bytes + i] = this.#tag[i] ?? 0;
  }

  open(
    _counter: number,
    source: Memory,
    sourceAt: number,
    bytes: number,
    target: Memory,
    targetAt: number,
  ): boolean {
    const tagAt = sourceAt + bytes - TAG_BYTES;
    for (let i = 0; i < TAG_BYTES; i++) {
      if (source.bytes[tagAt + i] !== this.#tag[i]) return false;
    }
    const bodyAt = sourceAt + TRANSPORT_HEADER_BYTES;
    copy(source, bodyAt, bytes - TRANSPORT_BYTES_MIN, target, targetAt);
    return true;
  }

  close(): void {}
}

function copy(source: Memory, sourceAt: number, count: number, target: Memory, at: number): void {
  if (source.bytes === target.bytes) target.bytes.copyWithin(at, sourceAt, sourceAt + count);
  else target.bytes.set(source.bytes.subarray(sourceAt, sourceAt + count), at);
}
