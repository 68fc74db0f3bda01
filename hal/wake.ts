/**
 * Rouses a thread that sleeps in `Poller.wait`: the waker signals, the sleeper watches `fd`.
 *
 * Carries no data and loses no wake-up: any number of signals before a drain are one.
 *
 * @module
 */
export interface Wake {
  readonly fd: number;
  signal(): void;
  /** Whether anybody had signalled since the last drain. */
  drain(): boolean;
  close(): void;
}
