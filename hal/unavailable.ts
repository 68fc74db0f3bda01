/**
 * The system does not give what a thread cannot do without: an error for the operator, told as its sentence without a stack.
 *
 * Anything else that is thrown in a thread is a defect of ours.
 *
 * @module
 */
import { explain } from './capabilities.ts';
import type { HalResult } from './result.ts';

export class Unavailable extends Error {}

/** What was opened. @throws Unavailable with the sentence of the failure and what can be done about it. */
export function opened<T>(result: HalResult<T>): T {
  if (result.ok) return result.value;
  throw new Unavailable(explain(result));
}
