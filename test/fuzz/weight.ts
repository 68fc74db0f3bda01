/**
 * How much a value holds, in bytes, about: so that an oracle can say "no output larger than k × input".
 *
 * @module
 */

/** Strings by their length, bytes by theirs, 8 for everything else, and the sum of what is inside. */
export function weightOf(value: unknown, depth = 0): number {
  if (typeof value === 'string') return value.length;
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  if (depth > 64) return Number.POSITIVE_INFINITY;
  let sum = 8;
  if (value instanceof Map) {
    for (const [key, item] of value) sum += weightOf(key, depth + 1) + weightOf(item, depth + 1);
    return sum;
  }
  if (Array.isArray(value)) {
    for (const item of value) sum += weightOf(item, depth + 1);
    return sum;
  }
  for (const [key, item] of Object.entries(value)) sum += key.length + weightOf(item, depth + 1);
  return sum;
}
