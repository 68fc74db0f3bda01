/**
 * poll(2) over one array of pollfd that lives as long as the poller.
 *
 * ```text
 *  0               4       6       8
 *  +---------------+-------+-------+
 *  |      fd       |events |revents|   one per descriptor, host order
 *  +---------------+-------+-------+
 * ```
 *
 * poll(2) counts no suspended time, and deadlines do: a long wait ends by an alarm beside the descriptors.
 *
 * @module
 */
import { assert } from '../../session/assert.ts';
import type { Poller } from '../poller.ts';
import { Alarm } from './alarm.ts';
import { ERRNO, errnoName } from './errno.ts';
import { errno, libc } from './libc.ts';
import { addressOf, nativeBytes } from './memory.ts';

const POLLFD_BYTES = 8;
/** Chosen: a device has a handful of links, a hub a handful of sockets. */
const WATCHED_MAX = 256;
const TIMEOUT_MAX = 0x7fff_ffff;
/**
 * About 150 µs. Going to sleep and being woken costs as much, and more in a virtual machine, whose CPU
 * stops: measured, one TCP flow with a ping beside it was a fifth faster than without looking.
 */
const LOOKS_MAX = 100;
/** Shorter waits have no alarm, which costs a system call: who is suspended in one sleeps on for no longer than that (chosen). */
const ALARM_LEAST_MS = 1_000;
/** Without alarms somebody looks this often (chosen). */
const UNALARMED_MAX_MS = 60_000;
const POLLIN = 0x1;
const POLLNVAL = 0x20;

export class LinuxPoller implements Poller {
  readonly #memory = nativeBytes((WATCHED_MAX + 1) * POLLFD_BYTES);
  readonly #fds = new Int32Array(this.#memory.buffer);
  readonly #events = new Uint16Array(this.#memory.buffer);
  readonly #address = addressOf(this.#memory);
  readonly #slotOf = new Map<number, number>();
  readonly #alarm: Alarm | null;
  /** Set and not stopped: it may ring, or has rung. */
  #isAlarmSet = false;

  constructor(alarm = Alarm.open()) {
    this.#alarm = alarm;
    if (alarm !== null) this.watch(alarm.fd);
  }

  watch(fd: number): void {
    assert(fd >= 0, 'only an open descriptor can be watched');
    assert(!this.#slotOf.has(fd), 'a descriptor is watched once');
    const slot = this.#slotOf.size;
    assert(slot < WATCHED_MAX + (this.#alarm === null ? 0 : 1), 'the poll set has room');
    this.#slotOf.set(fd, slot);
    this.#fill(slot, fd, 0);
  }

  /** Before closing it: a number that the kernel hands out again would be another file. */
  unwatch(fd: number): void {
    const slot = this.#slotOf.get(fd);
    assert(slot !== undefined, 'the descriptor was watched');
    const last = this.#slotOf.size - 1;
    const movedFd = this.#fds[last * 2]!;
    this.#fill(slot, movedFd, this.#events[last * 4 + 3]!);
    this.#slotOf.set(movedFd, slot);
    this.#slotOf.delete(fd);
  }

  wait(timeoutMs: number, isRushing = false): number {
    // Before a long sleep it is set anew anyway.
    if (this.#hasRung() && (isRushing || timeoutMs < ALARM_LEAST_MS)) this.#stopAlarm();
    const soon = isRushing ? this.#lookAgain() : 0;
    return soon > 0 ? soon : this.#sleep(timeoutMs);
  }

  /** Whoever else wants this CPU has it between two looks. */
  #lookAgain(): number {
    for (let look = 0; look < LOOKS_MAX; look++) {
      const ready = libc.poll(this.#address, this.#slotOf.size, 0);
      if (ready > 0) return this.#checked(ready);
      libc.sched_yield();
    }
    return 0;
  }

  #sleep(timeoutMs: number): number {
    const ready = libc.poll(this.#address, this.#slotOf.size, this.#pollMs(timeoutMs));
    if (ready >= 0) return this.#checked(ready);
    const code = errno();
    assert(code === ERRNO.EINTR || code === ERRNO.ENOMEM, `poll: ${errnoName(code)}`);
    for (let slot = 0; slot < this.#slotOf.size; slot++) this.#events[slot * 4 + 3] = 0;
    return 0;
  }

  /** What is left to poll(2) of a wait; -1: nothing, its end is the alarm's. */
  #pollMs(timeoutMs: number): number {
    if (timeoutMs >= ALARM_LEAST_MS && this.#alarm !== null) {
      this.#alarm.set(timeoutMs);
      this.#isAlarmSet = true;
      return -1;
    }
    // One that is left over would only wake somebody.
    if (timeoutMs < 0) this.#stopAlarm();
    const mostMs = this.#alarm === null ? UNALARMED_MAX_MS : TIMEOUT_MAX;
    return timeoutMs < 0 ? -1 : Math.min(Math.ceil(timeoutMs), mostMs);
  }

  #hasRung(): boolean {
    return this.#isAlarmSet && this.#alarm !== null && this.isReady(this.#alarm.fd);
  }

  #stopAlarm(): void {
    if (this.#isAlarmSet) this.#alarm?.stop();
    this.#isAlarmSet = false;
  }

  isReady(fd: number): boolean {
    const slot = this.#slotOf.get(fd);
    return slot !== undefined && this.#events[slot * 4 + 3] !== 0;
  }

  #fill(slot: number, fd: number, revents: number): void {
    this.#fds[slot * 2] = fd;
    this.#events[slot * 4 + 2] = POLLIN;
    this.#events[slot * 4 + 3] = revents;
  }

  /** A closed descriptor in the set would turn the loop into a spin. */
  #checked(ready: number): number {
    let left = ready;
    for (let slot = 0; left > 0 && slot < this.#slotOf.size; slot++) {
      const revents = this.#events[slot * 4 + 3]!;
      if (revents === 0) continue;
      assert((revents & POLLNVAL) === 0, `descriptor ${this.#fds[slot * 2]} is open while watched`);
      left--;
    }
    return this.#hasRung() ? ready - 1 : ready;
  }
}
