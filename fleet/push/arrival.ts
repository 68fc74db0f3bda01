/**
 * How far what the broker keeps has come, and since when nothing more of it does.
 *
 * Counted over connections: one that begins again each time and comes no further than the one before is no news.
 *
 * @module
 */
export class Arrival {
  /** The most that one connection brought. */
  countMax = 0;
  #count = 0;
  #newsAtMs: number;

  constructor(nowMs: number) {
    this.#newsAtMs = nowMs;
  }

  /** One message that was retained. */
  onRetained(nowMs: number): void {
    this.#count += 1;
    if (this.#count <= this.countMax) return;
    [this.countMax, this.#newsAtMs] = [this.#count, nowMs];
  }

  onDown(): void {
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
