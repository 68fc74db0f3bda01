/**
 * eventfd(2). The number is good in every thread of the process: the sleeper makes one, hands
 * `fd` over, and the waker attaches to it.
 *
 * @module
 */
import { assert } from '../../session/assert.ts';
import { type HalResult, halFail, halOk } from '../result.ts';
import type { Wake } from '../wake.ts';
import { ERRNO, errnoName } from './errno.ts';
import { errno, libc } from './libc.ts';
import { addressOf, nativeBytes } from './memory.ts';

/** sys/eventfd.h */
const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const COUNTER_BYTES = 8;

export function openWake(): HalResult<Wake> {
  const fd = libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd < 0
    ? halFail('systemCallFailed', `eventfd: ${errnoName(errno())}`)
    : halOk(new EventWake(fd));
}

/** The same wake from another thread. Only one side closes it. */
export function attachWake(fd: number): Wake {
  return new EventWake(fd);
}

class EventWake implements Wake {
  readonly fd: number;
  readonly #one = nativeBytes(COUNTER_BYTES);
  readonly #count = nativeBytes(COUNTER_BYTES);

  constructor(fd: number) {
    this.fd = fd;
    this.#one[0] = 1; // host order is little-endian on both machines we build for
  }

  signal(): void {
    const written = libc.write(this.fd, addressOf(this.#one), COUNTER_BYTES);
    // EAGAIN: the counter is full, so the sleeper is being woken anyway.
    assert(written === COUNTER_BYTES || errno() === ERRNO.EAGAIN, 'a wake is open while in use');
  }

  drain(): boolean {
    const readBytes = libc.read(this.fd, addressOf(this.#count), COUNTER_BYTES);
    assert(readBytes === COUNTER_BYTES || errno() === ERRNO.EAGAIN, 'a wake is open while in use');
    return readBytes === COUNTER_BYTES;
  }

  close(): void {
    libc.close(this.fd);
  }
}
