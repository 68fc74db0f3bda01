/**
 * The lab of a test before all other work of the machine: what is started meanwhile goes first, daemons and instruments.
 *
 * A test of gaps measures milliseconds, and a source, a sink or an emulator that waits for a processor has them too.
 *
 * @module
 */
import { constants, getPriority, setPriority } from 'node:os';

/** Returns how to go back to what was. Without root nothing changes: what the machine adds is then in the control. */
export function preferLab(): () => void {
  const before = getPriority();
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST);
  } catch {
    return () => {};
  }
  return () => setPriority(before);
}
