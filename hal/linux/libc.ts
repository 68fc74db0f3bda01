/**
 * The C library, opened here and nowhere else.
 *
 * glibc's name first; musl's loader takes that name for itself, and its own names follow for systems
 * where it does not. `errno` is the calling thread's: each Worker evaluates this module anew.
 *
 * Variadic functions (ioctl, open) are called as plain ones, which both x86-64 and AArch64 allow as
 * long as no floating-point argument is passed.
 *
 * @module
 */
import { dlopen, type Pointer, read } from 'bun:ffi';
import { assert } from '../../session/assert.ts';

const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const NAMES = ['libc.so.6', `libc.musl-${MACHINE}.so.1`, `ld-musl-${MACHINE}.so.1`];

/** Results that fit 32 bits are declared so: reading `rax` as a number costs no BigInt. */
const SYMBOLS = {
  __errno_location: { args: [], returns: 'ptr' },
  bind: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
  clock_gettime: { args: ['i32', 'ptr'], returns: 'i32' },
  close: { args: ['i32'], returns: 'i32' },
  connect: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
  eventfd: { args: ['u32', 'i32'], returns: 'i32' },
  flock: { args: ['i32', 'i32'], returns: 'i32' },
  getsockname: { args: ['i32', 'ptr', 'ptr'], returns: 'i32' },
  getsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'ptr'], returns: 'i32' },
  if_nametoindex: { args: ['ptr'], returns: 'u32' },
  ioctl: { args: ['i32', 'u64', 'ptr'], returns: 'i32' },
  open: { args: ['ptr', 'i32', 'i32'], returns: 'i32' },
  poll: { args: ['ptr', 'u64', 'i32'], returns: 'i32' },
  posix_fadvise: { args: ['i32', 'i64', 'i64', 'i32'], returns: 'i32' },
  read: { args: ['i32', 'ptr', 'u64'], returns: 'i32' },
  recvfrom: { args: ['i32', 'ptr', 'u64', 'i32', 'ptr', 'ptr'], returns: 'i32' },
  recvmsg: { args: ['i32', 'ptr', 'i32'], returns: 'i32' },
  sched_yield: { args: [], returns: 'i32' },
  sendmsg: { args: ['i32', 'ptr', 'i32'], returns: 'i32' },
  sendto: { args: ['i32', 'ptr', 'u64', 'i32', 'ptr', 'u32'], returns: 'i32' },
  setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' },
  shutdown: { args: ['i32', 'i32'], returns: 'i32' },
  socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  timerfd_create: { args: ['i32', 'i32'], returns: 'i32' },
  timerfd_settime: { args: ['i32', 'i32', 'ptr', 'ptr'], returns: 'i32' },
  write: { args: ['i32', 'ptr', 'u64'], returns: 'i32' },
} as const;

function openLibc() {
  const refusals: string[] = [];
  for (const name of NAMES) {
    try {
      return dlopen(name, SYMBOLS).symbols;
    } catch (error) {
      refusals.push(String(error));
    }
  }
  throw new Error(`no C library could be opened: ${refusals.join('; ')}`);
}

export type { Pointer };

export const libc = openLibc();

const errnoAddress = errnoLocation();

function errnoLocation(): Pointer {
  const address = Number(libc.__errno_location() ?? 0);
  assert(address !== 0, 'the C library has an errno');
  return address as Pointer;
}

/** Of this thread's last call that failed. Read it before any other call. */
export function errno(): number {
  return read.i32(errnoAddress, 0);
}
