/**
 * How far what the broker keeps has come, and since when nothing more of it does.
 *
 * Counted over connections: what one brings once more is news of a line that broke, but not for ever of one that begins again each time.
 *
 * @module
 */

/** Connections in a row that came no further, and what they brought was news all the same (chosen): a line that carries slowly breaks on the way. */
const AGAIN_MAX = 3;

export class Arrival {
  /** The most that one connection brought. */
  countMax = 0;
  #count = 0;
  /** Connections that brought something, since the last one that came further. */
  #again = 0;
  #newsAtMs: number;

  constructor(nowMs: number) {
    this.#newsAtMs = nowMs;
  }

  /** One message that was retained. */
  onRetained(nowMs: number): void {
    this.#count += 1;
    if (this.#count > this.countMax) [this.countMax, this.#again] = [this.#count, 0];
    if (this.#again <= AGAIN_MAX) this.#newsAtMs = nowMs;
  }

  onDown(): void {
    if (this.#count > 0) this.#again += 1;
    this.#count = 0;
  }

  silenceMs(nowMs: number): number {
    return nowMs - this.#newsAtMs;
  }
}

/** Why it is given up, for a person. */
export function silenceText(
  { countMax }: Arrival,
  brokerError: string | null,
  silenceMaxMs: number,
): string {
  if (countMax === 0) return `the broker is not there: ${brokerError ?? 'no answer'}`;
  const why = brokerError ?? `nothing more for ${silenceMaxMs / 1_000} s`;
  return `what the broker keeps does not come to its end: ${why}, behind ${countMax} messages`;
}
