/**
 * Lets go of all compiled code of this thread, and collects, as soon as the thread has returned to its event loop.
 *
 * A function that is called again is compiled again, from source text: a few microseconds, once.
 *
 * @module
 */

export function dropCode(): void {
  // The runtime calls it deprecated. Without it a collection does part of the work, and a test says so.
  if (typeof Bun.shrink === 'function') Bun.shrink();
  else Bun.gc(true);
}
