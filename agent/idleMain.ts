/**
 * Gives memory of the main thread back once it has little to do.
 *
 * Starting up is what it does most of: it reads a configuration, loads an MQTT client, shakes hands with a broker. What
 * that compiled is let go of a little later, and again from time to time what reports and questions compiled. Functions
 * that are called again are read again, in microseconds: nobody waits for this thread.
 *
 * @module
 */
import { dropCode } from '../hal/dropCode.ts';

/** After the session and the broker are there, usually (chosen). */
const FIRST_MS = 12_000;
/**
 * Each time hands the thread to its collector and back up to some hundred times where cores are busy: an hour between two
 * makes that a tenth of a wake-up a second (docs/decisions/0025-what-a-metered-day-is-made-of.md).
 */
const EVERY_MS = 3_600_000;

/** @returns what stops it. `giveBack` does the work, for tests. */
export function giveBackWhenIdle(giveBack: () => void = dropCode): () => void {
  let timer = setTimeout(again, FIRST_MS).unref();
  function again() {
    giveBack();
    timer = setTimeout(again, EVERY_MS).unref();
  }
  return () => clearTimeout(timer);
}
