/**
 * Waits until one of a few file descriptors can be read, or a deadline passes.
 *
 * Level-triggered: what was not read is reported again. An error or hang-up counts as readable, so
 * that the owner's next read finds out.
 *
 * @module
 */
export interface Poller {
  watch(fd: number): void;
  unwatch(fd: number): void;
  /**
   * How many are ready. Negative waits for ever; fractions are rounded up, so never early.
   *
   * @param isRushing more is expected within microseconds: look again for a moment before sleeping.
   */
  wait(timeoutMs: number, isRushing?: boolean): number;
  /** Whether `fd` was ready at the last `wait`. */
  isReady(fd: number): boolean;
}
