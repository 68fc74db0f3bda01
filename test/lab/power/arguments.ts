/** @throws Error with a sentence for a person, unless `text` is a whole number from 1 to `max` or missing. */
export function countOf(
  option: string,
  text: string | undefined,
  usual: number,
  max: number,
): number {
  if (text === undefined) return usual;
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > max) {
    throw new Error(`${option} is ${text}: not a whole number from 1 to ${max}`);
  }
  return count;
}
