/**
 * The one way for a test not to run: it names what is in its way, and the closing lines of `scripts/test` repeat it.
 *
 * @module
 */
import { test } from 'bun:test';

/**
 * A test that runs unless there is an obstacle.
 *
 * @param obstacle what this machine lacks, in words, or `null` when nothing is in the way.
 * @param timeoutMs for the test; `bun test`'s own default when left out.
 */
export function testUnless(
  obstacle: string | null,
  name: string,
  body: () => void | Promise<void>,
  timeoutMs?: number,
): void {
  if (obstacle === null) test(name, body, timeoutMs);
  else test.skip(`${name} [cannot run here: ${obstacle}]`, body);
}
