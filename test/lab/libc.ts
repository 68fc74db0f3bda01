/**
 * The system calls the lab needs that Bun has no function for.
 *
 * Memory handed to native code comes from {@link NativeMemory} only: a view over an `ArrayBuffer` made for it, whose
 * address is taken once and which stays referenced. A pointer to a temporary or small buffer goes stale.
 *
 * @module
 */
import { dlopen, FFIType, type Pointer, ptr, read } from 'bun:ffi';
import { existsSync } from 'node:fs';

const SYMBOLS = {
  setns: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
  ppoll: { args: [FFIType.ptr, FFIType.u64, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
  read: { args: [FFIType.i32, FFIType.ptr, FFIType.u64], returns: FFIType.i64_fast },
  write: { args: [FFIType.i32, FFIType.ptr, FFIType.u64], returns: FFIType.i64_fast },
  bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  listen: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  accept4: {
    args: [FFIType.i32, FFIType.ptr, FFIType.ptr, FFIType.i32],
    returns: FFIType.i32,
  },
  connect: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  getsockname: { args: [FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
  setsockopt: {
    args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32],
    returns: FFIType.i32,
  },
  send: {
    args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32],
    returns: FFIType.i64_fast,
  },
  recv: {
    args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32],
    returns: FFIType.i64_fast,
  },
  shutdown: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  close: { args: [FFIType.i32], returns: FFIType.i32 },
  mount: {
    args: [FFIType.ptr, FFIType.ptr, FFIType.ptr, FFIType.u64, FFIType.ptr],
    returns: FFIType.i32,
  },
  clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
  prctl: {
    args: [FFIType.i32, FFIType.u64, FFIType.u64, FFIType.u64, FFIType.u64],
    returns: FFIType.i32,
  },
  __errno_location: { args: [], returns: FFIType.ptr },
} as const;

const MUSL = [`/lib/ld-musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`];

/** libc of this machine: glibc, or musl where its loader exists and glibc does not. */
export const libc = open();

function open() {
  try {
    return dlopen('libc.so.6', SYMBOLS).symbols;
  } catch (error) {
    const musl = MUSL.find((path) => existsSync(path));
    if (musl === undefined) throw error;
    return dlopen(musl, SYMBOLS).symbols;
  }
}

/** Of the last call that failed on this thread. Meaningless after one that did not. */
export function errno(): number {
  return read.i32(libc.__errno_location()!, 0);
}

/** A block of memory at one address for as long as this object lives. */
export class NativeMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #address: number;

  constructor(sizeBytes: number) {
    const buffer = new ArrayBuffer(sizeBytes);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.#address = ptr(this.bytes);
  }

  /** Write the address of the byte at `offset` of `target` into this memory at `place`. */
  pointAt(place: number, target: NativeMemory, offset: number): void {
    this.view.setBigUint64(place, BigInt(target.#address + offset), true);
  }

  /** The address of the byte at `offset`; valid while this object is referenced. */
  at(offset: number): Pointer {
    return (this.#address + offset) as Pointer;
  }
}

const CLOCK_MONOTONIC = 1;

/** What to add to `performance.now()` to get CLOCK_MONOTONIC, the clock that all processes of a machine share. */
const monotonicOffsetMs = (() => {
  const timespec = new NativeMemory(16);
  const beforeMs = performance.now();
  libc.clock_gettime(CLOCK_MONOTONIC, timespec.at(0));
  const afterMs = performance.now();
  const seconds = Number(timespec.view.getBigInt64(0, true));
  const nanoseconds = Number(timespec.view.getBigInt64(8, true));
  return seconds * 1000 + nanoseconds / 1e6 - (beforeMs + afterMs) / 2;
})();

/** CLOCK_MONOTONIC in milliseconds with fractions: comparable between processes, unlike `process.hrtime`. */
export function monotonicMs(): number {
  return performance.now() + monotonicOffsetMs;
}
