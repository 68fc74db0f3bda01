/** A broken promise inside our own code. Never caught: the process supervisor restarts us clean. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** State something that must already be true. Peer input is never asserted, only decoded. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new InvariantError(claim);
}

/** Make the compiler prove that a `switch` covers its union. */
export function unreachable(value: never): never {
  throw new InvariantError(`unhandled case ${JSON.stringify(value)}`);
}
