/**
 * A file descriptor that is closed once, however often its owners let go of it.
 *
 * The kernel gives a closed number to whatever opens next. Closing it again takes that away: the output of a child, for
 * one, whose end then never comes.
 *
 * @module
 */
import { assert } from '../../session/assert.ts';
import { libc } from './libc.ts';

export class Descriptor implements Disposable {
  #fd: number;

  /** @param fd of an open file; this object's from now on. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** The number to hand to the kernel, while it is open. */
  get fd(): number {
    assert(this.#fd >= 0, 'a descriptor is open while in use');
    return this.#fd;
  }

  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    libc.close(this.#fd);
    this.#fd = -1;
  }
}
