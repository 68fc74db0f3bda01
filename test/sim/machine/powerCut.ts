/**
 * Dying at a boundary between two effects: calls into the HAL are counted, and one of them never returns.
 *
 * What the process sent or wrote before stays; what would have come after never happens. Product code
 * may catch the exception: the fuse stays blown, every later call throws again.
 *
 * @module
 */

/** Unwinds a process that is dead already. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

export class Fuse {
  isBlown = false;
  #leftCalls: number | null = null;
  /** Blow in the middle of the next write to flash. */
  #waitsForWrite = false;

  /** Calls of the process into the HAL pass here. @throws PowerCut */
  call(): void {
    if (this.isBlown) throw new PowerCut();
    if (this.#leftCalls === null) return;
    this.#leftCalls -= 1;
    if (this.#leftCalls <= 0) this.blow();
  }

  /** A write to flash has begun and is not durable. @throws PowerCut */
  write(): void {
    this.call();
    if (this.#waitsForWrite) this.blow();
  }

  blow(): never {
    this.isBlown = true;
    throw new PowerCut();
  }

  blowAfter(calls: number): void {
    this.#leftCalls = calls;
  }

  blowInWrite(): void {
    this.#waitsForWrite = true;
  }

  get isPlanned(): boolean {
    return this.#leftCalls !== null || this.#waitsForWrite;
  }

  /** What was planned does not happen. */
  defuse(): void {
    this.#leftCalls = null;
    this.#waitsForWrite = false;
  }

  /** A new process. */
  reset(): void {
    this.isBlown = false;
    this.#leftCalls = null;
    this.#waitsForWrite = false;
  }
}
