/**
 * What the process has taken of the processors.
 *
 * @module
 */

/** Seconds since its start, of all its threads, in the kernel and outside. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
