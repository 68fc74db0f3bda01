/**
 * One figure that the project promises, beside what was measured. Pure.
 *
 * @module
 */
export interface Goal {
  readonly name: string;
  /** The most that it may be. */
  readonly limit: number;
  readonly value: number;
  readonly isReached: boolean;
}

/** A value on the limit reaches it; one that is no number does not. */
export function newGoal(name: string, value: number, limit: number): Goal {
  return { name, limit, value, isReached: value <= limit };
}

export function goalLine({ name, limit, value, isReached }: Goal): string {
  return `${isReached ? 'reached    ' : 'NOT REACHED'}  ${name} ${value} (goal ${limit})`;
}
