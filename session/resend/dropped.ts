/**
 * Which datagrams of one keypair were counted as dropped: none counts twice, however many exchanges miss it.
 *
 * Told apart are 8192 counters up to the highest that was counted; what is further back and was not counted by then
 * never is. Knows no bytes and no times; bounded, and nothing is allocated before something was dropped (I11).
 *
 * @module
 */
import { REPLAY_WINDOW, ReplayWindow } from '../replay.ts';

export class Dropped {
  #counted: ReplayWindow | null = null;

  /** Whether `counter` counts. True once. */
  takes(counter: number): boolean {
    this.#counted ??= new ReplayWindow();
    return this.#counted.accept(counter);
  }

  /** How many of `from` … `to` − 1 count. Takes as long as for 16,384 of them at most, however many they are. */
  takesAll(from: number, to: number): number {
    if (from >= to) return 0;
    const newest = this.#counted?.counterMax ?? -1;
    const fresh = Math.max(from, newest + 1);
    let count = Math.max(0, to - fresh);
    const knownTo = Math.min(to, newest + 1);
    for (let counter = Math.max(from, newest + 1 - REPLAY_WINDOW); counter < knownTo; counter++) {
      if (this.takes(counter)) count += 1;
    }
    // Of more than the window tells apart, the rest is behind it from now on.
    for (let counter = Math.max(fresh, to - REPLAY_WINDOW); counter < to; counter++) {
      this.takes(counter);
    }
    return count;
  }
}
