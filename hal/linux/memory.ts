/**
 * Memory that native code may read and write: the one place where it is allocated.
 *
 * `ptr()` of a small typed array goes stale as soon as something touches its `.buffer`; native code
 * then works on old memory (a nonce that never changes, for example). A view over an ArrayBuffer made
 * for it keeps its address as long as it lives. So addresses are taken once, here, and
 * {@link addressOf} refuses any other memory.
 *
 * @module
 */
import { type Pointer, ptr } from 'bun:ffi';
import { assert } from '../../session/assert.ts';
import type { Memory } from '../../session/memory.ts';

const addresses = new WeakMap<ArrayBufferLike, number>();

/** `bytes` zeroed bytes at an address that does not change. The owner keeps the reference. */
export function nativeBytes(bytes: number): Uint8Array<ArrayBuffer> {
  assert(Number.isSafeInteger(bytes) && bytes > 0, 'native memory has a size');
  const memory = new Uint8Array(new ArrayBuffer(bytes));
  addresses.set(memory.buffer, ptr(memory));
  return memory;
}

/** As {@link nativeBytes}, with its address beside it: what the data path works on. */
export function nativeMemory(count: number): Memory {
  const bytes = nativeBytes(count);
  return { bytes, address: addressOf(bytes) };
}

/** Address of the first byte of `view`, which is memory of {@link nativeBytes} or a part of it. */
export function addressOf(view: ArrayBufferView): Pointer {
  const base = addresses.get(view.buffer);
  assert(base !== undefined, 'memory handed to native code comes from nativeBytes');
  return (base + view.byteOffset) as Pointer;
}

/** Native code reads and writes where it is told: that this is native memory, and within its bounds. */
export function assertInside(memory: Memory, at: number, bytes: number): void {
  assert(memory.address !== 0, 'native code works on native memory');
  assert(at >= 0 && bytes >= 0 && at + bytes <= memory.bytes.length, 'within its memory');
}

/** A zero-terminated string for a system call. */
export function nativeText(text: string): Uint8Array<ArrayBuffer> {
  assert(!text.includes('\0'), 'a C string has no zero inside');
  const encoded = new TextEncoder().encode(text);
  const memory = nativeBytes(encoded.length + 1);
  memory.set(encoded);
  return memory;
}
