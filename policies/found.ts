/**
 * What a parser's value is: told apart for the check, and named for a person.
 *
 * @module
 */

/** A foreign value for a person's eyes: its type, and itself where that is short. */
export function foundWords(value: unknown): string {
  if (value === null) return 'nothing (null)';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'text';
    case 'number':
      return `the number ${value}`;
    case 'boolean':
      return `${value}`;
    case 'bigint':
      return 'an integer of 64 bits';
    case 'object':
      if (isInstant(value)) return 'a date or time';
      return isTable(value) ? 'a table' : 'a value of another kind';
    default:
      return `a ${typeof value}`;
  }
}

/** TOML date-times arrive as `Temporal.Instant` and print as RFC 3339. */
export function isInstant(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Temporal.Instant]';
}

/** What a parser makes of a table: a plain object, and not one of its richer values. */
export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
