/**
 * Waiting with an end.
 *
 * @module
 */

/** What `work` hands to `done`, or null when that takes longer. */
export function within<T>(
  limitMs: number,
  work: (done: (value: T | null) => void) => void,
): Promise<T | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), limitMs);
    work((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}
