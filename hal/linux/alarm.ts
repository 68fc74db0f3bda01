/**
 * A timer that can be polled and that runs while the machine is suspended, unlike the timeout of poll(2).
 *
 * timerfd_create(2) over CLOCK_BOOTTIME. It rings once for each time it is set, and is readable from then on until it is
 * set again or stopped.
 *
 * @module
 */
import { assert } from '../../session/assert.ts';
import { BOOTTIME } from './clock.ts';
import { errnoName } from './errno.ts';
import { errno, libc } from './libc.ts';
import { addressOf, nativeBytes } from './memory.ts';

const TFD_NONBLOCK = 0x800;
const TFD_CLOEXEC = 0x80000;
const ITIMERSPEC_BYTES = 32;
/** The first word of `it_value` behind `it_interval`, each seconds and nanoseconds of 64 bits. */
const VALUE_AT = 4;

export class Alarm {
  readonly fd: number;
  readonly #spec = nativeBytes(ITIMERSPEC_BYTES);
  readonly #words = new Uint32Array(this.#spec.buffer);
  readonly #address = addressOf(this.#spec);

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** Null: this kernel has none. */
  static open(): Alarm | null {
    const fd = libc.timerfd_create(BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    return fd < 0 ? null : new Alarm(fd);
  }

  /** Ring in `afterMs`, above 0, suspended time included; what rang before is forgotten. */
  set(afterMs: number): void {
    assert(afterMs > 0, 'an alarm of 0 is none');
    const seconds = Math.floor(afterMs / 1_000);
    this.#words[VALUE_AT] = seconds;
    this.#words[VALUE_AT + 1] = Math.floor(seconds / 2 ** 32);
    // Never early, as poll(2) is not.
    this.#words[VALUE_AT + 2] = Math.min(999_999_999, Math.ceil((afterMs - seconds * 1_000) * 1e6));
    this.#arm();
  }

  stop(): void {
    this.#words.fill(0);
    this.#arm();
  }

  #arm(): void {
    const result = libc.timerfd_settime(this.fd, 0, this.#address, null);
    assert(result === 0, `timerfd_settime: ${result === 0 ? '' : errnoName(errno())}`);
  }

  close(): void {
    libc.close(this.fd);
  }
}
