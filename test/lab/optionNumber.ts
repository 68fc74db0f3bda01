/**
 * A number that was given to an option of one of the lab's commands.
 *
 * @module
 */

/**
 * Null where the option was not given. `min` and `max` are in the option's own unit, both allowed.
 *
 * @throws Error with a sentence for a person.
 */
export function optionNumber(
  option: string,
  text: string | undefined,
  min: number,
  max: number,
): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (text === '' || !(value >= min && value <= max)) {
    throw new Error(`${option} is ${text}: not a number from ${min} to ${max}`);
  }
  return value;
}
